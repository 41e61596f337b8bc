"""How long a task may take, and who tells that it is still at work."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

#: A task that somebody works on who has its token; `.sync` takes heartbeats, too, if the job was handed the token
#: (Step Functions API reference, SendTaskHeartbeat).
_TOKEN: Final = re.compile(r"\.waitForTaskToken$|:activity:")
_SYNC: Final = re.compile(r"\.sync(:2)?$")
_HANDED_ON: Final = ("$states.context.Task.Token", "$$.Task.Token")


def timing_faults(state: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a Task's limits: the field, the fact, and what to do."""
    resource = str(state.get("Resource", ""))
    timeout = state.get("TimeoutSeconds", state.get("TimeoutSecondsPath"))
    heartbeat = state.get("HeartbeatSeconds", state.get("HeartbeatSecondsPath"))
    if timeout is None:
        fact = "a task without 'TimeoutSeconds' is waited for as long as an execution may last"
        yield "TimeoutSeconds", fact, "add `TimeoutSeconds:`"
    if heartbeat is None:
        return
    asked = json.dumps([state.get("Arguments"), state.get("Parameters")])
    if not _TOKEN.search(resource) and not (_SYNC.search(resource) and any(text in asked for text in _HANDED_ON)):
        fact = "nobody has the token that a heartbeat is sent with, so 'HeartbeatSeconds' ends the task"
        yield "HeartbeatSeconds", fact, "remove it, or hand the token on"
    if isinstance(heartbeat, int) and isinstance(timeout, int) and heartbeat >= timeout:
        yield "HeartbeatSeconds", f"HeartbeatSeconds {heartbeat} must be below TimeoutSeconds {timeout}", "lower it"

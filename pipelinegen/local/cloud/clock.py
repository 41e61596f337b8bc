"""Time that nobody here wants to wait for: Wait states and the pauses before retries, each at most so long."""

import threading
import time
from typing import Any, Final

from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

from pipelinegen.local.cloud.replacing import replace_attribute

#: How often a pause looks whether its execution was stopped.
_LOOK_SECONDS: Final = 0.2


class _Pauses:
    """What the retrier has for the module `time`: its sleeps are cut short."""

    def __init__(self, most_seconds: float) -> None:
        self._most = most_seconds

    def sleep(self, seconds: float) -> None:
        """Sleeps, at most as long as agreed."""
        time.sleep(min(seconds, self._most))


def install(most_seconds: float | None) -> None:
    """None leaves both as the state machine has them; timeouts and heartbeats are never touched."""
    if most_seconds is None:
        return
    original = WaitFunction._wait_interval

    def wait_interval(self: Any, env: Any, wait_seconds: float) -> None:
        if wait_seconds <= most_seconds:
            original(self, env, wait_seconds)
            return
        # Not through the original: it goes on until whole seconds have passed.
        ended = threading.Event()
        deadline = time.monotonic() + most_seconds
        while env.is_running() and (rest := deadline - time.monotonic()) > 0:
            ended.wait(min(_LOOK_SECONDS, rest))

    replace_attribute(WaitFunction, "_wait_interval", wait_interval)
    replace_attribute(retrier_decl, "time", _Pauses(most_seconds))

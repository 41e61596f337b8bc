"""GetExecutionHistory in pages: moto 5.2.5 gives the whole history each time, and copies it first.

A run of many states is followed by looking again and again; what that costs must not grow with what was seen before.
"""

from typing import Any, Final

from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import InvalidToken
from moto.stepfunctions.responses import StepFunctionResponse

from pipelinegen.local.cloud.replacing import replace_attribute

#: API reference of Step Functions, GetExecutionHistory: maxResults.
_DEFAULT_PAGE: Final = 100
_LARGEST_PAGE: Final = 1000


def install() -> None:
    """Makes the API answer page by page, in either order."""
    replace_attribute(StepFunctionResponse, "get_execution_history", _get_execution_history)


def _get_execution_history(self: Any) -> ActionResult:
    execution = self.stepfunction_backend.describe_execution(execution_arn=self._get_param("executionArn"))
    size = min(self._get_param("maxResults") or _DEFAULT_PAGE, _LARGEST_PAGE)
    env = execution.exec_worker.env
    if env is None:  # it has not started yet
        return ActionResult({"events": []})
    events, token = _page(
        env.event_manager, self._get_param("nextToken"), size, newest_first=bool(self._get_param("reverseOrder"))
    )
    return ActionResult({"events": events, **({"nextToken": token} if token else {})})


def _page(manager: Any, token: str | None, size: int, *, newest_first: bool) -> tuple[list[Any], str | None]:
    """Some events, and a token: how many events of the history lie before the place to go on from."""
    with manager._mutex:
        history = manager._history_event_list
        begin = len(history) if newest_first else 0
        if token:
            if not token.isdecimal():
                raise InvalidToken
            begin = int(token)
        events = history[max(0, begin - size) : begin][::-1] if newest_first else history[begin : begin + size]
        left = begin - len(events) if newest_first else len(history) - begin - len(events)
    return events, (str(begin - len(events) if newest_first else begin + len(events)) if left > 0 else None)

"""Why something failed, in words: services and interpreter report causes in many shapes."""

import json
import re
from collections.abc import Iterable
from typing import Final

#: Where descriptions of jobs and answers of functions say it: SageMaker, Glue, Lambda, Batch, ECS, EMR. A cause may be
#: cut off, so the JSON is not read as a whole. The e-mail about a failed run reads the same (ir/expressions.py).
_SAID: Final = re.compile(
    r'"(?:FailureReason|ErrorMessage|errorMessage|StatusReason|StoppedReason|StateDetails|ExitMessage)"'
    r'\s*:\s*("(?:[^"\\]|\\.)*")'
)
#: How Step Functions reports an expression that called $error.
_EVALUATED: Final = re.compile(r"threw an error during evaluation(?:\. [A-Z]\d+)?: (.+)", re.DOTALL)
#: Names of errors that say nothing by themselves.
_GENERAL: Final = frozenset({"States.QueryEvaluationError", "States.TaskFailed"})


def in_words(cause: str) -> str:
    """What a cause says to a reader; the cause itself where it says it plainly."""
    for pattern in (_SAID, _EVALUATED):
        found = pattern.search(cause)
        if found:
            return str(json.loads(found[1])) if pattern is _SAID else found[1].strip()
    return cause


def telling(error: str) -> str:
    """The name of an error; empty for one that says nothing by itself."""
    return "" if error in _GENERAL else error


def named_state(cause: str, states: Iterable[str]) -> str:
    """The state that the cause of a failed run begins with (emit/asl_end.py); empty if it names none."""
    return max((state for state in states if cause.startswith(f"{state}: ")), key=len, default="")

"""How a program that SageMaker runs ends: the reason of a failure in the failure file, nothing swallowed."""

import traceback
from collections.abc import Callable
from pathlib import Path

from runtime.common.logs import log
from runtime.training.data import InputError
from runtime.training.folders import write_failure


def exit_code(work: Callable[[], object], base: Path) -> int:
    """Does the work: 0, or 1 with the reason in the failure file; data at fault needs no traceback."""
    try:
        work()
    except InputError as error:
        log("failed", reason=str(error))
        write_failure(base, str(error))
        return 1
    except Exception as error:
        traceback.print_exc()
        write_failure(base, f"{type(error).__name__}: {error}")
        return 1
    return 0

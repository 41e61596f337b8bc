"""The program of a warm Lambda process: one JSON request a line on standard input, one JSON answer a line on fd 3.

It runs by its path, with nothing of pipelinegen importable, in the environment that Lambda gives to Python 3.11.
"""

import importlib
import json
import os
import resource
import sys
import time
import traceback
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

#: What Lambda's image for Python 3.11 has beside Python; all that boto3 requires comes with it.
#: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html, "Runtime-included SDK versions"
RUNTIME_PACKAGES = ("awslambdaric", "boto3", "simplejson")
REMEDY = "it is on this machine, but not on Lambda: name its package in the step's `requirements:`"


class Context:
    """What Lambda passes as `context`."""

    def __init__(self, request_id: str, deadline: float) -> None:
        self.aws_request_id = request_id
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = os.environ["PIPELINEGEN_FUNCTION_ARN"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.client_context = None
        self.identity = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends this invocation."""
        return max(0, int((self._deadline - time.time()) * 1000))


def fault(kind: str, error: BaseException, message: str, request_id: str) -> dict[str, Any]:
    """An error as Lambda answers it."""
    return {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def load(name: str) -> Any:
    """The handler `module.function`."""
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(module), function)


def write_to(log: str) -> None:
    """Sends both outputs of this process to the end of a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def answer(state: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request; `state` keeps the handler for the next one."""
    request_id = request["request_id"]
    name = os.environ["_HANDLER"]
    try:
        if "handler" not in state:
            state["handler"] = load(name)
    except ImportError as error:
        message = f"Unable to import module '{name.rpartition('.')[0]}': {error}"
        return {"fault": fault("Runtime.ImportModuleError", error, message, request_id)}
    except SyntaxError as error:
        where = f"({Path(error.filename or '?').name}, line {error.lineno})"
        message = f"Syntax error in module '{name.rpartition('.')[0]}': {error.msg} {where}"
        return {"fault": fault("Runtime.UserCodeSyntaxError", error, message, request_id)}
    except AttributeError as error:
        message = f"Handler '{name.rpartition('.')[2]}' missing on module '{name.rpartition('.')[0]}'"
        return {"fault": fault("Runtime.HandlerNotFound", error, message, request_id)}
    except Exception as error:  # What the module itself raises while it is imported.
        traceback.print_exc()
        return {"fault": fault(type(error).__name__, error, str(error), request_id)}
    try:
        result = state["handler"](request["event"], Context(request_id, request["deadline"]))
    except Exception as error:
        traceback.print_exc()
        return {"fault": fault(type(error).__name__, error, str(error), request_id)}
    try:
        json.dumps(result)
    except (TypeError, ValueError) as error:
        return {"fault": fault("Runtime.MarshalError", error, f"Unable to marshal response: {error}", request_id)}
    return {"result": result}


def import_as_on_lambda(root: Path) -> None:
    """Leaves the function's own code importable, what its requirements.txt names, and what Lambda's image has."""
    spec = spec_from_file_location("importable", Path(__file__).with_name("importable.py"))
    assert spec
    assert spec.loader
    importable = module_from_spec(spec)
    spec.loader.exec_module(importable)
    required = root / "requirements.txt"
    named = importable.names_in(required.read_text(encoding="utf-8")) if required.is_file() else []
    importable.install([str(root)], [*RUNTIME_PACKAGES, *named], REMEDY)


def max_memory_mib() -> int:
    """The most memory this process has had; macOS counts bytes, Linux KiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 // (1024 if sys.platform == "darwin" else 1)


def main() -> None:
    """Serves requests until standard input closes."""
    state: dict[str, Any] = {}
    with os.fdopen(3, "w", encoding="utf-8") as answers:
        for line in sys.stdin:
            request = json.loads(line)
            write_to(request["log"])
            reply = answer(state, request)
            reply["max_memory_mib"] = max_memory_mib()
            sys.stdout.flush()
            sys.stderr.flush()
            answers.write(json.dumps(reply) + "\n")
            answers.flush()


if __name__ == "__main__":
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    import_as_on_lambda(Path(os.environ["LAMBDA_TASK_ROOT"]))
    main()

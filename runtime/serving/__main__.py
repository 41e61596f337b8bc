"""`python3 -m runtime.serving serve`: what SageMaker starts in a container for a model, by `docker run IMAGE serve`."""

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

import uvicorn

from runtime.common.logs import log
from runtime.serving.app import ServingApp
from runtime.serving.contract import DEFAULT_PROGRAM, ContractError, load_handler, load_program

#: SageMaker's own variable; a container of several is given another port.
PORT_VARIABLE = "SAGEMAKER_BIND_TO_PORT"
HOST_VARIABLE = "SAGEMAKER_BIND_TO_HOST"
#: SageMaker kills a container 30 seconds after it has asked it to end.
GRACE_SECONDS = 20
REQUESTS_WAITING = 256


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serves until SIGTERM; 1 if the model cannot be loaded, with the reason as the last line."""
    if list(arguments) != ["serve"]:
        print("usage: python3 -m runtime.serving serve", file=sys.stderr)
        return 2
    try:
        app = load(environment)
    except Exception as error:
        if not isinstance(error, ContractError):
            traceback.print_exc()
        log("not_serving", reason=f"{type(error).__name__}: {error}")
        return 1
    uvicorn.run(
        app,
        host=environment.get(HOST_VARIABLE, "0.0.0.0"),
        port=int(environment.get(PORT_VARIABLE, "8080")),
        lifespan="off",
        access_log=False,
        log_level="warning",
        limit_concurrency=REQUESTS_WAITING,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return 0


def load(environment: Mapping[str, str]) -> ServingApp:
    """The application around the model and the code that the environment names."""
    base = Path(environment.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
    code = Path(environment.get("SAGEMAKER_SUBMIT_DIRECTORY") or base / "model" / "code")
    module = load_program(code, environment.get("SAGEMAKER_PROGRAM") or DEFAULT_PROGRAM)
    return ServingApp(load_handler(module, base / "model"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

"""The local cloud as one process: `python -m pipelinegen.local.server --workdir DIR --account ID --region R`.

It prints one JSON line when it serves, `{"port": …}` or `{"error": …}`, and ends with all its jobs on SIGTERM or when
its standard input closes, which is how it learns that its parent died.
"""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, Final

from pipelinegen.local.processes import ChildProcesses

#: Exit code when the port is taken; the parent turns it into a fault of its own.
PORT_TAKEN_CODE: Final = 3


def main(argv: list[str] | None = None) -> int:
    """Serves until told to end; gives the exit code."""
    options = _parse(argv)
    workdir = Path(options.workdir).resolve()
    workdir.mkdir(parents=True, exist_ok=True)
    # moto reads these when it is imported, which happens below.
    os.environ["MOTO_ACCOUNT_ID"] = options.account
    os.environ["AWS_DEFAULT_REGION"] = options.region
    children = ChildProcesses()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=_watch_parent, args=(ended,), daemon=True).start()
    try:
        server = _bind(options.port)
    except OSError as error:
        _say({"error": "port_taken", "detail": str(error)})
        return PORT_TAKEN_CODE
    os.environ["MOTO_PORT"] = str(server.server_address[1])
    server.app = _application(workdir, options, server.server_address[1], children)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _say({"port": server.server_address[1]})
    ended.wait()
    children.end_all()
    # Threads of moto's interpreter may still wait for something; there is nothing left to lose.
    os._exit(0)


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="pipelinegen.local.server", description="The local cloud, as one process.")
    parser.add_argument("--workdir", required=True)
    parser.add_argument("--account", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--no-iam", action="store_true", help="do not enforce the roles' policies")
    parser.add_argument("--approve", action="store_true", help="answer questions of approval steps with yes")
    parser.add_argument("--answer-seconds", type=int, help="how long an answer is waited for, at most")
    parser.add_argument("--stand-in", action="append", default=[], help="THEIRS=OURS: who answers for whom")
    parser.add_argument("--most-wait-seconds", type=float, help="cut longer waits and pauses short")
    return parser.parse_args(argv)


def _watch_parent(ended: threading.Event) -> None:
    # Not through sys.stdin: its lock would be held when the interpreter ends for another reason.
    while os.read(0, 4096):
        pass
    ended.set()


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


def _bind(port: int) -> Any:
    """A server on the loopback interface that has no application yet. Raises: OSError if the port is taken."""
    import socket

    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    class QuietHandler(MotoRequestHandler):  # type: ignore[misc]
        """Does not log each request."""

        def log_request(self, *_: object) -> None:
            """The log of the server is for faults."""

    # werkzeug ends the whole process when the port is taken; a socket bound here raises instead.
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    with listener:
        return make_server(
            "127.0.0.1",
            listener.getsockname()[1],
            _not_ready,
            True,
            request_handler=QuietHandler,
            fd=os.dup(listener.fileno()),
        )


def _not_ready(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("503 Service Unavailable", [])
    return []


def _application(workdir: Path, options: argparse.Namespace, port: int, children: ChildProcesses) -> Any:
    """moto's server with everything of `pipelinegen.local.cloud` installed."""
    from moto.core.config import default_user_config
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    default_user_config["lambda"] = {"use_docker": False}

    from pipelinegen.local.cloud.authorisation import AuthorisationMiddleware
    from pipelinegen.local.cloud.install import install_all, new_cloud
    from pipelinegen.local.cloud.invocations import InvocationMiddleware
    from pipelinegen.local.cloud.tasks import TaskMiddleware

    endpoint = f"http://127.0.0.1:{port}"
    enforce = not options.no_iam
    cloud = new_cloud(workdir, options.account, options.region, endpoint, children, enforce_policies=enforce)
    book = install_all(cloud, options)
    application: Any = InvocationMiddleware(DomainDispatcherApplication(create_backend_app), book)
    if enforce:
        application = AuthorisationMiddleware(application, options.account, workdir, cloud.trust)
    return TaskMiddleware(application)


if __name__ == "__main__":
    sys.exit(main())

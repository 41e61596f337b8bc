"""`pipelinegen serve`: the generated API settings under uvicorn, over the Redis snapshot of the last run."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from argparse import Namespace
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pipelinegen.errors import ExitCode
from pipelinegen.local import logs
from pipelinegen.local.faults import LocalCloudError, PortTakenError
from pipelinegen.local.prepare import Prepared, local_secrets, locked, prepare
from pipelinegen.local.processes import ChildProcesses, end_group, import_path, inherited_environment, port_is_free
from pipelinegen.local.redis import RedisServer, accounts_of
from pipelinegen.local.report.write import SUMMARY_FILE
from pipelinegen.local.session import redis_variables
from pipelinegen.local.variables import fill_all

UNKNOWN_USER = "somebody-new"
START_SECONDS = 30.0


def serve_last_run(options: Namespace) -> int:
    """Serves until Ctrl-C; with `--ask` or `--show`, asks, prints the answers, and ends."""
    prepared = prepare(options)
    api = next(iter(prepared.deployment["apis"]), None)
    if api is None:
        raise LocalCloudError("the spec has no step of kind 'api'", "add one, or read Redis yourself")
    with locked(prepared.state) as state, ExitStack() as stack:
        users = _users(prepared, options)
        if not port_is_free(options.port):
            raise PortTakenError(options.port)
        redis = stack.enter_context(RedisServer(state / "redis", accounts=accounts_of(prepared.deployment["redis"])))
        environment = _environment(prepared, api, redis)
        address = _start(environment, api["handler"], options.port, state, stack)
        if users:
            for user in users:
                _ask(address, user)
            return ExitCode.CLEAN
        _wait(address)
    return ExitCode.CLEAN


def _users(prepared: Prepared, options: Namespace) -> list[str]:
    """Whom to ask for. Raises: LocalCloudError if no run has left anything to serve."""
    summary = prepared.state / SUMMARY_FILE
    if not (summary.is_file() and (prepared.state / "redis" / "dump.rdb").is_file()):
        raise LocalCloudError(
            "no run has loaded anything yet", f"run `pipelinegen run {options.spec.as_posix()}` first"
        )
    known = json.loads(summary.read_text(encoding="utf-8"))["sample_users"]
    shown = [*known[: max(0, options.show - 1)], UNKNOWN_USER] if options.show else []
    return [*options.ask, *shown]


def _environment(prepared: Prepared, api: Mapping[str, Any], redis: RedisServer) -> dict[str, str]:
    """What ECS gives the container: the generated variables, and the secrets under the generated names."""
    values = local_secrets(prepared.pipeline, prepared.deployment["redis"], redis.password, None)
    generated: dict[str, str] = fill_all(dict(api["environment"]), redis_variables(redis))
    secrets = {name: str(values[item["secret"]][item["field"]]) for name, item in api["secrets"].items()}
    settings = {"API_SETTINGS": str((prepared.folder / api["settings"]).resolve())}
    return {**inherited_environment(), "PYTHONPATH": import_path(), **generated, **secrets, **settings}


def _start(environment: Mapping[str, str], handler: str | None, port: int, state: Path, stack: ExitStack) -> str:
    log = logs.shared_log(state, "api", "serve")
    children = ChildProcesses(guarded=True)
    port = port or _any_port()
    command = [sys.executable, "-m", *_program(handler, port)]
    with log.open("ab") as stream:
        process = children.start(
            command,
            environment=dict(environment),
            folder=state,
            log=stream,
        )
    stack.callback(end_group, process, 10.0)
    address = f"http://127.0.0.1:{port}"
    _wait_until_ready(process, address, log)
    return address


def _program(handler: str | None, port: int) -> list[str]:
    """What answers: the container's own command, or the function's handler behind what stands for API Gateway."""
    if handler:
        return ["pipelinegen.local.http_front", handler, str(port)]
    place = ["--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    return ["uvicorn", "--factory", "runtime.api.app:from_environment", *place]


def _wait_until_ready(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.05)
    raise LocalCloudError(f"the API did not start: {logs.tail(log, 3) or 'it said nothing'}", f"see {log}")


def _ask(address: str, user: str) -> None:
    path = f"/v1/recommendations/{urllib.parse.quote(user, safe='')}?limit=3"
    print(f"GET {path}")
    try:
        with urllib.request.urlopen(f"{address}{path}", timeout=10) as answer:
            print(json.dumps(json.load(answer), indent=2))
    except urllib.error.HTTPError as error:
        print(f"{error.code} {error.read().decode(errors='replace')}")


def _wait(address: str) -> None:
    print(
        f"serving {address}/v1/recommendations/{{user_id}}, described at {address}/docs; end it with Ctrl-C", flush=True
    )
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print()


def _any_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])

"""The local cloud seen from the program that uses it: starts the server process, gives clients, ends it all."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from pipelinegen.local import logs
from pipelinegen.local.deployed import read_deployed
from pipelinegen.local.faults import LocalCloudError, PortTakenError
from pipelinegen.local.processes import import_path, inherited_environment, session_processes
from pipelinegen.local.stand_ins import StandIns

_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """How strict and how patient a local cloud is.

    `enforce_policies`: a call that the policies of its role do not allow is refused, as on AWS. `approve`: questions of
    approval steps are answered with yes at once. `answer_seconds`: so long is an answer waited for, at most.
    `most_wait_seconds`: longer waits and pauses are cut short to this. `stand_ins`: who answers instead of others.
    """

    enforce_policies: bool = True
    approve: bool = False
    answer_seconds: int | None = None
    most_wait_seconds: float | None = None
    stand_ins: StandIns = field(default_factory=StandIns)

    def words(self) -> list[str]:
        """These settings on the server's command line."""
        wait = [] if self.most_wait_seconds is None else ["--most-wait-seconds", str(self.most_wait_seconds)]
        wait += [] if self.answer_seconds is None else ["--answer-seconds", str(self.answer_seconds)]
        wait += self.stand_ins.words()
        return [*([] if self.enforce_policies else ["--no-iam"]), *(["--approve"] if self.approve else []), *wait]


class LocalCloud:
    """A running local cloud; use it in a `with` block, whose end leaves no process behind.

    Raises: PortTakenError, LocalCloudError if the server does not start.
    """

    def __init__(
        self, workdir: Path, account: str, region: str, port: int = 0, *, settings: CloudSettings | None = None
    ) -> None:
        self.workdir = workdir.resolve()
        self.account = account
        self.region = region
        self.port = port
        self.settings = settings or CloudSettings()
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Starts the server and returns once it serves."""
        self.workdir.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
            )
        try:
            self.port = self._wait_until_ready(self._process)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the server and its jobs."""
        self.close()

    @property
    def running(self) -> bool:
        """Whether the server process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def process_id(self) -> int:
        """The server's process, which leads a session of its own jobs. Raises: LocalCloudError if it is over."""
        if self._process is None:
            raise LocalCloudError("the local cloud is over", "start it first")
        return self._process.pid

    @property
    def endpoint(self) -> str:
        """The address that stands for all of AWS."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the server itself has to say."""
        return self.workdir / "logs" / "cloud.log"

    def client(self, service: str) -> Any:
        """A boto3 client of the local cloud, as its administrator."""
        if service not in self._clients:
            self._clients[service] = _new_client(service, self.endpoint, self.region)
        return self._clients[service]

    def role_environment(self, role_arn: str | None) -> dict[str, str]:
        """Variables for a process that works as a role of this cloud; None is the administrator."""
        from pipelinegen.local.cloud.sessions import RoleSessions

        return RoleSessions(self.endpoint, self.region).environment(role_arn)

    def job_logs(self, step: str, date: str | None = None) -> list[Path]:
        """The logs of a step (or of a state), of one date or of all; the last one is the newest attempt."""
        return logs.find_logs(self.workdir, read_deployed(self.workdir).step_of(step), date)

    def notifications(self) -> list[Mapping[str, Any]]:
        """Every message published to a topic so far: `at`, `date`, `state`, `topic`, `subject`, `message`."""
        return _read_lines(self.workdir / "notifications.jsonl")

    def allowed_calls(self) -> list[Mapping[str, Any]]:
        """Every different call that a role made and was allowed: `role`, `action`, `resource`, `context`."""
        return _read_lines(self.workdir / "allowed.jsonl")

    def denials(self) -> list[Mapping[str, Any]]:
        """Every call refused so far: `at`, `date`, `state`, `role`, `action`, `resource`, `context`."""
        return _read_lines(self.workdir / "denied.jsonl")

    def close(self) -> None:
        """Ends the server; what it may have left of its session is killed. Safe to call twice."""
        process, self._process = self._process, None
        self._clients.clear()
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        finally:
            for pid in session_processes(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _command(self) -> list[str]:
        words = ["--workdir", str(self.workdir), "--account", self.account, "--region", self.region]
        words += ["--port", str(self.port), *self.settings.words()]
        return [sys.executable, "-m", "pipelinegen.local.server", *words]

    def _environment(self) -> dict[str, str]:
        return {**inherited_environment(), "PYTHONPATH": import_path(), "PYTHONUNBUFFERED": "1", "TZ": "UTC"}

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> int:
        """The server's port, from its ready line."""
        line = _read_line(process, time.monotonic() + _START_SECONDS)
        message = json.loads(line) if line else {}
        if message.get("error") == "port_taken":
            raise PortTakenError(self.port)
        if "port" not in message:
            raise LocalCloudError(
                f"the local cloud did not start: {logs.tail(self.log, 1) or 'it said nothing'}", f"see {self.log}"
            )
        return int(message["port"])


def _read_lines(path: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _read_line(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(descriptor, 4096) if ready else b""
        if not chunk:
            return b""
        line += chunk
    return line


def _new_client(service: str, endpoint: str, region: str) -> Any:
    from pipelinegen.local.cloud.sessions import RoleSessions

    return RoleSessions(endpoint, region).client(service)

"""Runs Lambda functions for real: the handler of the deployed zip, in a warm process with the role's credentials."""

import contextlib
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from pipelinegen.local.processes import ChildProcesses, end_group, resident_mib

#: Lambda runs this beside nothing of ours: the program is started by its path, isolated from the working folder.
_BOOTSTRAP: Final = Path(__file__).with_name("lambda_bootstrap.py")


@dataclass(frozen=True, slots=True)
class Function:
    """A deployed function; `code` is the zip as it was uploaded."""

    arn: str
    name: str
    handler: str
    role_arn: str
    code: bytes = field(repr=False)
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: int = 3
    memory_mib: int = 128

    def fingerprint(self) -> str:
        """Equal for functions that may share a warm process."""
        settings = [self.arn, self.handler, self.role_arn, sorted(self.environment.items()), self.memory_mib]
        return hashlib.sha256(self.code + json.dumps(settings).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Invocation:
    """The answer of a function: its result, or an error in Lambda's form."""

    payload: Any
    failed: bool


class FunctionPool:
    """Warm processes by function; an invocation has a process to itself, as on Lambda."""

    def __init__(
        self, children: ChildProcesses, environment_of: Callable[[str | None], dict[str, str]], folder: Path
    ) -> None:
        self._children = children
        self._environment_of = environment_of
        self._folder = folder
        self._idle: dict[str, list[_Worker]] = {}
        self._lock = threading.Lock()

    def invoke(self, function: Function, event: Any, log: Path) -> Invocation:
        """Runs the handler once; what it prints goes to the end of `log`, between START and REPORT."""
        key = function.fingerprint()
        request_id = str(uuid.uuid4())
        worker = self._take(key, function)
        started = time.monotonic()
        _append(log, f"START RequestId: {request_id} Version: $LATEST")
        reply = worker.ask(event, request_id, log, function.timeout_seconds)
        duration = (time.monotonic() - started) * 1000
        memory = reply.pop("max_memory_mib", 0)
        _append(log, f"END RequestId: {request_id}")
        _append(
            log,
            f"REPORT RequestId: {request_id} Duration: {duration:.2f} ms Billed Duration: {int(duration) + 1} ms "
            f"Memory Size: {function.memory_mib} MB Max Memory Used: {memory} MB",
        )
        if worker.alive():
            with self._lock:
                self._idle.setdefault(key, []).append(worker)
        if "fault" in reply:
            return Invocation(reply["fault"], failed=True)
        return Invocation(reply["result"], failed=False)

    def close(self) -> None:
        """Ends every warm process."""
        with self._lock:
            workers = [worker for idle in self._idle.values() for worker in idle]
            self._idle.clear()
        for worker in workers:
            worker.end()

    def _take(self, key: str, function: Function) -> "_Worker":
        with self._lock:
            idle = self._idle.get(key, [])
            while idle:
                worker = idle.pop()
                if worker.alive():
                    return worker
        root = self._folder / f"{function.name}-{uuid.uuid4().hex[:8]}"
        unpack(function.code, root)
        return _Worker(self._children, function, root, self._environment_of(function.role_arn))


class _Worker:
    """One process that runs one function, one invocation after the other."""

    def __init__(
        self, children: ChildProcesses, function: Function, root: Path, environment: Mapping[str, str]
    ) -> None:
        self._children = children
        self._root = root
        self._memory_mib = function.memory_mib
        reading, writing = os.pipe()
        try:
            # The process expects its answers' channel at fd 3; what comes before the first request is discarded.
            with Path(os.devnull).open("wb") as nowhere:
                self._process = children.start(
                    [sys.executable, "-c", _BECOME_BOOTSTRAP, str(writing), str(_BOOTSTRAP)],
                    environment=_environment(function, root, environment),
                    folder=root,
                    log=nowhere,
                    stdin=subprocess.PIPE,
                    pass_fds=(writing,),
                )
        finally:
            os.close(writing)
        self._answers: IO[bytes] = os.fdopen(reading, "rb")

    def alive(self) -> bool:
        """Whether the process can take another request."""
        return self._process.poll() is None

    def ask(self, event: Any, request_id: str, log: Path, timeout_seconds: float) -> dict[str, Any]:
        """The answer to one event; a process that takes too long or dies is ended and answers with Lambda's error."""
        request = {
            "event": event,
            "request_id": request_id,
            "deadline": time.time() + timeout_seconds,
            "log": str(log.resolve()),
        }
        watch = _Watch(self._process, timeout_seconds, self._memory_mib)
        line = b""
        try:
            stdin = self._process.stdin
            assert stdin is not None
            with contextlib.suppress(BrokenPipeError):
                stdin.write(json.dumps(request).encode() + b"\n")
                stdin.flush()
                line = self._answers.readline()
        finally:
            watch.stop()
        if line:
            reply: dict[str, Any] = json.loads(line)
            return reply
        return {**self._died(watch, request_id, timeout_seconds), "max_memory_mib": watch.most_mib}

    def end(self) -> None:
        """Ends the process and removes its unpacked code."""
        end_group(self._process, grace_seconds=1.0)
        self._children.forget(self._process)
        self._answers.close()
        shutil.rmtree(self._root, ignore_errors=True)

    def _died(self, watch: "_Watch", request_id: str, timeout_seconds: float) -> dict[str, Any]:
        self.end()
        if watch.why == _MEMORY:
            text = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
            more = f" (out of memory: {watch.most_mib} MB used of {self._memory_mib} MB)"
            return {"fault": {"errorMessage": text + more, "errorType": "Runtime.ExitError"}}
        if watch.why == _TIME:
            moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
            text = f"{moment} {request_id} Task timed out after {timeout_seconds:.2f} seconds"
            return {"fault": {"errorMessage": text, "errorType": "Sandbox.Timedout"}}
        code = self._process.returncode
        how = f"signal: {-code}" if code < 0 else f"exit status {code}"
        text = f"RequestId: {request_id} Error: Runtime exited with error: {how}"
        return {"fault": {"errorMessage": text, "errorType": "Runtime.ExitError"}}


_TIME: Final = "time"
_MEMORY: Final = "memory"
_LOOK_SECONDS: Final = 0.05


class _Watch:
    """Kills a process group that takes longer, or more memory, than its function may; `why` says which."""

    def __init__(self, process: subprocess.Popen[bytes], timeout_seconds: float, memory_mib: int) -> None:
        self.why = ""
        self.most_mib = 0
        self._process = process
        self._deadline = time.monotonic() + timeout_seconds
        self._memory_mib = memory_mib
        self._over = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def stop(self) -> None:
        """The function has answered, or its process is gone."""
        self._over.set()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self.most_mib = max(self.most_mib, resident_mib(self._process.pid))
            if self.most_mib > self._memory_mib:
                self.why = _MEMORY
            elif time.monotonic() >= self._deadline:
                self.why = _TIME
            else:
                continue
            end_group(self._process, grace_seconds=0.0)
            return


#: Moves the channel of answers to fd 3, where the bootstrap expects it, then becomes the bootstrap.
_BECOME_BOOTSTRAP: Final = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execv(sys.executable, [sys.executable, '-P', '-u', sys.argv[2]])"
)


def unpack(code: bytes, root: Path) -> None:
    """Writes the files of a function's zip below `root`. Raises: zipfile.BadZipFile."""
    root.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        archive.extractall(root)


def _environment(function: Function, root: Path, role_environment: Mapping[str, str]) -> dict[str, str]:
    return {
        **role_environment,
        **function.environment,
        "_HANDLER": function.handler,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mib),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "LAMBDA_TASK_ROOT": str(root.resolve()),
        "PIPELINEGEN_FUNCTION_ARN": function.arn,
    }


def _append(log: Path, line: str) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(line + "\n")

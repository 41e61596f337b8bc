"""Child processes that end with their parent: every one leads its own process group, and groups are ended whole."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import IO, Final

#: Variables of this process that a job may see: where programs and libraries are, never credentials or AWS settings.
INHERITED: Final = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "MALLOC_ARENA_MAX",
    "OMP_NUM_THREADS",
    "PATH",
    "TMPDIR",
    "VIRTUAL_ENV",
)


#: The program that ends another one together with its starter.
_GUARD: Final = Path(__file__).with_name("guard.py")


class Ending(Enum):
    """Why a supervised process is over."""

    EXITED = "exited"
    TIMED_OUT = "timed out"
    STOPPED = "stopped"


def inherited_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of this process that are harmless to hand on to a job."""
    return {name: environment[name] for name in INHERITED if name in environment}


def import_path() -> str:
    """A PYTHONPATH under which a child process finds the same `pipelinegen` as this one."""
    return str(Path(__file__).resolve().parents[2])


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Sends a signal to the process and everything it started; a group that is gone already is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def end_group(process: subprocess.Popen[bytes], grace_seconds: float) -> None:
    """Ends a process group: SIGTERM, then SIGKILL once the grace is over; returns when the process is over."""
    if process.poll() is None:
        signal_group(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    # The leader may be gone while others of its group (a JVM, a worker) are still there.
    signal_group(process, signal.SIGKILL)
    process.wait()


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback interface; 0 stands for any free one."""
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


class ChildProcesses:
    """The children of this process that are still running; safe to use from many threads.

    `guarded` children end with this process even if it is killed. It is for programs that stay, such as servers; the
    jobs of the local cloud have its server process to look after them.
    """

    def __init__(self, *, guarded: bool = False) -> None:
        self._guarded = guarded
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def start(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        log: IO[bytes],
        stdin: int = subprocess.DEVNULL,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """A process in its own group, both outputs in `log`. Raises: RuntimeError once `end_all` was called."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the local cloud is stopping")
            process = subprocess.Popen(
                [sys.executable, str(_GUARD), *argv] if self._guarded else argv,
                stdin=subprocess.PIPE if self._guarded else stdin,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=folder,
                process_group=0,
                pass_fds=pass_fds,
            )
            self._running.add(process)
        return process

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        """Drops a process that is over; what is left of its group is killed."""
        signal_group(process, signal.SIGKILL)
        with self._lock:
            self._running.discard(process)

    def supervise(
        self,
        process: subprocess.Popen[bytes],
        *,
        timeout_seconds: float,
        stop: threading.Event,
        grace_seconds: float = 10.0,
        linger_seconds: float = 0.0,
    ) -> Ending:
        """Waits for the end of a process, which is forced by `stop` or the timeout (SIGTERM, then SIGKILL).

        What it started and left behind may go on for `linger_seconds`, then it is killed.
        """
        deadline = time.monotonic() + timeout_seconds
        ending = Ending.EXITED
        while process.poll() is None:
            if stop.is_set() or time.monotonic() >= deadline:
                ending = Ending.STOPPED if stop.is_set() else Ending.TIMED_OUT
                end_group(process, grace_seconds)
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(min(0.1, max(0.001, deadline - time.monotonic())))
        if ending is Ending.EXITED:
            _wait_for_group(process.pid, linger_seconds)
        self.forget(process)
        return ending

    def end_all(self, grace_seconds: float = 2.0) -> None:
        """Ends every child and refuses new ones; all of them share one grace."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + grace_seconds
        for process in running:
            end_group(process, max(0.0, deadline - time.monotonic()))


def _wait_for_group(group: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)


def session_processes(session_id: int) -> list[int]:
    """The ids of all living processes of a session; empty where the system has no /proc."""
    proc = Path("/proc")
    if sys.platform != "linux" or not proc.is_dir():
        return []
    found = []
    for entry in proc.iterdir():
        if entry.name.isdigit() and _session_of(entry) == session_id:
            found.append(int(entry.name))
    return found


def _session_of(entry: Path) -> int | None:
    try:
        text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # "pid (command, which may hold blanks) state ppid pgrp session …"
    fields = text.rpartition(")")[2].split()
    return int(fields[3]) if fields[0] != "Z" else None

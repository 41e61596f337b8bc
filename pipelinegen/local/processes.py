"""Child processes that end with their parent: every one leads its own process group, and groups are ended whole."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import IO, Final

#: Variables of this process that a job may see: where programs and libraries are, never credentials or AWS settings.
INHERITED: Final = (
    "HOME",
    "JAVA_HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "MALLOC_ARENA_MAX",
    "OMP_NUM_THREADS",
    "PATH",
    "TMPDIR",
    "VIRTUAL_ENV",
    "XDG_CACHE_HOME",
)


#: The program that ends another one together with its starter.
_GUARD: Final = Path(__file__).with_name("guard.py")


_PROC: Final = Path("/proc")


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
        spare_group: bool = False,
    ) -> Ending:
        """Waits for the end of a process, which is forced by `stop` or the timeout (SIGTERM, then SIGKILL).

        What it started and left behind is killed, unless it ended by itself and `spare_group` says that somebody else
        is going to `forget` it.
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
        if ending is not Ending.EXITED or not spare_group:
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


def wait_for_group(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether all of a group, whose leader is over, ends by itself within the time."""
    deadline = time.monotonic() + seconds
    while _group_lives(process.pid):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.1)
    return True


def session_processes(session_id: int) -> list[int]:
    """The ids of all living processes of a session; empty where the system has no /proc."""
    return [pid for pid, fields in _processes() if int(fields[3]) == session_id]


def resident_mib(pid: int) -> int:
    """The memory that a process has in use, in MiB; 0 where the system has no /proc, or no such process any more."""
    with contextlib.suppress(OSError, ValueError):
        pages = int((_PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // (1 << 20)
    return 0


def _group_lives(group: int) -> bool:
    if _PROC.is_dir():
        # Not by a signal: processes that nobody has waited for, as in a container without init, take signals for ever.
        return any(int(fields[2]) == group for _, fields in _processes())
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, 0)
        return True
    return False


def _processes() -> Iterator[tuple[int, list[str]]]:
    """All living processes: id, and the fields of /proc/ID/stat from the third on (state, parent, group, session)."""
    for entry in _PROC.iterdir() if _PROC.is_dir() else ():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            # "pid (command, which may hold blanks) state …"
            fields = text.rpartition(")")[2].split()
            if fields[0] != "Z":
                yield int(entry.name), fields

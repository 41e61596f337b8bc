"""Children that end with their parent, and groups that end whole."""

import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from pipelinegen.local.processes import ChildProcesses, Ending, import_path, inherited_environment, port_is_free

#: A program that starts another one and tells both ids.
_FAMILY = (
    "import os, subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(os.getpid(), p.pid, flush=True); p.wait()"
)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _gone(pids: list[int], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(_alive(pid) for pid in pids)


def _ids(log: Path) -> list[int]:
    deadline = time.monotonic() + 10
    while not log.read_text().endswith("\n") and time.monotonic() < deadline:
        time.sleep(0.02)
    return [int(word) for word in log.read_text().split()]


def _start(children: ChildProcesses, folder: Path, program: str) -> "subprocess.Popen[bytes]":
    with (folder / "log").open("wb") as log:
        return children.start(
            [sys.executable, "-c", program], environment=inherited_environment(), folder=folder, log=log
        )


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes by /proc")


@linux_only
@pytest.mark.parametrize("guarded", [False, True])
def test_a_group_ends_whole(tmp_path: Path, guarded: bool) -> None:
    children = ChildProcesses(guarded=guarded)
    _start(children, tmp_path, _FAMILY)
    pids = _ids(tmp_path / "log")
    children.end_all()
    assert _gone(pids)


@linux_only
def test_a_guarded_child_ends_with_a_killed_parent(tmp_path: Path) -> None:
    parent = f"""
        import sys, time
        from pathlib import Path
        sys.path.insert(0, {import_path()!r})
        from pipelinegen.local.processes import ChildProcesses, inherited_environment
        with open("log", "wb") as log:
            ChildProcesses(guarded=True).start(
                [sys.executable, "-c", {_FAMILY!r}], environment=inherited_environment(), folder=Path.cwd(), log=log
            )
        time.sleep(60)
    """
    (tmp_path / "log").touch()
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(parent)], cwd=tmp_path)
    pids = _ids(tmp_path / "log")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(pids) == 2
    assert _gone(pids)


def test_a_program_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    children = ChildProcesses()
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    )
    process = _start(children, tmp_path, stubborn)
    _ids(tmp_path / "log")
    stop = threading.Event()
    stop.set()
    ending = children.supervise(process, timeout_seconds=60, stop=stop, grace_seconds=0.2)
    assert (ending, process.returncode) == (Ending.STOPPED, -signal.SIGKILL)


def test_the_exit_code_of_a_guarded_program_is_its_own(tmp_path: Path) -> None:
    children = ChildProcesses(guarded=True)
    process = _start(children, tmp_path, "raise SystemExit(7)")
    assert children.supervise(process, timeout_seconds=60, stop=threading.Event()) is Ending.EXITED
    assert process.returncode == 7


def test_nothing_starts_after_the_end(tmp_path: Path) -> None:
    children = ChildProcesses()
    children.end_all()
    with pytest.raises(RuntimeError, match="is stopping"):
        _start(children, tmp_path, "pass")


def test_jobs_do_not_see_credentials() -> None:
    assert inherited_environment({"AWS_SECRET_ACCESS_KEY": "mine", "PATH": "/bin"}) == {"PATH": "/bin"}


def test_a_port_in_use_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not port_is_free(server.getsockname()[1])
    assert port_is_free(0)

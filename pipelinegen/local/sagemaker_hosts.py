"""Several hosts of one training job, each a process with a folder of its own in the place of /opt/ml."""

import shutil
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from pipelinegen.local.processes import Ending

#: How often a job that is to be stopped is looked at.
_PATIENCE_SECONDS = 0.2

#: Runs the program of one host, which the event stops.
HostRunner = Callable[[str, threading.Event], tuple[Ending, int]]


def host_names(count: int) -> list[str]:
    """The names that SageMaker gives the hosts of a job; the first one's folder is the job's."""
    return [f"algo-{number}" for number in range(1, count + 1)]


def host_base(base: Path, host: str) -> Path:
    """The folder of a host."""
    return base if host == "algo-1" else base / "hosts" / host


def lay_out_hosts(base: Path, hosts: Sequence[str]) -> None:
    """Gives every further host the input and code of the first, and empty folders for what it writes."""
    for host in hosts[1:]:
        folder = host_base(base, host)
        for name in ("input/config", "model", "output/data"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("input/data", "code"):
            (folder / name).symlink_to((base / name).resolve(), target_is_directory=True)
        for path in (base / "input/config").iterdir():
            shutil.copy(path, folder / "input/config" / path.name)
        shutil.copytree(base / "checkpoints", folder / "checkpoints", dirs_exist_ok=True)


def meeting_point() -> dict[str, str]:
    """Where the hosts meet; here they are no names that could be looked up."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(listening.getsockname()[1])}


def run_hosts(hosts: Sequence[str], run: HostRunner, stop: threading.Event) -> tuple[Ending, int]:
    """Runs all hosts to their end; the failure of one ends the others, and is the job's."""
    halt = threading.Event()
    first: list[tuple[Ending, int]] = []

    def run_one(host: str) -> tuple[Ending, int]:
        ended = run(host, halt)
        if ended != (Ending.EXITED, 0):
            first.append(ended)
            halt.set()
        return ended

    with ThreadPoolExecutor(len(hosts)) as pool:
        running = {pool.submit(run_one, host) for host in hosts}
        while running:
            if stop.is_set():
                halt.set()
            done, running = wait(running, timeout=_PATIENCE_SECONDS)
            for future in done:
                future.result()
    if stop.is_set() and first:
        return Ending.STOPPED, first[0][1]
    return first[0] if first else (Ending.EXITED, 0)


def gather_hosts(base: Path, hosts: Sequence[str]) -> None:
    """Puts what further hosts left in their model and output folders beside what the first one left."""
    for host in hosts[1:]:
        for name in ("model", "output/data"):
            for path in sorted((host_base(base, host) / name).iterdir()):
                target = base / name / path.name
                if not target.exists():
                    shutil.move(path, target)
        failure = host_base(base, host) / "output/failure"
        if failure.exists() and not (base / "output/failure").exists():
            shutil.move(failure, base / "output/failure")

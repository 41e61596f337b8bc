"""Runs the real command line in a process of its own, and looks for processes it left behind."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


def command(*arguments: object) -> list[str]:
    """The words that start `pipelinegen` with this interpreter."""
    return [sys.executable, "-m", "pipelinegen", *map(str, arguments)]


def run_command(*arguments: object, folder: Path = REPOSITORY, environment: dict[str, str] | None = None) -> Finished:
    """The command, run to its end."""
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def processes_that_name(text: str) -> Sequence[str]:
    """The command lines of running processes that hold a text, such as the path of a state folder."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in line:
                found.append(line.strip())
    return found

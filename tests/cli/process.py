"""The real command line, in a process of its own."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.compiling import ENVIRONMENT


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


def pipelinegen(*arguments: str, cwd: Path) -> Answer:
    """Runs `python -m pipelinegen …` in a folder."""
    command = [sys.executable, "-m", "pipelinegen", *arguments]
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    return Answer(done.returncode, done.stdout, done.stderr)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones included, by its relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }

"""External commands: each is shown before it runs, and there is one way only to run them."""

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipelinegen.errors import SpecError, fault


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it wrote to standard output if that was asked for."""

    code: int
    out: str = ""


class Runner(Protocol):
    """Runs external commands; a `dry` one only shows them, and answers as an empty account would."""

    dry: bool

    def show(self, *words: str) -> None:
        """Shows a command that runs elsewhere."""

    def run(self, *words: str, given: str | None = None) -> Done:
        """Runs a command with the terminal as its output; `given` is its standard input, and is never shown.

        Raises: SpecError with PG165 if it fails.
        """

    def ask(self, *words: str) -> Done:
        """Runs a command that changes nothing, for its answer; a failure is an answer, too."""


class Shell:
    """Runs commands in a folder."""

    dry = False

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def show(self, *words: str) -> None:
        """See Runner."""
        _show(words)

    def run(self, *words: str, given: str | None = None) -> Done:
        """See Runner."""
        _show(words)
        code = subprocess.run(words, cwd=self._folder, input=given, text=True, check=False).returncode
        if code:
            raise _failed(words, code)
        return Done(code)

    def ask(self, *words: str) -> Done:
        """See Runner."""
        _show(words)
        done = subprocess.run(
            words, cwd=self._folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
        )
        return Done(done.returncode, done.stdout)


class DryRun:
    """Shows commands and runs none."""

    dry = True

    def show(self, *words: str) -> None:
        """See Runner."""
        _show(words)

    def run(self, *words: str, given: str | None = None) -> Done:
        """See Runner."""
        _show(words)
        return Done(0)

    def ask(self, *words: str) -> Done:
        """See Runner."""
        _show(words)
        return Done(1)


def _show(words: Sequence[str]) -> None:
    print(f"$ {shlex.join(words)}", flush=True)


def _failed(words: Sequence[str], code: int) -> SpecError:
    return fault(
        None,
        "PG165",
        f"'{shlex.join(words[:3])} …' ended with exit code {code}",
        "its own message stands above; mend it and deploy again: what is done already is not done twice",
    )

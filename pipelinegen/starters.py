"""Specs to start from: each is whole, generates, and runs on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelinegen.errors import ExitCode, fault, suggest


@dataclass(frozen=True, slots=True)
class Starter:
    """A spec to start from, and one sentence about it."""

    summary: str
    text: str


def read_starters(folder: Path) -> Mapping[str, Starter]:
    """Every starter by its name, sorted; the sentence is the file's first line, a comment."""
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        summary, _, text = path.read_text(encoding="utf-8").partition("\n")
        found[path.stem] = Starter(summary.removeprefix("# "), text)
    return found


def write_starter(starters: Mapping[str, Starter], name: str, path: Path) -> None:
    """Writes a starter where nothing is yet. Raises: SpecError with PG088 if there is no such one, or no such place."""
    if name not in starters:
        help = suggest(name, starters, "templates")
        raise fault(None, "PG088", f"there is no template '{name}'", help, code=ExitCode.USAGE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(starters[name].text)
    except FileExistsError:
        message = f"'{path.as_posix()}' is there already, and is not overwritten"
        raise fault(None, "PG088", message, "give another path with `--out`", code=ExitCode.USAGE) from None
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        help = "give another path with `--out`"
        raise fault(None, "PG088", f"'{path.as_posix()}': {reason}", help, code=ExitCode.USAGE) from None

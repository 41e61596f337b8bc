"""Specs to start from: each is whole, generates, and runs on this machine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelinegen.errors import ExitCode, fault, suggest

#: Folders of code that a spec names; they lie beside it.
_CODE = re.compile(r"^ +code: ([a-z0-9_/]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Starter:
    """A spec to start from, one sentence about it, and the files of code it names, by their path beside it."""

    summary: str
    text: str
    code: Mapping[str, str] = field(default_factory=dict)


def read_starters(folder: Path) -> Mapping[str, Starter]:
    """Every starter by its name, sorted; the sentence is the file's first line, a comment."""
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        summary, _, text = path.read_text(encoding="utf-8").partition("\n")
        code = {
            file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
            for name in sorted(set(_CODE.findall(text)))
            for file in sorted((folder / name).rglob("*.py"))
        }
        found[path.stem] = Starter(summary.removeprefix("# "), text, code)
    return found


def write_starter(starters: Mapping[str, Starter], name: str, path: Path) -> list[Path]:
    """Writes a starter where nothing is yet, and gives what was written: the spec, then its code.

    Code that is there already, as it is in the starter, is left alone. Raises: SpecError with PG088 if there is no such
    starter or no such place; nothing is written then.
    """
    if name not in starters:
        help = suggest(name, starters, "templates")
        raise fault(None, "PG088", f"there is no template '{name}'", help, code=ExitCode.USAGE)
    starter = starters[name]
    texts = {path: starter.text} | {path.parent / inner: text for inner, text in starter.code.items()}
    missing = {place: text for place, text in texts.items() if place == path or not _holds(place, text)}
    for place in missing:
        if place.exists():
            message = f"'{place.as_posix()}' is there already, and is not overwritten"
            raise fault(None, "PG088", message, "give another path with `--out`", code=ExitCode.USAGE)
    written: list[Path] = []
    for place, text in missing.items():
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("x", encoding="utf-8", newline="\n") as stream:
                written.append(place)
                stream.write(text)
        except OSError as error:
            for made in written:
                made.unlink(missing_ok=True)
            reason = (error.strerror or "cannot be written").lower()
            help = "give another path with `--out`"
            raise fault(None, "PG088", f"'{place.as_posix()}': {reason}", help, code=ExitCode.USAGE) from None
    return written


def _holds(place: Path, text: str) -> bool:
    try:
        return place.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False

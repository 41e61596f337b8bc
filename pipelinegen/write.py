"""Puts a folder of generated files on disk: all or nothing, nothing that is not ours, nothing edited by hand."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipelinegen.errors import NO_ROOM, Diagnostic, ExitCode, SpecError, fault

MANIFEST = "MANIFEST.json"


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that is not as it should be: 'missing', 'changed', 'stale' or 'foreign'."""

    path: Path
    state: str


def content_hash(text: str) -> str:
    """The hash a manifest lists for a file."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def compare(folder: Path, files: Mapping[str, str]) -> list[Difference]:
    """What `write` would change, sorted by path; files that no manifest lists are 'foreign'."""
    known = read_manifest(folder)
    found = []
    for path in sorted({*files, *known, *_existing(folder)}):
        text = _read(folder / path)
        if path not in files:
            if text is not None or (folder / path).is_symlink():
                found.append(Difference(folder / path, "stale" if path in known else "foreign"))
        elif text is None:
            found.append(Difference(folder / path, "missing"))
        elif text != files[path]:
            found.append(Difference(folder / path, "changed"))
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """What one folder has to become, checked but not yet done."""

    folder: Path
    files: Mapping[str, str]
    differences: tuple[Difference, ...]


def plan(folder: Path, files: Mapping[str, str], *, force: bool = False) -> Change:
    """The change that makes the folder hold exactly `files`; nothing is touched.

    Raises: SpecError with PG030 for a foreign file, PG031 for one edited by hand (unless `force`), PG032 if the folder
    cannot be read.
    """
    differences = compare(folder, files)
    _refuse(folder, differences, files, force)
    return Change(folder, files, tuple(differences))


def plan_file(folder: Path, name: str, text: str) -> Change:
    """The change that makes one file of a folder what it should be, whatever else lies there."""
    path = folder / name
    if path.is_dir():
        raise SpecError([_in_the_way(path)])
    differences = () if _read(path) == text else (Difference(path, "changed"),)
    return Change(folder, {name: text}, differences)


def commit(changes: Iterable[Change]) -> list[Difference]:
    """Does every change, all or none; returns what changed. Raises: SpecError with PG032 if one cannot be written."""
    wanted = list(changes)
    try:
        with _uninterrupted():
            _replace(wanted)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        written = f"'{_text(error.filename)}'" if error.filename else "the generated files"
        message = f"{written} cannot be written: {reason}"
        help = "make the folder writable, or give another with --out"
        if error.errno in NO_ROOM:
            help = "free some space, and run the same again"
        raise fault(None, "PG032", message, help, code=ExitCode.USAGE) from error
    return [item for change in wanted for item in change.differences]


def read_manifest(folder: Path) -> dict[str, str]:
    """Path and hash of every file the last run wrote there; empty if there was none."""
    text = _read(folder / MANIFEST)
    if text is None:
        return {}
    try:
        listed = {str(item["path"]): str(item["sha256"]) for item in json.loads(text)["files"]}
        if not all(_stays_inside(path) for path in listed):
            raise ValueError
        return {MANIFEST: content_hash(text), **listed}
    except (ValueError, KeyError, TypeError, RecursionError):
        message = f"'{(folder / MANIFEST).as_posix()}' is no manifest of ours"
        raise fault(None, "PG031", message, "delete the folder, then generate again") from None


def _refuse(folder: Path, changes: list[Difference], files: Mapping[str, str], force: bool) -> None:
    known = read_manifest(folder)
    faults = []
    for item in changes:
        path = item.path.relative_to(folder).as_posix()
        if item.path.is_dir():
            faults.append(_in_the_way(item.path))
        elif item.state == "foreign" or (item.state == "changed" and path not in known):
            help = "move it away: everything in this folder is generated"
            faults.append(Diagnostic(None, "PG030", f"'{item.path.as_posix()}' is not ours", help))
        elif path != MANIFEST and path in known and not force and _edited(item.path, known[path]):
            help = "move your change to the spec or a template, or use --force to lose it"
            faults.append(Diagnostic(None, "PG031", f"'{item.path.as_posix()}' was edited by hand", help))
    if faults:
        raise SpecError(faults)


def _edited(path: Path, expected: str) -> bool:
    text = _read(path)
    return text is not None and content_hash(text) != expected


def _in_the_way(path: Path) -> Diagnostic:
    message = f"'{path.as_posix()}' is a folder, but a generated file belongs there"
    return Diagnostic(None, "PG030", message, "move it away: everything in this folder is generated")


def _stays_inside(path: str) -> bool:
    """Whether a path from a manifest is below the manifest's folder, so that nothing else is ever removed."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not PurePosixPath(path).is_absolute() and ".." not in parts


def _replace(changes: list[Change]) -> None:
    """Every new text is on disk under another name before the first file is replaced; manifests go last."""
    prepared: list[tuple[Path, Path]] = []
    made: list[Path] = []
    try:
        for path, text in _new_texts(changes):
            made.extend(_make_folder(path.parent))
            prepared.append((_write_beside(path, text), path))
        while prepared:
            prepared[0][0].replace(prepared[0][1])
            del prepared[0]
        made.clear()
    finally:
        for temporary, _ in prepared:
            temporary.unlink(missing_ok=True)
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir()
    for change in changes:
        for item in change.differences:
            if item.state == "stale":
                item.path.unlink()
        if change.differences or not change.files:
            _remove_empty(change)


def _new_texts(changes: list[Change]) -> list[tuple[Path, str]]:
    found = [
        (item.path, change.files[item.path.relative_to(change.folder).as_posix()])
        for change in changes
        for item in change.differences
        if item.state in ("missing", "changed")
    ]
    return sorted(found, key=lambda item: item[0].name == MANIFEST)


def _make_folder(folder: Path) -> list[Path]:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
    return list(reversed(missing))


def _write_beside(path: Path, text: str) -> Path:
    import tempfile

    handle, temporary = tempfile.mkstemp(prefix=".pipelinegen-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        Path(temporary).chmod(0o666 & ~_umask())
    except BaseException:
        Path(temporary).unlink()
        raise
    return Path(temporary)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until the block is through."""
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending: list[int] = []
    before = {
        int(number): signal.signal(number, lambda found, _: pending.append(found))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in pending:
            signal.raise_signal(number)


def _remove_empty(change: Change) -> None:
    """Removes folders that hold nothing any more; where no files are left, the environment's and the pipeline's too."""
    below = [item for item in change.folder.rglob("*") if item.is_dir() and not _is_hidden(item, change.folder)]
    own = () if change.files else (change.folder, change.folder.parent)
    for path in (*sorted(below, reverse=True), *own):
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()


def _is_hidden(path: Path, folder: Path) -> bool:
    """Whether a path belongs to another tool, such as .terraform."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _existing(folder: Path) -> list[str]:
    """Files below the folder, hidden ones left out."""
    if not folder.is_dir():
        return []
    paths = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return [path.relative_to(folder).as_posix() for path in paths if not _is_hidden(path, folder)]


def _read(path: Path) -> str | None:
    """The text there, None if there is no file. Raises: SpecError with PG032 if it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8", errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        message = f"'{path.as_posix()}' cannot be read: {(error.strerror or str(error)).lower()}"
        raise fault(None, "PG032", message, "make it readable, or remove it", code=ExitCode.USAGE) from error


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)

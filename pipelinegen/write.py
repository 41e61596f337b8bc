"""Puts a folder of generated files on disk: all or nothing, nothing that is not ours, nothing edited by hand."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from pipelinegen.errors import Diagnostic, ExitCode, SpecError, fault

MANIFEST = "MANIFEST.json"


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that is not as it should be: 'missing', 'changed', 'stale' or 'foreign'."""

    path: Path
    state: str


def content_hash(text: str) -> str:
    """The hash a manifest lists for a file."""
    return hashlib.sha256(text.encode()).hexdigest()


def compare(folder: Path, files: Mapping[str, str]) -> list[Difference]:
    """What `write` would change, sorted by path; files that no manifest lists are 'foreign'."""
    known = read_manifest(folder)
    found = []
    for path in sorted({*files, *known, *_existing(folder)}):
        text = _read(folder / path)
        if path not in files:
            if text is not None:
                found.append(Difference(folder / path, "stale" if path in known else "foreign"))
        elif text is None:
            found.append(Difference(folder / path, "missing"))
        elif text != files[path]:
            found.append(Difference(folder / path, "changed"))
    return found


def write(
    folder: Path, files: Mapping[str, str], *, force: bool = False, dry_run: bool = False, only: Set[str] | None = None
) -> list[Difference]:
    """Makes the folder hold exactly `files` (or, with `only`, those as they should be); returns what changed.

    Raises: SpecError with PG030 for a foreign file, PG031 for one edited by hand (unless `force`), PG032 if the folder
    cannot be written. Nothing has been touched then.
    """
    if only is None:
        changes = compare(folder, files)
        _refuse(folder, changes, files, force)
    else:
        changes = [Difference(folder / path, "changed") for path in sorted(only) if _read(folder / path) != files[path]]
    changed = [item for item in changes if item.state != "foreign"]
    if dry_run:
        return changed
    try:
        _replace(folder, files, changed)
    except OSError as error:
        place = error.filename or folder.as_posix()
        reason = (error.strerror or str(error)).lower()
        raise fault(
            None,
            "PG032",
            f"'{_text(place)}' cannot be written: {reason}",
            "make the folder writable, or give another with --out",
            code=ExitCode.USAGE,
        ) from error
    return changed


def read_manifest(folder: Path) -> dict[str, str]:
    """Path and hash of every file the last run wrote there; empty if there was none."""
    text = _read(folder / MANIFEST)
    if text is None:
        return {}
    try:
        files = json.loads(text)["files"]
        return {MANIFEST: content_hash(text), **{str(item["path"]): str(item["sha256"]) for item in files}}
    except (ValueError, KeyError, TypeError):
        message = f"'{(folder / MANIFEST).as_posix()}' is no manifest of ours"
        raise fault(None, "PG031", message, "delete the folder, then generate again") from None


def _refuse(folder: Path, changes: list[Difference], files: Mapping[str, str], force: bool) -> None:
    known = read_manifest(folder)
    faults = []
    for item in changes:
        path = item.path.relative_to(folder).as_posix()
        if item.state == "foreign" or (item.state == "changed" and path not in known):
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


def _replace(folder: Path, files: Mapping[str, str], changes: list[Difference]) -> None:
    """Every new text is on disk under another name before the first file is replaced; the manifest goes last."""
    wanted = [item.path for item in changes if item.state in ("missing", "changed")]
    prepared: list[tuple[str, Path]] = []
    made: list[Path] = []
    try:
        for path in sorted(wanted, key=lambda item: item.name == MANIFEST):
            made.extend(_make_folder(path.parent))
            prepared.append((_write_beside(path, files[path.relative_to(folder).as_posix()]), path))
        with _uninterrupted():
            for temporary, path in prepared:
                Path(temporary).replace(path)
            prepared.clear()
            for item in changes:
                if item.state == "stale":
                    item.path.unlink()
            _remove_empty(folder)
            made.clear()
    finally:
        for temporary, _ in prepared:
            Path(temporary).unlink(missing_ok=True)
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir()


def _make_folder(folder: Path) -> list[Path]:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
    return list(reversed(missing))


def _write_beside(path: Path, text: str) -> str:
    handle, temporary = tempfile.mkstemp(prefix=".pipelinegen-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
    mode = 0o666 & ~_umask()
    Path(temporary).chmod(mode)
    return temporary


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


def _remove_empty(folder: Path) -> None:
    for path in sorted((item for item in folder.rglob("*") if item.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()


def _existing(folder: Path) -> list[str]:
    """Files below the folder; hidden ones such as .terraform belong to other tools."""
    if not folder.is_dir():
        return []
    paths = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    relative = [path.relative_to(folder) for path in paths]
    return [path.as_posix() for path in relative if not any(part.startswith(".") for part in path.parts)]


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)

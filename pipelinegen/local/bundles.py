"""Zips of the runtime, the same bytes for the same files."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipelinegen.local.faults import LocalCloudError


def zip_files(files: Iterable[tuple[str, Path]]) -> bytes:
    """A zip of the given files under the given names, in order of the names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, path in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def runtime_files(code: Path, packages: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """The files of `runtime/` and of the packages named. Raises: LocalCloudError if a package is not there."""
    yield "runtime/__init__.py", code / "runtime" / "__init__.py"
    for package in packages:
        folder = code / "runtime" / package
        if not folder.is_dir():
            raise LocalCloudError(
                f"the runtime has no package '{package}'", "reinstall pipelinegen, or run it from its repository"
            )
        yield from _below(folder, f"runtime/{package}")


def folder_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file of a folder under its relative name."""
    return _below(folder, "")


def _below(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            relative = path.relative_to(folder).as_posix()
            yield (f"{name}/{relative}" if name else relative), path

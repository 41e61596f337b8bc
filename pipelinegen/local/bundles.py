"""The files of the runtime and of generated folders, and zips of them."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipelinegen.bundles import zip_files
from pipelinegen.local.faults import LocalCloudError


def zip_paths(files: Iterable[tuple[str, Path]]) -> bytes:
    """A zip of the given files under the given names; packed lightly, for it is unpacked at once."""
    return zip_files(((name, path.read_bytes()) for name, path in files), level=1)


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

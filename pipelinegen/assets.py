"""Where our templates and runtime lie, in a checkout and in a wheel, and what the runtime's code hashes to."""

import contextlib
import hashlib
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pydantic import VERSION

_HERE = Path(__file__).parent


def templates_folder() -> Path:
    """The folder of built-in templates."""
    bundled = _HERE / "_templates"
    return bundled if bundled.is_dir() else _HERE.parent / "templates"


def cache_folder() -> Path:
    """Where this user's machine may keep what can be made again: below XDG_CACHE_HOME, or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path("~/.cache").expanduser()) / "pipelinegen"


def keep(path: Path, text: str) -> None:
    """Puts a text into the cache; a folder that cannot be used costs time later and nothing else."""
    import tempfile

    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as stream:
            stream.write(text)
        Path(stream.name).replace(path)


def language_digest() -> str:
    """A hash of the code that makes the spec language, and of pydantic, which describes it."""
    digest = hashlib.sha256(f"pydantic {VERSION}".encode())
    for folder in ("spec", "steps"):
        for path in sorted((_HERE / folder).rglob("*.py")):
            digest.update(path.relative_to(_HERE).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def runtime_folder() -> Path:
    """The folder of the runtime package."""
    return _HERE.parent / "runtime"


def runtime_files(packages: Iterable[str]) -> dict[str, bytes]:
    """The Python files of some packages of the runtime, by their path from the import root, sorted."""
    folder = runtime_folder()
    paths = [folder / "__init__.py", *(path for name in packages for path in (folder / name).rglob("*.py"))]
    files = {
        f"{folder.name}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in paths if path.is_file()
    }
    return dict(sorted(files.items()))


@cache
def runtime_digest(packages: tuple[str, ...]) -> str:
    """A hash of the code of some packages: equal code, equal hash, on every machine."""
    digest = hashlib.sha256()
    for name, content in runtime_files(packages).items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()

"""Folders of the user's own code beside a spec: read whole, as text, within limits."""

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

MAX_CODE_BYTES = 2_097_152
MAX_CODE_FILES = 500


class CodeError(Exception):
    """A folder of the user's code that cannot be taken: the fact, and what to do."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


#: From a folder's path, relative to the spec, to its files: relative path to text, sorted. Raises CodeError.
CodeReader = Callable[[str], Mapping[str, str]]


def no_code(folder: str) -> Mapping[str, str]:
    """The reader of a spec that lies in no folder: there is never any code."""
    raise CodeError(f"there is no folder '{folder}' beside the spec", "give a folder below that of the spec")


def code_beside(spec: Path) -> CodeReader:
    """Reads folders of code below the folder of a spec; hidden files and compiled ones do not count."""

    def read(folder: str) -> Mapping[str, str]:
        base = spec.resolve().parent
        root = base / folder
        if not root.is_dir() or not root.resolve().is_relative_to(base):
            return no_code(folder)
        paths = [path for path in sorted(root.rglob("*")) if path.is_file() and _is_code(path.relative_to(root))]
        if not paths:
            raise CodeError(f"the folder '{folder}' has no files", "put the code there")
        if len(paths) > MAX_CODE_FILES or sum(path.stat().st_size for path in paths) > MAX_CODE_BYTES:
            most = f"{MAX_CODE_FILES} files or {MAX_CODE_BYTES // 1_048_576} MiB"
            raise CodeError(
                f"the folder '{folder}' has more than {most}", "put data in S3, packages in `requirements:`"
            )
        return {path.relative_to(root).as_posix(): _code_text(path, root) for path in paths}

    return read


def syntax_faults(files: Mapping[str, str], python: tuple[int, int]) -> Iterator[tuple[str, int, str]]:
    """Path, line and fact of what Python of this version would not compile; nothing where it is newer than ours."""
    if python > sys.version_info[:2]:
        return
    for path, text in files.items():
        fault = _syntax_fault(text) if path.endswith(".py") else None
        if fault:
            yield path, *fault


@lru_cache(maxsize=MAX_CODE_FILES)
def _syntax_fault(text: str) -> tuple[int, str] | None:
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(text, "<code>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except (MemoryError, RecursionError, ValueError):
        return None  # deeper than the parser goes, or a lone surrogate: the job itself will tell
    return None


def _is_code(path: Path) -> bool:
    return path.suffix != ".pyc" and not any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _code_text(path: Path, root: Path) -> str:
    name = path.relative_to(root).as_posix()
    if not path.resolve().is_relative_to(root.resolve()):
        raise CodeError(f"'{name}' points out of '{root.name}'", "put the file itself there")
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise CodeError(f"'{name}' in '{root.name}' is not UTF-8 text", "put data in S3") from None
    return text.replace("\r\n", "\n")

"""What functions and programs of a spec require: taken from this environment where it fits, else installed once."""

import hashlib
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

from pipelinegen.local.bundles import folder_files
from pipelinegen.local.faults import LocalCloudError


def library_files(
    function: str, requirements: str, cache: Path, pip: Sequence[str] = (sys.executable, "-m", "pip")
) -> Iterator[tuple[str, Path]]:
    """The files to put into the function's bundle; none where this environment has all that it requires.

    On AWS the bundle holds wheels for Lambda's own platform (`pipelinegen package`); here, for this machine's Python.
    Raises: LocalCloudError if pip cannot install them.
    """
    wanted = [line.strip() for line in requirements.splitlines() if line.strip() and not line.startswith("#")]
    folder = library_folder(f"function '{function}'", wanted, cache, pip)
    if folder:
        yield from folder_files(folder)


def image_libraries(image: str, dockerfile: str, cache: Path) -> Path | None:
    """The folder of what an image's `RUN pip install` lines install; None where this environment has it all.

    Raises: LocalCloudError if pip cannot install them.
    """
    wanted = [
        word
        for line in dockerfile.splitlines()
        if line.startswith("RUN pip install ")
        for word in shlex.split(line.removeprefix("RUN pip install "))
        if not word.startswith("-")
    ]
    return library_folder(f"the image '{image}'", wanted, cache)


def library_folder(
    what: str, wanted: Sequence[str], cache: Path, pip: Sequence[str] = (sys.executable, "-m", "pip")
) -> Path | None:
    """A folder of packages and what they need; None where this environment has them. Raises: LocalCloudError."""
    if all(map(_is_here, wanted)):
        return None
    digest = hashlib.sha256("\n".join((sys.version, sys.platform, *wanted)).encode()).hexdigest()[:20]
    target = cache / "libraries" / digest
    if not target.is_dir():
        _install(what, wanted, target, pip)
    return target


def _is_here(text: str) -> bool:
    requirement = Requirement(text)
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return False
    # Of the extras' own packages nothing is known.
    return not requirement.extras and requirement.specifier.contains(found, prereleases=True)


def _install(what: str, wanted: Sequence[str], target: Path, pip: Sequence[str]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made = Path(scratch) / "made"
        words = ["install", "--quiet", "--no-compile", "--disable-pip-version-check", "--target", str(made), *wanted]
        done = subprocess.run([*pip, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
            raise LocalCloudError(
                f"what {what} requires cannot be installed: {reason}",
                "mend its `requirements:`, or go online",
            )
        made.rename(target)

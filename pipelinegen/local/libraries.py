"""What the functions of a spec require: taken from this environment where it fits, else installed beside it, once."""

import hashlib
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
    if all(map(_is_here, wanted)):
        return
    digest = hashlib.sha256("\n".join((sys.version, sys.platform, *wanted)).encode()).hexdigest()[:20]
    target = cache / "libraries" / digest
    if not target.is_dir():
        _install(function, wanted, target, pip)
    yield from folder_files(target)


def _is_here(text: str) -> bool:
    requirement = Requirement(text)
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return False
    # Of the extras' own packages nothing is known.
    return not requirement.extras and requirement.specifier.contains(found, prereleases=True)


def _install(function: str, wanted: Sequence[str], target: Path, pip: Sequence[str]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made = Path(scratch) / "made"
        words = ["install", "--quiet", "--no-compile", "--disable-pip-version-check", "--target", str(made), *wanted]
        done = subprocess.run([*pip, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
            raise LocalCloudError(
                f"what function '{function}' requires cannot be installed: {reason}",
                "mend its `requirements:`, or go online",
            )
        made.rename(target)

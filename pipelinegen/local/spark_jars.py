"""Jars that Spark needs beside its own: left by who opens the warehouse, found by who starts jobs."""

from pathlib import Path
from typing import Final

_FILE: Final = "spark-jars.txt"


def leave_jar(workdir: Path, jar: Path) -> None:
    """Makes the jobs of this local cloud see the jar."""
    workdir.mkdir(parents=True, exist_ok=True)
    (workdir / _FILE).write_text(str(jar), encoding="utf-8")


def spark_jars(workdir: Path) -> tuple[str, ...]:
    """The jars that jobs of this local cloud need."""
    path = workdir / _FILE
    return tuple(path.read_text(encoding="utf-8").split("\n")) if path.is_file() else ()

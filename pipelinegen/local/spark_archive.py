"""Spark's classes as Java's class data archive, made once for each machine: it halves the start of every later job."""

import hashlib
import importlib.metadata
import os
import shutil
import threading
from pathlib import Path
from typing import Final

#: The archive that a job's JVM writes when it exits, in the folder of the job.
_DRAFT: Final = "spark.jsa"

#: At most this long does a job's JVM take to write the archive after the script is over.
DUMP_SECONDS: Final = 30.0


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

    def options(self, java_home: Path, job_folder: Path) -> list[str]:
        """What to tell the JVM of a job: read the archive; or make it, if there is none and no other job does."""
        archive = self._path(java_home)
        if archive.exists():
            return [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto", "-Xlog:disable"]
        if self._making.acquire(blocking=False):
            return [f"-XX:ArchiveClassesAtExit={job_folder / _DRAFT}", "-Xlog:disable"]
        return ["-Xshare:auto"]

    @staticmethod
    def is_made_by(options: list[str]) -> bool:
        """Whether a JVM with these options writes the archive when it exits."""
        return any(option.startswith("-XX:ArchiveClassesAtExit=") for option in options)

    def keep(self, java_home: Path, job_folder: Path, *, complete: bool) -> None:
        """Takes over what a job has made, if it ran to its end; to be called after every job that was to make it."""
        draft = job_folder / _DRAFT
        try:
            if complete and draft.exists():
                # First beside its final place: a rename is atomic only within one file system.
                arriving = self._path(java_home).with_suffix(f".{os.getpid()}")
                shutil.move(draft, arriving)
                arriving.replace(self._path(java_home))
        finally:
            self._making.release()

    def _path(self, java_home: Path) -> Path:
        release = java_home / "release"
        described = release.read_bytes() if release.exists() else b""
        spark = importlib.metadata.version("pyspark")
        key = hashlib.sha256(b"\0".join([str(java_home).encode(), described, spark.encode()])).hexdigest()[:16]
        return self._folder / f"spark-{spark}-{key}.jsa"

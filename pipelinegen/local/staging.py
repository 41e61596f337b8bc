"""A job's view of S3 as folders: what it may read is staged down before, what it changed goes up afterwards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelinegen.local.policies import ObjectPattern
from pipelinegen.local.s3_transfer import list_keys, local_path

#: Identifies the content of a staged file: modification time in nanoseconds, size in bytes.
_Print = tuple[int, int]


@dataclass(slots=True)
class Stage:
    """Folders that stand for buckets; `s3` carries the job role's credentials."""

    folder: Path
    s3: Any
    _before: dict[tuple[str, str], _Print] = field(default_factory=dict)

    def buckets(self) -> list[str]:
        """The buckets that have a folder, sorted."""
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir())

    def fill(self, readable: Sequence[ObjectPattern], writable: Sequence[ObjectPattern]) -> int:
        """Downloads every object the role may read; gives the number of objects."""
        for pattern in [*readable, *writable]:
            (self.folder / pattern.bucket).mkdir(parents=True, exist_ok=True)
        for pattern in readable:
            for key in list_keys(self.s3, pattern.bucket, pattern.prefix):
                if pattern.matches(key) and (pattern.bucket, key) not in self._before:
                    self._download(pattern.bucket, key)
        return len(self._before)

    def upload_changes(self) -> tuple[int, int]:
        """Puts new and changed files, deletes the objects whose file is gone; gives both numbers."""
        after = dict(self._files())
        changed = [name for name, mark in after.items() if self._before.get(name) != mark]
        gone = [name for name in self._before if name not in after]
        for bucket, key in changed:
            self.s3.upload_file(str(self.folder / bucket / key), bucket, key)
        for bucket, key in gone:
            self.s3.delete_object(Bucket=bucket, Key=key)
        return len(changed), len(gone)

    def _download(self, bucket: str, key: str) -> None:
        path = local_path(self.folder / bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.s3.download_file(bucket, key, str(path))
        self._before[bucket, key] = _mark(path)

    def _files(self) -> Iterator[tuple[tuple[str, str], _Print]]:
        for bucket in self.buckets():
            root = self.folder / bucket
            for path in sorted(root.rglob("*")):
                # Hadoop's own checksum files never reach S3.
                if path.is_file() and not (path.name.startswith(".") and path.suffix == ".crc"):
                    yield (bucket, path.relative_to(root).as_posix()), _mark(path)


def _mark(path: Path) -> _Print:
    status = path.stat()
    return status.st_mtime_ns, status.st_size

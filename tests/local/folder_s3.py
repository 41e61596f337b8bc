"""A folder of buckets that answers like the S3 client the runners use."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class FolderS3:
    """The few calls of an S3 client that the runners make, on a folder of buckets."""

    root: Path

    def get_paginator(self, name: str) -> "FolderS3":
        assert name == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's names
        bucket = self.root / Bucket
        keys = sorted(path.relative_to(bucket).as_posix() for path in bucket.rglob("*") if path.is_file())
        yield {"Contents": [{"Key": key} for key in keys if key.startswith(Prefix)]}

    def download_file(self, bucket: str, key: str, target: str) -> None:
        shutil.copy(self.root / bucket / key, target)

    def upload_file(self, source: str, bucket: str, key: str) -> None:
        target = self.root / bucket / key
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)

    def delete_object(self, Bucket: str, Key: str) -> None:  # noqa: N803 - boto3's names
        (self.root / Bucket / Key).unlink()

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return {"Body": (self.root / Bucket / Key).open("rb")}

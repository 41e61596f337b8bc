"""Copies between S3 and folders, with whatever credentials the given client carries."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`. Raises: ValueError if it is no S3 address."""
    scheme, separator, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if not separator or scheme not in ("s3", "s3a", "s3n") or not bucket:
        raise ValueError(f"'{uri}' is not an S3 address")
    return bucket, key


def list_keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    """The keys under a prefix, without the empty markers of folders."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (entry["Key"] for entry in page.get("Contents", []) if not entry["Key"].endswith("/"))


def local_path(folder: Path, relative: str) -> Path:
    """Where a key lands below a folder. Raises: ValueError if the key would leave the folder."""
    parts = PurePosixPath(relative).parts
    if ".." in parts or relative.startswith("/"):
        raise ValueError(f"the key '{relative}' would leave its folder")
    return folder.joinpath(*parts)


def download_file(s3: Any, uri: str, target: Path) -> Path:
    """Writes one object to `target` and returns it."""
    bucket, key = split_uri(uri)
    target.parent.mkdir(parents=True, exist_ok=True)
    s3.download_file(bucket, key, str(target))
    return target


def download_prefix(s3: Any, uri: str, folder: Path) -> int:
    """Writes every object under the address to `folder`, named by the rest of its key; returns how many."""
    bucket, prefix = split_uri(uri)
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for key in list_keys(s3, bucket, prefix):
        # SageMaker and Spark alike: `a/b` names the object a/b, and everything whose key starts so.
        relative = key[len(prefix) :].lstrip("/") if prefix.endswith("/") or not prefix else _below(key, prefix)
        download_file(s3, f"s3://{bucket}/{key}", local_path(folder, relative))
        count += 1
    return count


def upload_folder(s3: Any, folder: Path, uri: str) -> int:
    """Puts every file below `folder` under the address; returns how many."""
    bucket, prefix = split_uri(uri)
    prefix = prefix.rstrip("/") + "/" if prefix else ""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        s3.upload_file(str(path), bucket, prefix + path.relative_to(folder).as_posix())
    return len(files)


def _below(key: str, prefix: str) -> str:
    rest = key[len(prefix) :]
    return rest.lstrip("/") if rest.startswith("/") else prefix.rpartition("/")[2] + rest

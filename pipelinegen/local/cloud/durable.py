"""Keeps what the local cloud stores on disk, so that it survives the process; moto holds everything in memory.

S3 objects lie as files below `<workdir>/cloud/s3/<bucket>/`, named by their keys; every write of an SSM parameter is a
line of `<workdir>/cloud/parameters.jsonl`. Both are written before the call is answered. What is found there when the
server starts is loaded again. All else is deployed anew.
"""

import json
import os
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from moto.s3.models import S3Backend, s3_backends
from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends

from pipelinegen.local.cloud.board import Cloud
from pipelinegen.local.cloud.replacing import replace_attribute
from pipelinegen.local.run_folders import drop_torn_line, read_lines

FOLDER: Final = "cloud"

#: Characters of keys that file names may have.
_SAFE: Final = " !#$&'()+,;=@[]{}~^-_."


def install(cloud: Cloud, partition: str = "aws") -> None:
    """Loads what an earlier process left, then writes through."""
    objects = ObjectFolder(cloud.workdir / FOLDER / "s3")
    parameters = cloud.workdir / FOLDER / "parameters.jsonl"
    _load_objects(s3_backends[cloud.account][partition], cloud.region, objects)
    _load_parameters(ssm_backends[cloud.account][cloud.region], parameters)
    _keep_objects(objects)
    _keep_parameters(parameters)


class ObjectFolder:
    """Objects as files: `a/b c` is the file `a/b c`; where that is not possible, the file `%61%2Fb c`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, bucket: str, key: str, value: bytes) -> None:
        """Stores an object, whole or not at all."""
        drafts = self.folder.parent / "drafts"
        drafts.mkdir(parents=True, exist_ok=True)
        draft = drafts / uuid.uuid4().hex
        try:
            draft.write_bytes(value)
            nested, flat = self._places(bucket, key)
            try:
                nested.parent.mkdir(parents=True, exist_ok=True)
                draft.replace(nested)
            except (NotADirectoryError, IsADirectoryError, FileExistsError):
                # The key `a` is in the way of the key `a/b`, or the other way round.
                flat.parent.mkdir(parents=True, exist_ok=True)
                draft.replace(flat)
        finally:
            draft.unlink(missing_ok=True)

    def delete(self, bucket: str, key: str) -> None:
        """Removes an object; one that is not there is fine."""
        for path in self._places(bucket, key):
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
                continue

    def add_bucket(self, bucket: str) -> None:
        """Remembers a bucket, even if nothing is ever put into it."""
        (self.folder / bucket).mkdir(parents=True, exist_ok=True)

    def buckets(self) -> list[str]:
        """All buckets, sorted."""
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir()) if self.folder.is_dir() else []

    def objects(self, bucket: str) -> Iterator[tuple[str, Path]]:
        """Keys and files, sorted by file."""
        root = self.folder / bucket
        for path in sorted(root.rglob("*")):
            if path.is_file():
                yield unquote(path.relative_to(root).as_posix()), path

    def _places(self, bucket: str, key: str) -> tuple[Path, Path]:
        root = self.folder / bucket
        segments = [quote(segment, safe=_SAFE) for segment in key.split("/")]
        raw = key.encode()
        # The first character in hexadecimal: no file of a key that could be stored under its own name has that.
        flat = root / (f"%{raw[0]:02X}" + quote(raw[1:], safe=_SAFE))
        odd = any(segment in ("", ".", "..") for segment in segments)
        return flat if odd else root.joinpath(*segments), flat


def _load_objects(backend: Any, region: str, objects: ObjectFolder) -> None:
    for bucket in objects.buckets():
        backend.create_bucket(bucket, region)
        for key, path in objects.objects(bucket):
            stored = backend.put_object(bucket, key, path.read_bytes(), disable_notification=True)
            stored.last_modified = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)


def _keep_objects(objects: ObjectFolder) -> None:
    create, put, delete = S3Backend.create_bucket, S3Backend.put_object, S3Backend.delete_object

    def create_bucket(self: Any, bucket_name: str, *rest: Any, **named: Any) -> Any:
        bucket = create(self, bucket_name, *rest, **named)
        objects.add_bucket(bucket_name)
        return bucket

    def put_object(self: Any, bucket_name: str, key_name: str, value: Any, *rest: Any, **named: Any) -> Any:
        self.get_bucket(bucket_name)
        # First the file: what cannot be kept was not stored, as when the disk is full.
        objects.put(bucket_name, key_name, value if isinstance(value, bytes) else str(value).encode())
        return put(self, bucket_name, key_name, value, *rest, **named)

    def delete_object(self: Any, bucket_name: str, key_name: str, *rest: Any, **named: Any) -> Any:
        answer = delete(self, bucket_name, key_name, *rest, **named)
        if key_name not in self.get_bucket(bucket_name).keys:
            objects.delete(bucket_name, key_name)
        return answer

    replace_attribute(S3Backend, "create_bucket", create_bucket)
    replace_attribute(S3Backend, "put_object", put_object)
    replace_attribute(S3Backend, "delete_object", delete_object)


def _load_parameters(backend: Any, file: Path) -> None:
    drop_torn_line(file)
    for line in read_lines(file):
        if "delete" in line:
            backend.delete_parameter(line["delete"])
        else:
            # Every version, in its order: their numbers are the same again.
            value, kind = line["value"], line["type"]
            backend.put_parameter(line["put"], None, value, kind, None, None, True, None, "text", None, None)


def _keep_parameters(file: Path) -> None:
    put, delete = SimpleSystemManagerBackend.put_parameter, SimpleSystemManagerBackend.delete_parameter
    lock = threading.Lock()

    def append(document: dict[str, Any]) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, json.dumps(document).encode() + b"\n")
        finally:
            os.close(descriptor)

    def put_parameter(
        self: Any, name: str, description: Any, value: str, parameter_type: str, *rest: Any, **named: Any
    ) -> Any:
        with lock:
            parameter = put(self, name, description, value, parameter_type, *rest, **named)
            append({"put": name, "type": parameter.parameter_type, "value": value})
        return parameter

    def delete_parameter(self: Any, name: str) -> Any:
        with lock:
            answer = delete(self, name)
            append({"delete": name})
        return answer

    replace_attribute(SimpleSystemManagerBackend, "put_parameter", put_parameter)
    replace_attribute(SimpleSystemManagerBackend, "delete_parameter", delete_parameter)

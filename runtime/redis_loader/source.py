"""Streams prediction files out of S3: ranged reads, one batch of rows at a time, never a whole file."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from botocore.exceptions import (
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)

from runtime.common.logs import log
from runtime.common.s3 import split_uri
from runtime.redis_loader.retry import RetryPolicy, TimeBudget
from runtime.redis_loader.screen import BATCH_SCHEMA

#: Read at a time from each column of a file: bounds memory to about three of these for every file.
RANGE_BYTES = 4 << 20

#: What ends a body half-way; botocore tries requests again by itself, but not their bodies.
_BODY_FAULTS = (BotoConnectionError, HTTPClientError, IncompleteReadError, ResponseStreamingError)


class SourceError(RuntimeError):
    """Predictions that are missing or are not laid out as agreed."""


@dataclass(frozen=True, slots=True)
class SourceBatch:
    """Some rows of one file; `first_row` counts from 0 in that file."""

    uri: str
    file_number: int
    file_count: int
    first_row: int
    rows: pa.RecordBatch


class _S3File(io.RawIOBase):
    """A file of S3 that is read by ranges; fails if it is replaced meanwhile."""

    def __init__(self, s3: Any, bucket: str, key: str, budget: TimeBudget) -> None:
        self._s3, self._bucket, self._key, self._budget = s3, bucket, key, budget
        head = s3.head_object(Bucket=bucket, Key=key)
        self._size: int = head["ContentLength"]
        self._etag: str = head["ETag"]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        rest = max(self._size - self._at, 0)
        wanted = rest if size is None or size < 0 else min(size, rest)
        if not wanted:
            return b""
        data = RetryPolicy(attempts=4).run(lambda: self._fetch(wanted), _BODY_FAULTS, self._budget, self._log_fault)
        self._at += len(data)
        return data

    def _fetch(self, wanted: int) -> bytes:
        span = f"bytes={self._at}-{self._at + wanted - 1}"
        body = self._s3.get_object(Bucket=self._bucket, Key=self._key, Range=span, IfMatch=self._etag)["Body"]
        data: bytes = body.read()
        return data

    def _log_fault(self, attempt: int, fault: Exception) -> None:
        log("S3 read interrupted", file=f"s3://{self._bucket}/{self._key}", attempt=attempt, fault=str(fault))


def list_files(s3: Any, uri: str) -> list[str]:
    """The Parquet files under an S3 folder (or the one file), by name; what Spark hides (`_`, `.`) is left out.

    Raises: SourceError if there is none.
    """
    bucket, prefix = split_uri(uri)
    if prefix and not prefix.endswith(("/", ".parquet")):
        prefix += "/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    visible = [key for key in keys if not any(part[:1] in ("_", ".") for part in key[len(prefix) :].split("/"))]
    files = sorted(f"s3://{bucket}/{key}" for key in visible if key.endswith(".parquet"))
    if not files:
        raise SourceError(f"there are no Parquet files under '{uri}'")
    return files


def read_batches(s3: Any, uri: str, batch_rows: int, budget: TimeBudget) -> Iterator[SourceBatch]:
    """All rows under `uri` in batches of BATCH_SCHEMA.

    Raises: SourceError if a file is not Parquet or lacks a column, before the first row of any is given: what was
    published before then stays whole.
    """
    files = list_files(s3, uri)
    for file in files[1:]:
        with _open(_S3File(s3, *split_uri(file), budget), file):
            continue
    for number, file in enumerate(files, start=1):
        bucket, key = split_uri(file)
        first_row = 0
        with _open(_S3File(s3, bucket, key, budget), file) as parquet:
            for batch in parquet.iter_batches(batch_rows, columns=BATCH_SCHEMA.names, use_threads=False):
                yield SourceBatch(file, number, len(files), first_row, _conform(batch, file))
                first_row += batch.num_rows


def _open(source: _S3File, name: str) -> pq.ParquetFile:
    try:
        parquet = pq.ParquetFile(source, buffer_size=RANGE_BYTES, pre_buffer=False)
    except pa.ArrowInvalid as error:
        raise SourceError(f"'{name}' is no Parquet file: {error}") from error
    missing = sorted(set(BATCH_SCHEMA.names) - set(parquet.schema_arrow.names))
    if missing:
        raise SourceError(f"'{name}' lacks the columns: {', '.join(missing)}")
    return parquet


def _conform(batch: pa.RecordBatch, name: str) -> pa.RecordBatch:
    try:
        return batch.select(BATCH_SCHEMA.names).cast(BATCH_SCHEMA)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SourceError(f"'{name}' has columns of other types than agreed: {batch.schema.to_string()}") from error

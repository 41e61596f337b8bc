"""Prediction rows as Redis commands: a whole batch becomes one buffer, without a Python object per row.

One string column is joined from constants and columns; its values buffer is the wire stream.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from runtime.common.names import (
    FIELD_ITEMS,
    FIELD_MODEL_VERSION,
    FIELD_RUN_DATE,
    FIELD_SCORES,
    ITEM_IDS,
    SCORES,
    USER_ID,
    redis_key,
)

#: What JSON text may not hold as it is: control characters, quotation mark, backslash.
_ESCAPED = bytes(range(0x20)) + b'"\\'

#: Stands for the user while a key pattern is taken apart; no pattern may hold it.
_MARK = "\0"

Part: TypeAlias = pa.Array | str


def _bulk(text: str) -> str:
    return f"${len(text.encode())}\r\n{text}\r\n"


def _join(parts: Sequence[Part]) -> pa.Array:
    """The parts joined row by row; constants count for every row."""
    arguments = [pa.scalar(part, pa.string()) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*arguments, "")


def _bulk_column(column: pa.Array) -> list[Part]:
    return ["$", pc.binary_length(column).cast(pa.string()), "\r\n", column, "\r\n"]


def _values(column: pa.Array) -> pa.Buffer:
    """The bytes of all strings of a freshly computed column, one after the other."""
    if not len(column):
        return pa.py_buffer(b"")
    first, last = column.offset, column.offset + len(column)
    offsets = memoryview(column.buffers()[1]).cast("i")
    return column.buffers()[2].slice(offsets[first], offsets[last] - offsets[first])


def json_escape(texts: pa.Array) -> pa.Array:
    """The texts as they stand between the quotation marks of a JSON string."""
    raw = bytes(_values(texts))
    if len(raw.translate(None, _ESCAPED)) == len(raw):
        return texts
    return pa.array([json.dumps(text, ensure_ascii=False)[1:-1] for text in texts.to_pylist()], pa.string())


def _json_lists(batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
    """Items and scores of each row as compact JSON lists; lists are neither null nor empty, nor are their values."""
    items, scores = batch.column(ITEM_IDS), batch.column(SCORES)
    ids = pa.ListArray.from_arrays(_offsets(items), json_escape(items.flatten()))
    numbers = pa.ListArray.from_arrays(_offsets(scores), scores.flatten().cast(pa.string()))
    return _join(['["', pc.binary_join(ids, '","'), '"]']), _join(["[", pc.binary_join(numbers, ","), "]"])


def _offsets(lists: pa.Array) -> pa.Array:
    """Where each list starts in `flatten()`, which drops what a slice leaves out."""
    return pc.subtract(lists.offsets, lists.offsets[0])


@dataclass(frozen=True, slots=True)
class RowEncoder:
    """Encodes rows as HSET and EXPIRE under `redis_key(key_pattern, user_id)`."""

    key_pattern: str
    expire_seconds: int
    model_version: str
    run_date: str

    def encode(self, batch: pa.RecordBatch) -> memoryview:
        """The commands of all rows, in order; every row has passed `screen`."""
        items, scores = _json_lists(batch)
        key = _join(_bulk_column(self._keys(batch.column(USER_ID))))
        version = _bulk(FIELD_MODEL_VERSION) + _bulk(self.model_version)
        date = _bulk(FIELD_RUN_DATE) + _bulk(self.run_date)
        stream = _join(
            [
                "*10\r\n" + _bulk("HSET"),
                key,
                _bulk(FIELD_ITEMS),
                *_bulk_column(items),
                _bulk(FIELD_SCORES),
                *_bulk_column(scores),
                version + date + "*3\r\n" + _bulk("EXPIRE"),
                key,
                _bulk(str(self.expire_seconds)),
            ]
        )
        return memoryview(_values(stream))

    def _keys(self, users: pa.Array) -> pa.Array:
        """What `redis_key` gives for every user: taken apart once by that very function."""
        before, *rest = redis_key(self.key_pattern, _MARK).split(_MARK)
        return _join([before, *(part for text in rest for part in (users, text))])

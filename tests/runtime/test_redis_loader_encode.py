"""What the loader sends, compared with what the API's own key and field names say."""

import json
import math
import struct
from typing import Any

import hiredis
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.common.names import redis_key
from runtime.redis_loader import screen as reasons
from runtime.redis_loader.encode import RowEncoder
from runtime.redis_loader.screen import BATCH_SCHEMA, screen

Row = tuple[str | None, list[str | None] | None, list[float | None] | None]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FLOAT32 = st.floats(width=32)
ROWS = st.lists(
    st.tuples(
        st.none() | TEXT,
        st.none() | st.lists(st.none() | TEXT, max_size=4),
        st.none() | st.lists(st.none() | FLOAT32, max_size=4),
    ),
    max_size=12,
)


def as_batch(rows: list[Row]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    arrays = [pa.array(column, field.type) for column, field in zip(columns, BATCH_SCHEMA, strict=True)]
    return pa.record_batch(arrays, schema=BATCH_SCHEMA)


def reason_of(row: Row) -> str | None:
    user, items, scores = row
    if not user:
        return reasons.NO_USER
    if not items:
        return reasons.NO_ITEMS
    if len(items) != len(scores or ()):
        return reasons.LENGTHS_DIFFER
    if None in items:
        return reasons.BAD_ITEM
    return None if all(score is not None and math.isfinite(score) for score in scores or ()) else reasons.BAD_SCORE


def as_float32(number: float) -> float:
    """The number as the column holds it: what is written is the shortest text that gives the same float32."""
    return float(struct.unpack("f", struct.pack("f", number))[0])


def commands_of(stream: memoryview) -> list[list[bytes]]:
    reader = hiredis.Reader()
    reader.feed(bytes(stream))
    commands = []
    while (command := reader.gets()) is not False:
        commands.append(command)
    return commands


def expected_commands(rows: list[Row], encoder: RowEncoder) -> list[list[Any]]:
    commands: list[list[Any]] = []
    for user, items, scores in rows:
        key = redis_key(encoder.key_pattern, user or "").encode()
        commands.append([b"HSET", key, items, scores, encoder.model_version.encode(), encoder.run_date.encode()])
        commands.append([b"EXPIRE", key, str(encoder.expire_seconds).encode()])
    return commands


def understood(commands: list[list[bytes]]) -> list[list[Any]]:
    told: list[list[Any]] = []
    for command in commands:
        if command[0] == b"HSET":
            name, key, *pairs = command
            assert pairs[0::2] == [b"items", b"scores", b"model_version", b"run_date"]
            scores = [as_float32(score) for score in json.loads(pairs[3])]
            told.append([name, key, json.loads(pairs[1]), scores, pairs[5], pairs[7]])
        else:
            told.append(list(command))
    return told


@pytest.mark.parametrize("pattern", ["recommendations:{user_id}", "{user_id}", "a:{user_id}:ö:{user_id}:z"])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=ROWS, start=st.integers(0, 3))
@example(rows=[("0", ["", ""], [0.0, 45031112.0])], start=0)  # written as 45031110, the same float32
def test_any_rows_are_screened_and_encoded_exactly(pattern: str, rows: list[Row], start: int) -> None:
    encoder = RowEncoder(pattern, 259_200, "model-ü", "2026-11-22")
    screened = screen(as_batch(rows).slice(start))
    rows = rows[start:]

    assert screened.rejects == tuple((at, reason) for at, row in enumerate(rows) if (reason := reason_of(row)))
    servable = [row for row in rows if reason_of(row) is None]
    assert understood(commands_of(encoder.encode(screened.rows))) == expected_commands(servable, encoder)


def test_one_row_byte_for_byte() -> None:
    encoder = RowEncoder("r:{user_id}", 60, "m1", "2026-11-22")

    stream = bytes(encoder.encode(as_batch([("ü", ['a"b', "c"], [0.5, 0.25])])))

    assert stream == (
        b"*10\r\n$4\r\nHSET\r\n$4\r\nr:\xc3\xbc\r\n$5\r\nitems\r\n$12\r\n"
        b'["a\\"b","c"]\r\n$6\r\nscores\r\n$10\r\n[0.5,0.25]\r\n'
        b"$13\r\nmodel_version\r\n$2\r\nm1\r\n$8\r\nrun_date\r\n$10\r\n2026-11-22\r\n"
        b"*3\r\n$6\r\nEXPIRE\r\n$4\r\nr:\xc3\xbc\r\n$2\r\n60\r\n"
    )

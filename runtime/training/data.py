"""Reads the channels of the training job: Parquet becomes plain arrays, faults in it become clear messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]

MICROSECONDS_PER_DAY = 86_400_000_000


class InputError(ValueError):
    """Something handed to the job cannot be used; the message is meant for the reader of the failure file."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that the model reads, as the specification names them."""

    user: str
    item: str
    time: str
    categorical: tuple[str, ...]
    numeric: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Interactions:
    """Who took what when, oldest first; ties in time are ordered by user and item, so file order never matters.

    `users`, `items`: strings [n]; `times`: int64 [n], microseconds since 1970 in UTC.
    """

    users: pa.StringArray
    items: pa.StringArray
    times: IntArray

    def __len__(self) -> int:
        return len(self.times)

    def slice(self, start: int, stop: int) -> "Interactions":
        """The interactions `start` up to, not including, `stop`."""
        return Interactions(self.users[start:stop], self.items[start:stop], self.times[start:stop])


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The items that can be recommended, ordered by id; a missing category is null, a missing number NaN."""

    items: pa.StringArray
    categorical: dict[str, pa.StringArray]
    numeric: dict[str, FloatArray]

    def __len__(self) -> int:
        return len(self.items)


def read_channel(folder: Path, channel: str, columns: Sequence[str]) -> pa.Table:
    """The named columns of all Parquet files below `folder`. Raises: InputError if a column or all rows are missing."""
    files = sorted(path for path in folder.rglob("*.parquet") if not path.name.startswith(("_", ".")))
    if not files:
        raise InputError(f"channel '{channel}' holds no Parquet file")
    tables = [_read_file(path, channel, columns) for path in files]
    table = pa.concat_tables(tables, promote_options="permissive")
    if table.num_rows == 0:
        raise InputError(f"channel '{channel}' has {len(files)} files but no rows")
    return table


def read_interactions(folder: Path, columns: Columns) -> Interactions:
    """The interactions of a channel, oldest first. Raises: InputError if they cannot be used."""
    wanted = [columns.user, columns.item, columns.time]
    table = read_channel(folder, "interactions", wanted).select(wanted).rename_columns(["user", "item", "time"])
    for name, column in zip(wanted, table.columns, strict=True):
        if column.null_count:
            raise InputError(
                f"channel 'interactions', column '{name}': {column.null_count} of {len(column)} rows are null"
            )
    table = pa.table(
        {
            "user": _as_strings(table["user"]),
            "item": _as_strings(table["item"]),
            "time": _as_microseconds(table["time"], columns.time),
        }
    )
    table = table.sort_by([("time", "ascending"), ("user", "ascending"), ("item", "ascending")])
    return Interactions(_one_chunk(table["user"]), _one_chunk(table["item"]), table["time"].to_numpy())


def read_catalogue(folder: Path, columns: Columns) -> Catalogue:
    """The items of a channel, ordered by id. Raises: InputError if they cannot be used or an item is listed twice."""
    wanted = [columns.item, *columns.categorical, *columns.numeric]
    table = read_channel(folder, "items", wanted)
    ids = _as_strings(table[columns.item])
    if ids.null_count:
        raise InputError(f"channel 'items', column '{columns.item}': {ids.null_count} of {len(ids)} rows are null")
    order = pc.sort_indices(ids)
    items = _one_chunk(ids.take(order))
    repeated = [entry["values"].as_py() for entry in pc.value_counts(items) if entry["counts"].as_py() > 1][:3]
    if repeated:
        raise InputError(f"channel 'items' lists items more than once, such as {', '.join(repeated)}")
    categorical = {name: _one_chunk(_as_strings(table[name].take(order))) for name in columns.categorical}
    numeric = {name: _as_floats(table[name].take(order), name) for name in columns.numeric}
    return Catalogue(items, categorical, numeric)


def _read_file(path: Path, channel: str, columns: Sequence[str]) -> pa.Table:
    try:
        with pq.ParquetFile(path) as source:
            present = source.schema_arrow.names
            missing = [name for name in columns if name not in present]
            if missing:
                raise InputError(
                    f"channel '{channel}' lacks column '{missing[0]}'; {path.name} has: {', '.join(present)}"
                )
            return source.read(columns=list(dict.fromkeys(columns)))
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"channel '{channel}': {path.name} is not readable Parquet: {error}") from error


def _as_strings(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string())


def _as_floats(column: pa.ChunkedArray, name: str) -> FloatArray:
    try:
        values: FloatArray = column.cast(pa.float64()).to_numpy().astype(np.float32)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(f"channel 'items', column '{name}' is {column.type}, not a number: {error}") from error
    values[~np.isfinite(values)] = np.nan
    return values


def _as_microseconds(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    if not (pa.types.is_temporal(column.type) or pa.types.is_string(column.type)):
        raise InputError(f"channel 'interactions', column '{name}' is {column.type}, not a timestamp")
    try:
        zone = "UTC" if getattr(column.type, "tz", None) else None
        return column.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(f"channel 'interactions', column '{name}' is not a timestamp: {error}") from error


def _one_chunk(column: pa.ChunkedArray) -> pa.StringArray:
    chunk = column.combine_chunks()
    return chunk if isinstance(chunk, pa.Array) else pa.concat_arrays(chunk.chunks)

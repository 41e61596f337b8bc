"""Bookmarks: what of a table each date of the run has read, kept as one object a date beside the data.

The mark of a date says which values of a column it read: those above `after`, up to and with `until`. A date that has
a mark reads exactly that again, so that a repeated run gives what the first one gave. A date without one reads on where
the newest earlier date stopped, and no further than where the next later date began: no row is read for two dates, and
none is lost, in whatever order dates are run. A mark is put only after the output was written; until then nothing has
happened, and the next attempt starts from the same place.

Glue's own bookmarks know no dates: a job that runs again reads nothing, and they exist nowhere but in Glue.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name all Spark code uses

from runtime.common.names import SCHEMA_VERSION
from runtime.common.s3 import split_uri
from runtime.glue.faults import EtlError, faults_of

#: Columns that can be a bookmark, by Spark's name of what the table has, with the word before a literal.
_LITERALS: Mapping[str, str] = {
    "date": "DATE ",
    "timestamp": "TIMESTAMP ",
    "timestamp_ntz": "TIMESTAMP_NTZ ",
    "int": "",
    "bigint": "",
    "smallint": "",
    "tinyint": "",
}
_TIMES = frozenset({"date", "timestamp", "timestamp_ntz"})


@dataclass(frozen=True, slots=True)
class Mark:
    """Values of one column, as Spark's literals have them: above `after` (None: all), up to `until` (None: none)."""

    column: str
    after: str | None
    until: str | None

    @property
    def is_empty(self) -> bool:
        """Whether no value can be above the one and up to the other."""
        return self.until is None or self.until == self.after


@dataclass(frozen=True, slots=True)
class Bookmarks:
    """The marks of one step, below `folder` (`s3://…/`): `<input>/date=<run date>.json`."""

    folder: str
    clients: Callable[[str], Any]

    def of(self, name: str, column: str, run_date: date) -> "Found":
        """What is known of an input at a date. Raises: EtlError if it cannot be read, or was kept by another column."""
        with faults_of(f"bookmarks of '{name}' cannot be read from {self.folder}"):
            dates = self._dates(name)
            earlier = max((day for day in dates if day < run_date), default=None)
            later = min((day for day in dates if day > run_date), default=None)
            own = run_date if run_date in dates else None
            found = Found(*(self._read(name, day) if day else None for day in (own, earlier, later)))
        for mark in (found.own, found.earlier, found.later):
            if mark and mark.column != column:
                fact = f"bookmarks of '{name}' are kept by '{mark.column}', and the contract says '{column}'"
                raise EtlError(f"{fact}: to begin anew, remove {self.folder}{name}/")
        return found

    def put(self, name: str, run_date: date, mark: Mark) -> None:
        """Keeps the mark of a date. Raises: EtlError if S3 refuses."""
        bucket, prefix = split_uri(self.folder)
        document = {
            "schema_version": SCHEMA_VERSION,
            "run_date": run_date.isoformat(),
            "column": mark.column,
            "after": mark.after,
            "until": mark.until,
        }
        body = json.dumps(document, indent=2).encode() + b"\n"
        key = f"{prefix}{name}/date={run_date}.json"
        with faults_of(f"bookmark s3://{bucket}/{key} cannot be written"):
            self.clients("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")

    def _dates(self, name: str) -> set[date]:
        bucket, prefix = split_uri(self.folder)
        start = f"{prefix}{name}/date="
        pages = self.clients("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start)
        keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return {date.fromisoformat(key.removeprefix(start).removesuffix(".json")) for key in keys}

    def _read(self, name: str, day: date) -> Mark:
        bucket, prefix = split_uri(self.folder)
        found = self.clients("s3").get_object(Bucket=bucket, Key=f"{prefix}{name}/date={day}.json")
        document = json.loads(found["Body"].read())
        return Mark(document["column"], document["after"], document["until"])


@dataclass(frozen=True, slots=True)
class Found:
    """The marks of the date itself, of the newest earlier date, and of the next later one."""

    own: Mark | None
    earlier: Mark | None
    later: Mark | None


def advance(
    frame: DataFrame, dataset: str, bookmark: Mapping[str, Any], found: Found, run_date: date, declared: str
) -> tuple[DataFrame, Mark]:
    """The rows that the date reads, and the mark to keep once they are written.

    Times end before the run's date, midnight UTC: a row from the future, as a wrong clock makes it, moves no mark.
    Raises: EtlError if the column is absent, or neither a time nor a whole number.
    """
    column = str(bookmark["column"]).lower()
    axis = _axis(frame, dataset, column, declared)
    if found.own is not None:
        return axis.between(frame, found.own), found.own
    first = None if bookmark.get("after") is None else _text_of(bookmark["after"], axis.type)
    after = found.earlier.until if found.earlier and found.earlier.until is not None else first
    if found.later is not None:
        mark = Mark(column, after, found.later.after)
        return axis.between(frame, mark), mark
    fresh = frame if after is None else frame.where(axis.value > _literal(after, axis.type))
    if axis.type in _TIMES:
        fresh = fresh.where(axis.value < _literal(_text_of(run_date.isoformat(), axis.type), axis.type))
    with faults_of(f"the newest '{column}' of '{dataset}' cannot be read"):
        newest = fresh.select(F.max(axis.value).cast("string")).collect()[0][0]
    mark = Mark(column, after, after if newest is None else newest)
    return axis.between(frame, mark), mark


@dataclass(frozen=True, slots=True)
class _Axis:
    """What is compared, of which type; `broken` are rows whose text is no such value, found by the check of types."""

    value: Column
    type: str
    broken: Column | None = None

    def between(self, frame: DataFrame, mark: Mark) -> DataFrame:
        """The rows that a mark speaks of."""
        if mark.is_empty:
            return frame.limit(0) if self.broken is None else frame.where(self.broken)
        assert mark.until is not None
        wanted = self.value <= _literal(mark.until, self.type)
        if mark.after is not None:
            wanted = (self.value > _literal(mark.after, self.type)) & wanted
        return frame.where(wanted if self.broken is None else wanted | self.broken)


def _axis(frame: DataFrame, dataset: str, column: str, declared: str) -> _Axis:
    """The column to compare; text, as CSV files have it, is taken as the declared type."""
    types = {name.lower(): kind for name, kind in frame.dtypes}
    if types.get(column) == "string" and declared in _LITERALS:
        converted = F.expr(f"try_cast(`{column}` AS {declared})")
        return _Axis(converted, declared, converted.isNull() & F.col(f"`{column}`").isNotNull())
    if types.get(column, "") not in _LITERALS:
        found = f"it is {types[column]}" if column in types else "there is none"
        raise EtlError(f"dataset '{dataset}' needs a time or whole number '{column}' for its bookmark; {found}")
    # No cast on the column: the comparison is left to the database, which has an index on it.
    return _Axis(F.col(f"`{column}`"), types[column])


def _literal(text: str, type: str) -> Column:
    return F.expr(f"{_LITERALS[type]}'{text}'") if type in _TIMES else F.lit(int(text))


def _text_of(value: str | int, type: str) -> str:
    text = str(value)
    return f"{text} 00:00:00" if type in _TIMES - {"date"} and len(text) == len("2026-01-01") else text

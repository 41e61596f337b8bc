"""Brings a dataset to its declared columns: names, types, protection."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name all Spark code uses

from runtime.glue.faults import EtlError
from runtime.glue.protection import ProtectionKeys, protected

#: Spark's names of the declared types; the spec uses the same words.
_PLAIN = r"(string|int|bigint|float|double|boolean|date|timestamp|decimal\(\d+,\d+\))"
TYPES = re.compile(rf"{_PLAIN}|array<{_PLAIN}>")
WHOLE_NUMBERS = frozenset({"int", "bigint"})
LOSSY_SOURCES = ("float", "double", "decimal")

#: Boolean columns beside the data: true where a value was there but could not be converted.
UNCONVERTED_PREFIX = "__unconverted_"

#: At most this many names in a message.
LISTED_NAMES = 8


@dataclass(frozen=True, slots=True)
class Typed:
    """A frame of the declared columns and, behind them, `flags`: declared name → its unconverted-flag column."""

    frame: DataFrame
    flags: Mapping[str, str]

    def data(self) -> DataFrame:
        """The frame without the flags."""
        return self.frame.drop(*self.flags.values())


def declared_columns(
    frame: DataFrame, dataset: str, columns: Mapping[str, Mapping[str, Any]], keys: ProtectionKeys
) -> Typed:
    """The declared columns in their order, lower-case, cast, and protected where the declaration says so.

    A column declared with `protect: drop` is not selected at all.
    Raises: EtlError if a column is absent, or its type can never become the declared one.
    """
    wanted = {name.lower(): column for name, column in columns.items() if column.get("protect") != "drop"}
    present = {name.lower(): name for name in frame.columns}
    absent = sorted(wanted.keys() - present.keys())
    if absent:
        raise EtlError(f"dataset '{dataset}' lacks {_listed(absent)}; it has {_listed(sorted(present))}")
    kinds = {name.lower(): kind for name, kind in frame.dtypes}
    selected: list[Column] = []
    flags: dict[str, Column] = {}
    for name, column in wanted.items():
        value, unconverted = _converted(frame, dataset, name, kinds[name], column["type"])
        if unconverted is not None:
            flags[name] = unconverted
        selected.append(_protected(value, dataset, name, column, keys).alias(name))
    named = {name: f"{UNCONVERTED_PREFIX}{name}" for name in flags}
    return Typed(frame.select(*selected, *(flags[name].alias(named[name]) for name in flags)), named)


def _converted(frame: DataFrame, dataset: str, name: str, kind: str, declared: str) -> tuple[Column, Column | None]:
    """The column as the declared type and, unless no value can fail, whether its conversion failed."""
    if not TYPES.fullmatch(declared):
        raise EtlError(f"column '{name}' of dataset '{dataset}' is declared '{declared}', which is no type of columns")
    value = F.col(f"`{name}`")
    if kind == declared:
        return value, None
    cast = F.expr(f"try_cast(`{name}` AS {declared})")
    try:
        frame.select(cast)
    except PySparkException:
        raise EtlError(f"column '{name}' of dataset '{dataset}' is {kind}, which cannot become {declared}") from None
    failed = cast.isNull()
    if declared in WHOLE_NUMBERS and kind.startswith(LOSSY_SOURCES):
        failed = failed | (cast != value)  # 3.7 would silently become 3
    return cast, value.isNotNull() & failed


def _protected(value: Column, dataset: str, name: str, column: Mapping[str, Any], keys: ProtectionKeys) -> Column:
    found = protected(value, column.get("protect"), keys)
    if found is None:
        raise EtlError(f"column '{name}' of dataset '{dataset}' is protected, but the job has no secret for it")
    return found


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED_NAMES} more" if len(names) > LISTED_NAMES else ""
    return ", ".join(f"'{name}'" for name in names[:LISTED_NAMES]) + more

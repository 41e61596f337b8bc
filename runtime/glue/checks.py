"""Measures a dataset's rows and declared checks in one pass over it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812 - the name all Spark code uses

from runtime.glue.columns import Typed
from runtime.glue.faults import EtlError


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check's outcome; `violations` of 0 is a pass, `rows` are those of the whole dataset."""

    dataset: str
    check: str
    columns: tuple[str, ...]
    violations: int
    rows: int

    def sentence(self) -> str:
        """What went wrong, e.g. `check not_null of 'clicks' fails on user_id in 3 of 120 rows`."""
        if self.check == "freshness":
            return f"check freshness of '{self.dataset}' fails: the newest {', '.join(self.columns)} is too old"
        if self.check in ("min_rows", "max_rows"):
            amount = "few" if self.check == "min_rows" else "many"
            return f"check {self.check} of '{self.dataset}' fails: {self.rows} rows, {self.violations} too {amount}"
        where = f"on {', '.join(self.columns)} in {self.violations} of {self.rows} rows"
        return f"check {self.check} of '{self.dataset}' fails {where}"

    def document(self) -> dict[str, Any]:
        """The entry of the report."""
        return asdict(self) | {"columns": list(self.columns)}


@dataclass(frozen=True, slots=True)
class Measure:
    """A check as an aggregate: `violations` is a Spark column of one number."""

    check: str
    columns: tuple[str, ...]
    violations: Column


def measure(
    dataset: str, typed: Typed, checks: Sequence[Mapping[str, Any]], run_date: date
) -> tuple[int, tuple[CheckResult, ...]]:
    """The number of rows and each check's outcome: conversions first (check `type`), then the declared ones in order.

    Ages are counted from the start of `run_date`, UTC.
    Reads the frame once. Raises: EtlError if a check is of an unknown kind or names an absent column.
    """
    names = frozenset(typed.data().columns)
    measures = [Measure("type", (name,), _count(F.col(f"`{flag}`"))) for name, flag in typed.flags.items()]
    for check in checks:
        for kind, argument in check.items():
            if kind == "foreign_key":  # of two datasets: see foreign_keys.py
                continue
            measures.extend(_declared(dataset, names, kind, argument, run_date))
    totals = [_rows().alias("rows"), *(m.violations.alias(f"check_{n}") for n, m in enumerate(measures))]
    row = typed.frame.agg(*totals).collect()[0]
    rows = int(row["rows"])
    return rows, tuple(
        CheckResult(dataset, m.check, m.columns, int(row[f"check_{n}"] or 0), rows) for n, m in enumerate(measures)
    )


def require(results: Sequence[CheckResult]) -> None:
    """Nothing, if every check passed. Raises: EtlError that names each check that did not, with its counts."""
    failed = [result.sentence() for result in results if result.violations]
    if failed:
        raise EtlError("; ".join(failed))


def _declared(dataset: str, names: frozenset[str], kind: str, argument: Any, run_date: date) -> list[Measure]:
    build = partial(_freshness, run_date) if kind == "freshness" else CHECKS.get(kind)
    if build is None:
        raise EtlError(f"check '{kind}' of dataset '{dataset}' is unknown; known are {', '.join(KINDS)}")
    measures = build(argument)
    absent = sorted({column for m in measures for column in m.columns} - names)
    if absent:
        raise EtlError(f"check {kind} of dataset '{dataset}' names absent columns: {', '.join(absent)}")
    return measures


def _not_null(columns: Sequence[str]) -> list[Measure]:
    return [Measure("not_null", (name,), _count(_column(name).isNull())) for name in _lower(columns)]


def _unique(columns: Sequence[str]) -> list[Measure]:
    """Rows beyond the first of each combination of values; null counts as a value."""
    names = _lower(columns)
    distinct = F.count_distinct(F.struct(*(_column(name) for name in names)))
    return [Measure("unique", names, _rows() - distinct)]


def _min_rows(least: int) -> list[Measure]:
    return [Measure("min_rows", (), F.greatest(F.lit(int(least)) - _rows(), F.lit(0)))]


def _max_rows(most: int) -> list[Measure]:
    return [Measure("max_rows", (), F.greatest(_rows() - F.lit(int(most)), F.lit(0)))]


def _accepted_values(columns: Mapping[str, Sequence[Any]]) -> list[Measure]:
    """Null passes: that it must not be there is what `not_null` says."""
    return [
        Measure("accepted_values", (name.lower(),), _count(~_column(name.lower()).isin(list(values))))
        for name, values in columns.items()
    ]


def _range(columns: Mapping[str, Mapping[str, Any]]) -> list[Measure]:
    """Both bounds belong to the range; either may be left out; null passes."""
    measures = []
    for name, bounds in columns.items():
        outside = F.lit(False)
        if bounds.get("min") is not None:
            outside = outside | (_column(name.lower()) < F.lit(bounds["min"]))
        if bounds.get("max") is not None:
            outside = outside | (_column(name.lower()) > F.lit(bounds["max"]))
        measures.append(Measure("range", (name.lower(),), _count(outside)))
    return measures


def _freshness(run_date: date, argument: Mapping[str, Any]) -> list[Measure]:
    """One violation where no value is young enough; a table without rows has none that is."""
    name = argument["column"].lower()
    start = datetime.combine(run_date, time(), UTC)
    oldest = start - timedelta(hours=argument["max_age_hours"])
    # In microseconds, since the zone of Python's process would shift a literal of a time.
    newest = F.unix_micros(F.max(_column(name).cast("timestamp")))
    is_fresh = F.coalesce(newest >= F.lit(int(oldest.timestamp()) * 1_000_000), F.lit(False))
    return [Measure("freshness", (name,), F.when(is_fresh, 0).otherwise(1))]


CHECKS: Mapping[str, Callable[[Any], list[Measure]]] = {
    "accepted_values": _accepted_values,
    "max_rows": _max_rows,
    "min_rows": _min_rows,
    "not_null": _not_null,
    "range": _range,
    "unique": _unique,
}


KINDS = sorted((*CHECKS, "foreign_key", "freshness"))


def _rows() -> Column:
    return F.count(F.lit(1))


def _count(condition: Column) -> Column:
    return F.count_if(condition)


def _column(name: str) -> Column:
    return F.col(f"`{name}`")


def _lower(columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.lower() for name in columns)

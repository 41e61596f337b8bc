"""Holds foreign keys against the datasets that have the keys; those were read before, so only hashes are compared."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name all Spark code uses

from runtime.glue.checks import CheckResult
from runtime.glue.faults import EtlError


def measure_foreign_keys(
    dataset: str, checks: Sequence[Mapping[str, Any]], frames: Mapping[str, DataFrame], rows: int
) -> Iterator[CheckResult]:
    """The outcome of each foreign key of a dataset; a violation is a row whose value is no key, and null passes.

    `frames` are all datasets by name, this one included; both sides are as protected as they were read.
    Raises: EtlError if there is no such dataset or column.
    """
    for check in checks:
        for column, target in check.get("foreign_key", {}).items():
            name = column.lower()
            values = _column(frames, dataset, name, dataset)
            keys = _column(frames, target["input"], target["column"].lower(), dataset).distinct()
            orphans = values.join(keys, on="value", how="left_anti").count()
            yield CheckResult(dataset, "foreign_key", (name,), orphans, rows)


def _column(frames: Mapping[str, DataFrame], name: str, column: str, dataset: str) -> DataFrame:
    """The values of one column, without null."""
    frame = frames.get(name)
    if frame is None or column not in frame.columns:
        raise EtlError(f"check foreign_key of dataset '{dataset}' names '{name}.{column}', which is not there")
    value = F.col(f"`{column}`")
    return frame.where(value.isNotNull()).select(value.alias("value"))

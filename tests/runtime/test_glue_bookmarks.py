"""Bookmarks over days, on a real Spark and a real JDBC warehouse: no row twice, none lost, and each date repeatable."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pytest
from pyspark.sql import SparkSession

from pipelinegen.local.warehouse import fill_derby
from runtime.glue.etl import run
from tests.glue_job import Aws, rows

pytestmark = pytest.mark.slow

#: Nothing came on the 21st; the last row is of a clock that goes wrong.
MOMENTS = (
    datetime(2026, 11, 17, 8),
    datetime(2026, 11, 18, 23, 59, 59, 999999),
    datetime(2026, 11, 19),
    datetime(2026, 11, 20, 12),
    datetime(2026, 11, 22, 9),
    datetime(2099, 1, 1),
)


def settings(warehouse: dict[str, Any], type: str, **bookmark: Any) -> dict[str, Any]:
    columns = {"sale": {"type": "int"}, "mark": {"type": type}}
    source = {"from": "warehouse", "table": "shop.sales", "window": None, "bookmark": {"column": "mark", **bookmark}}
    return {
        "schema_version": 1,
        "step": "collect",
        "warehouse": warehouse,
        "protection": None,
        "inputs": {"sales": {**source, "columns": columns, "checks": []}},
        "sql": "SELECT sale, 12 / nullif(sale, :broken) AS share FROM sales",
        "parameters": {"broken": "int"},
        "output": {"columns": {"sale": {"type": "int"}, "share": {"type": "double", "nullable": False}}, "checks": []},
    }


def collect(
    document: dict[str, Any], aws: Aws, spark: SparkSession, folder: Path, day: int, *, broken: int = -1
) -> Any:
    """The sales that a date gave; the output's check fails for the sale called broken."""
    document["output"]["checks"] = [{"not_null": ["share"]}]
    day_argument = [
        "--run_date",
        f"2026-11-{day}",
        "--output",
        str(folder / "out"),
        "--report",
        f"s3://data/{day}.json",
    ]
    more = ["--bookmarks", "s3://data/bookmarks/collect/", "--parameters", f'{{"broken": {broken}}}']
    spark.catalog.clearCache()  # a job has a session of its own, and the same folder has other files now
    run(document, [*day_argument, *more], aws, spark)
    return sorted(row["sale"] for row in rows(folder))


def marks(aws: Aws) -> dict[str, tuple[str | None, str | None]]:
    start = "s3://data/bookmarks/collect/sales/date=2026-11-"
    found = {name.removeprefix(start)[:2]: mark for name, mark in aws.objects.items() if name.startswith(start)}
    return {day: (mark["after"], mark["until"]) for day, mark in sorted(found.items())}


def test_every_row_of_the_warehouse_belongs_to_one_date(spark: SparkSession, tmp_path: Path) -> None:
    sales = pa.table(
        {"sale": pa.array(range(1, len(MOMENTS) + 1), pa.int32()), "mark": pa.array(MOMENTS, pa.timestamp("us"))}
    )
    aws = Aws({"shop": fill_derby({"shop.sales": sales}, tmp_path / "warehouse").secret()})
    document = settings({"kind": "redshift", "secret": "shop", "database": "shop"}, "timestamp")

    def day(number: int, **more: int) -> Any:
        return collect(document, aws, spark, tmp_path, number, **more)

    assert day(19) == [1, 2], "the first run reads all that there is, before its own date"
    with pytest.raises(SystemExit, match="not_null of 'output' fails on share in 1 of 1 rows"):
        day(20, broken=3)
    assert list(marks(aws)) == ["19"], "a failed run has read nothing"
    assert day(20) == [3]
    assert day(20) == [3], "the same date again gives the same rows"
    assert day(22) == [4], "a day without a run is caught up with"
    assert day(21) == [], "which then has nothing of its own"
    assert day(23) == [5]
    assert day(24) == [], "an empty day"
    assert day(25) == [], "and one after it"
    assert day(19) == [1, 2]
    newest = "2026-11-22 09:00:00"
    assert marks(aws) == {
        "19": (None, "2026-11-18 23:59:59.999999"),
        "20": ("2026-11-18 23:59:59.999999", "2026-11-19 00:00:00"),
        "21": ("2026-11-19 00:00:00", "2026-11-19 00:00:00"),
        "22": ("2026-11-19 00:00:00", "2026-11-20 12:00:00"),
        "23": ("2026-11-20 12:00:00", newest),
        "24": (newest, newest),
        "25": (newest, newest),
    }
    assert aws.objects["s3://data/22.json"]["inputs"] == {
        "sales": {
            "rows": 1,
            "bookmark": {"column": "mark", "after": "2026-11-19 00:00:00", "until": "2026-11-20 12:00:00"},
        }
    }


def test_numbers_that_count_up_in_files(spark: SparkSession, tmp_path: Path) -> None:
    """CSV files hold text: nine comes before ten all the same, and what is no number is found by the check of types."""
    table = tmp_path / "lake/shop/sales"
    table.mkdir(parents=True)
    aws = Aws({})
    document = settings({"kind": "s3", "location": f"{tmp_path}/lake/", "format": "csv"}, "bigint", after=7)

    def arrive(*sales: int | str) -> None:
        pyarrow.csv.write_csv(pa.table({"sale": [1] * len(sales), "mark": sales}), table / f"{sales[0]}.csv")

    arrive(6, 7)
    assert collect(document, aws, spark, tmp_path, 19) == []
    arrive(9, 8)
    assert collect(document, aws, spark, tmp_path, 20) == [1, 1]
    arrive(10)
    assert collect(document, aws, spark, tmp_path, 21) == [1]
    assert marks(aws) == {"19": ("7", "7"), "20": ("7", "9"), "21": ("9", "10")}
    arrive("eleven")
    with pytest.raises(SystemExit, match="check type of 'sales' fails on mark in 1 of 1 rows"):
        collect(document, aws, spark, tmp_path, 22)
    document["inputs"]["sales"]["bookmark"]["column"] = "sale"
    with pytest.raises(SystemExit, match="kept by 'mark', and the contract says 'sale': to begin anew, remove s3://"):
        collect(document, aws, spark, tmp_path, 22)

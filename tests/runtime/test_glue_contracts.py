"""Contracts on a real Spark: every type, foreign keys, partitions, and what the report counts."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from runtime.common.pseudonyms import pseudonymise
from tests.glue_job import Aws, failure, rows, start

pytestmark = pytest.mark.slow

KEY = "key-that-nobody-may-see"


def written(folder: Path, name: str, columns: dict[str, Any]) -> str:
    """An input that an earlier step wrote."""
    target = folder / name
    target.mkdir()
    pq.write_table(pa.table(columns), target / "part.parquet")
    return str(target)


def settings(inputs: dict[str, Any], output: dict[str, Any], sql: str = "SELECT * FROM sales") -> dict[str, Any]:
    return {
        "schema_version": 1,
        "step": "report",
        "warehouse": None,
        "protection": None,
        "inputs": {name: {"from": "s3", **contract} for name, contract in inputs.items()},
        "sql": sql,
        "output": output,
    }


def contract(columns: dict[str, str], *checks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"columns": {name: {"type": kind} for name, kind in columns.items()}, "checks": list(checks), **more}


def test_every_type_is_read_converted_and_written(spark: SparkSession, tmp_path: Path) -> None:
    values = {
        "price": ["12.345", "-0.004", None],
        "share": pa.array([0.5, 1.5, None], pa.float64()),
        "tags": [["a", "b"], [], None],
        "sizes": pa.array([["1", "2"], ["3"], None], pa.list_(pa.string())),
        "moment": [datetime(2026, 11, 21, 23, 59), None, None],
    }
    columns = {
        "price": "decimal(12,2)",
        "share": "float",
        "tags": "array<string>",
        "sizes": "array<int>",
        "moment": "date",
    }
    address = written(tmp_path, "in", values)
    document = settings({"sales": contract(columns)}, contract(columns))
    start(document, Aws({}), spark, tmp_path, "--input_sales", address)
    schema = pq.read_table(tmp_path / "out").schema
    assert [str(field.type) for field in schema] == [
        "decimal128(12, 2)",
        "float",
        "list<element: string>",
        "list<element: int32>",
        "date32[day]",
    ]
    found = sorted(rows(tmp_path), key=lambda row: str(row["price"]))
    assert [tuple(row.values()) for row in found] == [
        (Decimal("0.00"), 1.5, [], [3], None),
        (Decimal("12.35"), 0.5, ["a", "b"], [1, 2], date(2026, 11, 21)),
        (None, None, None, None, None),
    ]


def test_a_decimal_that_does_not_fit_is_a_violation(spark: SparkSession, tmp_path: Path) -> None:
    address = written(tmp_path, "in", {"price": ["1234.5", "1"]})
    document = settings({"sales": contract({"price": "decimal(4,2)"})}, contract({"price": "decimal(4,2)"}))
    assert failure(document, Aws({}), spark, tmp_path, "--input_sales", address) == (
        "report: check type of 'sales' fails on price in 1 of 2 rows"
    )


CARS = contract({"id": "int", "make": "string"})
SALES = {"car": "int", "buyer": "string"}


@pytest.mark.parametrize("of_output", [False, True])
def test_a_foreign_key_counts_rows_without_a_key(of_output: bool, spark: SparkSession, tmp_path: Path) -> None:
    sales = written(tmp_path, "sales", {"car": pa.array([1, 1, 2, 9, 9, None], pa.int32()), "buyer": list("abcdef")})
    cars = written(tmp_path, "cars", {"id": pa.array([1, 2, 2, None], pa.int32()), "make": list("wxyz")})
    check = {"foreign_key": {"car": {"input": "cars", "column": "id"}}}
    checked, plain = contract(SALES, check), contract(SALES)
    aws = Aws({})
    document = settings({"sales": plain if of_output else checked, "cars": CARS}, checked if of_output else plain)
    arguments = ("--input_sales", sales, "--input_cars", cars)
    dataset = "output" if of_output else "sales"
    assert failure(document, aws, spark, tmp_path, *arguments) == (
        f"report: check foreign_key of '{dataset}' fails on car in 2 of 6 rows"
    )
    assert aws.objects["s3://data/r.json"]["checks"] == [
        {"dataset": dataset, "check": "foreign_key", "columns": ["car"], "violations": 2, "rows": 6}
    ]
    assert not (tmp_path / "out").exists()


def test_a_foreign_key_holds_between_pseudonyms_and_within_one_table(spark: SparkSession, tmp_path: Path) -> None:
    people = {"id": ["ann", "bob", "cleo"], "friend": ["bob", "ann", None]}
    address = written(tmp_path, "people", people)
    raw = {
        "columns": {name: {"type": "string", "protect": "hash"} for name in people},
        "checks": [{"foreign_key": {"friend": {"input": "sales", "column": "id"}}}],
    }
    document = settings({"sales": raw}, contract({"id": "string", "friend": "string"}))
    document["protection"] = {"secret": "keys"}
    aws = Aws({"keys": {"key": KEY}})
    start(document, aws, spark, tmp_path, "--input_sales", address)
    assert {row["friend"] for row in rows(tmp_path)} == {
        pseudonymise("ann", KEY.encode()),
        pseudonymise("bob", KEY.encode()),
        None,
    }
    assert aws.objects["s3://data/r.json"]["checks"] == [
        {"dataset": "sales", "check": "foreign_key", "columns": ["friend"], "violations": 0, "rows": 3}
    ]


@pytest.mark.parametrize("target", [{"input": "cars", "column": "id"}, {"input": "sales", "column": "id"}])
def test_a_foreign_key_to_nothing_is_one_sentence(target: dict[str, str], spark: SparkSession, tmp_path: Path) -> None:
    address = written(tmp_path, "sales", {"car": [1]})
    columns = {"car": "bigint"}
    document = settings({"sales": contract(columns, {"foreign_key": {"car": target}})}, contract(columns))
    assert failure(document, Aws({}), spark, tmp_path, "--input_sales", address) == (
        f"report: check foreign_key of dataset 'sales' names '{target['input']}.id', which is not there"
    )


def test_partitions_are_folders_and_come_back_as_columns(spark: SparkSession, tmp_path: Path) -> None:
    columns = {"car": "int", "day": "date", "country": "string"}
    days = [date(2026, 11, 20), date(2026, 11, 20), date(2026, 11, 21)]
    values = {"car": pa.array([3, 1, 2], pa.int32()), "day": days, "country": ["DE", "DE", "0049"]}
    parted = contract(columns, partitions=["country", "day"])
    address = written(tmp_path, "in", values)
    start(settings({"sales": contract(columns)}, parted), Aws({}), spark, tmp_path, "--input_sales", address)
    folders = sorted(
        path.relative_to(tmp_path / "out").parent.as_posix() for path in tmp_path.glob("out/*/*/*.parquet")
    )
    assert folders == ["country=0049/day=2026-11-21", "country=DE/day=2026-11-20"]
    again = tmp_path / "again"
    again.mkdir()
    document = settings({"sales": contract(columns)}, contract(columns))
    start(document, Aws({}), spark, again, "--input_sales", str(tmp_path / "out"))
    assert rows(again) == [
        {"car": 1, "day": days[0], "country": "DE"},
        {"car": 2, "day": days[2], "country": "0049"},
        {"car": 3, "day": days[0], "country": "DE"},
    ]


def test_partitions_of_no_rows_are_a_table_all_the_same(spark: SparkSession, tmp_path: Path) -> None:
    columns = {"car": "int", "country": "string"}
    address = written(tmp_path, "in", {"car": pa.array([1], pa.int32()), "country": ["DE"]})
    document = settings(
        {"sales": contract(columns)}, contract(columns, partitions=["country"]), "SELECT * FROM sales WHERE car > 1"
    )
    start(document, Aws({}), spark, tmp_path, "--input_sales", address)
    assert pq.read_table(tmp_path / "out").schema.names == ["car", "country"]
    assert rows(tmp_path) == []


def test_parameters_are_bound_in_sql_and_windows(spark: SparkSession, tmp_path: Path) -> None:
    days = [date(2026, 11, day) for day in (18, 19, 20, 21, 22)]
    address = written(tmp_path, "in", {"day": days, "country": ["DE", "DE", "FR", "O'Neil", "DE"]})
    columns = {"day": "date", "country": "string"}
    source = contract(columns, window={"column": "day", "days": {"parameter": "days"}})
    document = settings({"sales": source}, contract(columns), "SELECT * FROM sales WHERE country IN ('DE', :country)")
    document["parameters"] = {"days": "int", "country": "string"}
    given = ["--input_sales", address, "--parameters", '{"days": 3, "country": "O\'Neil"}']
    start(document, Aws({}), spark, tmp_path, *given)
    assert rows(tmp_path) == [{"day": days[1], "country": "DE"}, {"day": days[3], "country": "O'Neil"}]
    given[-1] = '{"days": 0, "country": "x"}'
    assert failure(document, Aws({}), spark, tmp_path, *given) == (
        "report: parameter 'days' is 0, and a window has at least one day"
    )


def test_more_rows_than_allowed(spark: SparkSession, tmp_path: Path) -> None:
    address = written(tmp_path, "in", {"car": [1, 2, 3]})
    columns = {"car": "bigint"}
    document = settings({"sales": contract(columns, {"max_rows": 1})}, contract(columns))
    assert failure(document, Aws({}), spark, tmp_path, "--input_sales", address) == (
        "report: check max_rows of 'sales' fails: 3 rows, 2 too many"
    )

"""The checker and Spark agree: what it accepts can be planned, what it refuses cannot."""

import datetime
import os
from collections.abc import Iterator
from typing import Any

import pytest

from pipelinegen.local.java import find_java
from pipelinegen.sql.check import IMPOSSIBLE
from pipelinegen.sql.rules import spark_functions
from pipelinegen.sql.types import family
from tests.unit.sql.queries import CLICKS, FAULTY, FINE, INPUTS

pytestmark = pytest.mark.slow

NO_QUERY = ("INSERT", "SELECT user_id FROM clicks;")


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    os.environ.setdefault("JAVA_HOME", str(find_java().parents[1]))
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("spark"))).getOrCreate()
    for name, columns in INPUTS.items():
        schema = ", ".join(f"{column} {type}" for column, type in columns.items())
        session.createDataFrame([], schema).createOrReplaceTempView(name)
    yield session
    session.stop()


def plan(spark: Any, sql: str) -> Any:
    return spark.sql(sql, args={"run_date": datetime.date(2026, 11, 22)}).schema


@pytest.mark.parametrize("sql", FINE)
def test_spark_plans_what_is_accepted(spark: Any, sql: str) -> None:
    plan(spark, sql)


@pytest.mark.parametrize("sql", [sql for sql, _, _ in FAULTY if not sql.startswith(NO_QUERY)])
def test_spark_refuses_what_is_refused(spark: Any, sql: str) -> None:
    from pyspark.errors import PySparkException

    with pytest.raises(PySparkException):
        plan(spark, sql)


def test_impossible_types_are_those_of_try_cast(spark: Any) -> None:
    from pyspark.errors import PySparkException

    types = sorted({*CLICKS.values(), "float", "decimal(12,2)", "array<string>"})
    found = set()
    for have in types:
        for want in types:
            try:
                plan(spark, f"SELECT try_cast(CAST(NULL AS {have}) AS {want})")
            except PySparkException:
                found.add((family(have), family(want)))
    assert found == IMPOSSIBLE


def test_functions_are_those_of_spark(spark: Any) -> None:
    names = {row.function for row in spark.sql("SHOW FUNCTIONS").collect()}
    assert {name for name in names if name.isidentifier()} == spark_functions()

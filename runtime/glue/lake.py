"""Tables that are files in S3: folders of a given format, or what the Data Catalog says of its tables."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from runtime.glue.faults import EtlError, faults_of

#: A CSV file has a header, quotes doubled as RFC 4180 has it, and times in UTC; a broken row is a fault, not a null.
CSV_OPTIONS: Mapping[str, str] = {"header": "true", "escape": '"', "multiLine": "true", "mode": "FAILFAST"}

_SERDES: Mapping[str, str] = {
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe": "parquet",
    "org.apache.hadoop.hive.ql.io.orc.OrcSerde": "orc",
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe": "csv",
    "org.apache.hadoop.hive.serde2.OpenCSVSerde": "csv",
    "org.openx.data.jsonserde.JsonSerDe": "json",
    "org.apache.hive.hcatalog.data.JsonSerDe": "json",
}


@dataclass(frozen=True, slots=True)
class Files:
    """Where the files of a table lie and how they are read; `columns` are given where the files do not name them."""

    address: str
    format: str
    options: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lake:
    """Tables by the name that contracts give them."""

    tables: Mapping[str, Files]

    def read(self, spark: SparkSession, table: str) -> DataFrame:
        """The table; Spark reads only the columns, row groups and folders that are asked for. Raises: EtlError."""
        files = self.tables[table]
        reader = spark.read.format(files.format).options(**files.options)
        if files.columns:
            reader = reader.schema(", ".join(f"`{name}` string" for name in files.columns))
        with faults_of(f"table '{table}' cannot be read from {files.address}"):
            return reader.load(files.address)

    def redacted(self, text: str) -> str:
        """The text itself: there are no credentials in it."""
        return text


def lake(warehouse: Mapping[str, Any], tables: Iterable[str], clients: Callable[[str], Any]) -> Lake:
    """The tables of a warehouse of kind s3 or glue_catalog. Raises: EtlError if the catalog does not have one."""
    if warehouse["kind"] == "glue_catalog":
        glue = clients("glue")
        return Lake({table: _catalogued(glue, warehouse["database"], table) for table in tables})
    options = CSV_OPTIONS if warehouse["format"] == "csv" else {}
    location = warehouse["location"]
    return Lake(
        {table: Files(f"{location}{table.replace('.', '/')}/", warehouse["format"], options) for table in tables}
    )


def _catalogued(glue: Any, database: str, table: str) -> Files:
    named, _, name = table.lower().rpartition(".")
    with faults_of(f"table '{table}' cannot be found in the Data Catalog"):
        found = glue.get_table(DatabaseName=named or database.lower(), Name=name)["Table"]
    storage = found.get("StorageDescriptor", {})
    serde = storage.get("SerdeInfo", {}).get("SerializationLibrary", "")
    format = _SERDES.get(serde)
    if found.get("Parameters", {}).get("table_type", "").upper() == "ICEBERG" or format is None:
        kind = found.get("Parameters", {}).get("table_type") or serde or "nothing that says how"
        raise EtlError(f"table '{table}' of the Data Catalog is stored as {kind}, which is not read")
    if format != "csv":
        return Files(storage["Location"], format)
    return _csv(storage, found.get("Parameters", {}))


def _csv(storage: Mapping[str, Any], table: Mapping[str, str]) -> Files:
    given = {**table, **storage.get("Parameters", {}), **storage["SerdeInfo"].get("Parameters", {})}
    separator = given.get("field.delim") or given.get("separatorChar") or ","
    has_header = given.get("skip.header.line.count", "0") != "0"
    options = {**CSV_OPTIONS, "sep": separator, "header": str(has_header).lower(), "enforceSchema": "true"}
    return Files(storage["Location"], "csv", options, tuple(column["Name"] for column in storage["Columns"]))

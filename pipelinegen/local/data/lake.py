"""Tables as files in the local cloud's S3 and as tables of its Data Catalog: warehouses that are no database."""

import io
from collections.abc import Callable, Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from pipelinegen.ir.model import Location, Warehouse

Clients = Callable[[str], Any]

_PARQUET_SERDE: Final = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
_INPUT: Final = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
_OUTPUT: Final = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"


def fill_lake(clients: Clients, warehouse: Warehouse, tables: Mapping[str, pa.Table]) -> None:
    """Puts every table where the warehouse's owner would have it; the buckets are made."""
    s3 = clients("s3")
    region = s3.meta.region_name
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    present = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    for bucket in dict.fromkeys(place.bucket for place in warehouse.places):
        if bucket not in present:
            s3.create_bucket(Bucket=bucket, **where)
    for name, table in tables.items():
        folder = warehouse.folder(name)
        ending = warehouse.format if warehouse.kind == "s3" else "parquet"
        s3.put_object(Bucket=folder.bucket, Key=f"{folder.prefix}part-0.{ending}", Body=_file(table, ending))
        if warehouse.kind == "glue_catalog":
            _register(clients("glue"), warehouse, name, table, folder)


def _file(table: pa.Table, format: str) -> bytes:
    target = io.BytesIO()
    if format == "csv":
        pyarrow.csv.write_csv(table, target)
    else:
        pq.write_table(table, target, coerce_timestamps="us", allow_truncated_timestamps=True)
    return target.getvalue()


def _register(glue: Any, warehouse: Warehouse, name: str, table: pa.Table, folder: Location) -> None:
    named, _, short = name.lower().rpartition(".")
    database = named or str(warehouse.database).lower()
    if database not in {item["Name"] for item in glue.get_databases()["DatabaseList"]}:
        glue.create_database(DatabaseInput={"Name": database})
    storage = {
        "Columns": [{"Name": field.name.lower(), "Type": _hive_type(field.type)} for field in table.schema],
        "Location": folder.uri,
        "InputFormat": _INPUT,
        "OutputFormat": _OUTPUT,
        "SerdeInfo": {"SerializationLibrary": _PARQUET_SERDE},
    }
    described = {"Name": short, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
    if short in {item["Name"] for item in glue.get_tables(DatabaseName=database)["TableList"]}:
        glue.update_table(DatabaseName=database, TableInput=described)
    else:
        glue.create_table(DatabaseName=database, TableInput=described)


def _hive_type(kind: pa.DataType) -> str:
    """What the catalog calls a type."""
    if pa.types.is_dictionary(kind):
        return _hive_type(kind.value_type)
    if pa.types.is_list(kind):
        return f"array<{_hive_type(kind.value_type)}>"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    names = {"int64": "bigint", "int32": "int", "double": "double", "float": "float", "bool": "boolean"}
    if pa.types.is_timestamp(kind):
        return "timestamp"
    return "date" if pa.types.is_date(kind) else names.get(str(kind), "string")

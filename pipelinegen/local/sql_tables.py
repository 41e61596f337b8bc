"""Arrow tables as tables of PostgreSQL: what creates them, and their rows as COPY reads them."""

from collections.abc import Callable, Mapping
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from pipelinegen.local.faults import LocalCloudError

#: Tests of Arrow's types with what they are in PostgreSQL; whole numbers, decimals and lists apart.
POSTGRESQL: Final[Mapping[str, str]] = {
    "string": "text",
    "floating": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
_TESTS: Final[Mapping[str, Callable[[pa.DataType], bool]]] = {
    "string": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind),
    "floating": pa.types.is_floating,
    "boolean": pa.types.is_boolean,
    "date": pa.types.is_date,
    "timestamp": pa.types.is_timestamp,
}


def create_table(name: str, table: pa.Table, types: Mapping[str, str]) -> list[str]:
    """The statements that create a table, and its schema. Raises: LocalCloudError for a type without a place."""
    columns = ", ".join(
        f"{_quoted(field.name)} {_sql_type(name, field.name, field.type, types)}" for field in table.schema
    )
    schema = name.rpartition(".")[0]
    before = [f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}"] if schema else []
    return [*before, f"CREATE TABLE {quoted_name(name)} ({columns})"]


def copy_rows(name: str, table: pa.Table, target: IO[bytes]) -> str:
    """Writes the rows as CSV to `target`; gives the statement that reads them."""
    columns = [_storable(column) for column in table.columns]
    pyarrow.csv.write_csv(
        pa.table(columns, names=table.column_names), target, pyarrow.csv.WriteOptions(include_header=False)
    )
    return f"COPY {quoted_name(name)} FROM STDIN WITH (FORMAT csv)"


def quoted_name(name: str) -> str:
    """`schema.table` as PostgreSQL folds names without quotes, in quotes: words such as `user` are allowed."""
    return ".".join(_quoted(part) for part in name.split("."))


def _quoted(name: str) -> str:
    return '"' + name.lower().replace('"', '""') + '"'


def _sql_type(table: str, column: str, kind: pa.DataType, types: Mapping[str, str]) -> str:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_integer(kind):
        return "integer" if kind.bit_width <= 32 else "bigint"
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision}, {kind.scale})"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"{_sql_type(table, column, kind.value_type, types)}[]"
    for word, test in _TESTS.items():
        if test(kind):
            return types[word]
    raise LocalCloudError(
        f"column '{column}' of table '{table}' is {kind}, which the local warehouse does not store",
        "convert it to text, a number, boolean, date, timestamp or a list of these",
    )


def _storable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column in the form that COPY reads."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_null(column.type):
        return column.cast(pa.string())
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us"), safe=False)
    if pa.types.is_decimal(column.type):
        return column.cast(pa.string())
    if pa.types.is_floating(column.type):
        # The same rows in every warehouse: Derby has neither NaN nor infinity.
        return pc.if_else(pc.is_finite(column), column, None)
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return pa.chunked_array([pa.array([_array(value) for value in column.to_pylist()], pa.string())])
    return column


def _array(values: list[Any] | None) -> str | None:
    """A list in PostgreSQL's own writing: {"a","b",NULL}."""
    if values is None:
        return None
    return "{" + ",".join("NULL" if value is None else _element(value) for value in values) + "}"


def _element(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

"""Where data comes from and what it promises: warehouse, protection, and the contracts of datasets."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue, field_validator, model_validator

from pipelinegen.spec.fields import (
    ColumnOfDataset,
    ColumnType,
    Days,
    FreeText,
    Identifier,
    KmsKeyArn,
    NumberOrMoment,
    PositiveInt,
    S3Folder,
    S3SubFolder,
    SecretName,
    SpecValueError,
    StrictModel,
    TableName,
    at_least_one,
    exactly_one,
)

#: What each kind of warehouse needs, and what it may have; the others' keys it does not take.
_WAREHOUSE_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    **dict.fromkeys(("redshift", "postgresql", "mysql"), (("secret", "database"), ())),
    "s3": (("location",), ("format", "kms_key")),
    "glue_catalog": (("database", "locations"), ("kms_key",)),
}


def _keys_by_kind() -> ConfigDict:
    """What the schema says of the keys that go with each kind; the validator says the same to the compiler."""
    every = {key for needed, possible in _WAREHOUSE_KEYS.values() for key in (*needed, *possible)}
    nothing: JsonValue = {"type": "null"}
    rules: list[JsonValue] = [
        {
            "if": {"properties": {"kind": {"const": kind}}},
            "then": {
                "required": list(needed),
                "properties": {
                    **{key: {"not": nothing} for key in needed},
                    **dict.fromkeys(sorted(every.difference(needed, possible)), nothing),
                },
            },
        }
        for kind, (needed, possible) in _WAREHOUSE_KEYS.items()
    ]
    return ConfigDict(json_schema_extra={"allOf": rules})


class WarehouseSpec(StrictModel):
    """Where the datasets lie: a database read by JDBC, folders of files in S3, or tables of the Data Catalog.

    The secret of a database holds host, port, username and password; the spec never does.
    """

    model_config = _keys_by_kind()

    kind: Annotated[
        Literal["redshift", "postgresql", "mysql", "s3", "glue_catalog"],
        Field(description="The engine, read by JDBC; or s3 or glue_catalog"),
    ]
    secret: Annotated[SecretName | None, Field(description="Secrets Manager name, for a database")] = None
    database: Annotated[
        str | None,
        Field(pattern=r"^[A-Za-z0-9_]{1,64}$", description="The database to connect to, or that of the Data Catalog"),
    ] = None
    location: Annotated[
        S3Folder | None, Field(description="For s3: the folder below which each table has one of its name")
    ] = None
    format: Annotated[
        Literal["parquet", "csv"] | None,
        Field(description="For s3: of the files; parquet by default. CSV has a header"),
    ] = None
    locations: Annotated[
        list[S3SubFolder] | None,
        Field(min_length=1, max_length=20, description="For glue_catalog: below which the tables' files lie"),
    ] = None
    kms_key: Annotated[KmsKeyArn | None, Field(description="The key that the files are encrypted with, if any")] = None

    @model_validator(mode="after")
    def _keys_of_its_kind(self) -> "WarehouseSpec":
        needed, possible = _WAREHOUSE_KEYS[self.kind]
        given = {name for name in type(self).model_fields if getattr(self, name) is not None} - {"kind"}
        lacking = [key for key in needed if key not in given]
        if lacking:
            message = f"a warehouse of kind '{self.kind}' lacks '{lacking[0]}'"
            raise SpecValueError(message, f"add `{lacking[0]}:`", "PG136")
        unfit = sorted(given.difference(needed, possible))
        if unfit:
            message = f"a warehouse of kind '{self.kind}' has no '{unfit[0]}'"
            raise SpecValueError(message, f"remove `{unfit[0]}:`, or name another kind", "PG136")
        return self


class ProtectionSpec(StrictModel):
    """The keys for `protect: hash` and `protect: tokenise`."""

    secret: Annotated[
        SecretName,
        Field(description='Secrets Manager name; its JSON value holds "key" (hash) and "token_key" (tokenise)'),
    ]


class ColumnSpec(StrictModel):
    """One column of a dataset."""

    type: Annotated[ColumnType, Field(description="What values become when the table is read; Spark's words")]
    description: Annotated[FreeText | None, Field(description="What the column says, for the Data Catalog")] = None
    nullable: Annotated[bool, Field(description="Whether rows may lack a value; false is a check `not_null`")] = True
    sensitive: Annotated[bool, Field(description="Never reaches S3 in the clear")] = False
    protect: Annotated[
        Literal["hash", "drop", "tokenise"] | None,
        Field(description="What is done to a sensitive column on reading; who has the key can turn tokens back"),
    ] = None


class WindowSpec(StrictModel):
    """The fresh part of a table: the `days` before the run's date, midnight to midnight UTC."""

    column: Annotated[Identifier, Field(description="The date or timestamp that says when a row came about")]
    days: Annotated[
        Days,
        Field(description="How many days before the run's date are read; ${parameters.<name>} for one that is given"),
    ] = 1


class BookmarkSpec(StrictModel):
    """What no earlier date has read: rows whose value is above the highest that the step has seen so far.

    Kept by each step for itself, one mark a date; a date that is run again reads the same rows again.
    """

    column: Annotated[
        Identifier,
        Field(description="A whole number that counts up, or a date or timestamp; rows without one stay out"),
    ]
    after: Annotated[
        NumberOrMoment | None,
        Field(description="The first run reads rows above this value, such as 2026-01-01; all rows if not given"),
    ] = None


def _window_or_bookmark() -> ConfigDict:
    nothing: JsonValue = {"type": "null"}
    given: JsonValue = {"required": ["bookmark"], "properties": {"bookmark": {"not": nothing}}}
    return ConfigDict(json_schema_extra={"if": given, "then": {"properties": {"window": nothing}}})


class FromSpec(StrictModel):
    """The table a dataset is read from: all of it, a window of days before the run's date, or from a bookmark on."""

    model_config = _window_or_bookmark()

    table: Annotated[TableName, Field(description="Name in the warehouse: table, schema.table or catalog.schema.table")]
    window: WindowSpec | None = None
    bookmark: BookmarkSpec | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "FromSpec":
        if self.window and self.bookmark:
            raise SpecValueError("a table is read by its window or by a bookmark", "remove `window:` or `bookmark:`")
        return self


class RangeSpec(StrictModel):
    """Bounds of a number; both belong to the range, and one may be left out."""

    model_config = at_least_one("min", "max")

    min: Annotated[int | float | None, Field(description="The least value")] = None
    max: Annotated[int | float | None, Field(description="The greatest value")] = None

    @model_validator(mode="after")
    def _some_bound(self) -> "RangeSpec":
        if self.min is None and self.max is None:
            raise SpecValueError("a range has no bound", "give `min:`, `max:` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise SpecValueError(f"no number is from {self.min} to {self.max}", "let `min` be the smaller one")
        return self


class FreshnessSpec(StrictModel):
    """The newest value of a date or timestamp is not too old."""

    column: Annotated[Identifier, Field(description="The date or timestamp that says when a row came about")]
    max_age_hours: Annotated[
        PositiveInt, Field(description="How old the newest value may be at the start (UTC) of the run's date")
    ] = 24


#: Checks that compare values, which the pseudonyms of a hashed column cannot be.
VALUE_CHECKS = ("accepted_values", "range", "freshness")


class CheckSpec(StrictModel):
    """One promise about the data; exactly one key. The Glue job fails when it is broken."""

    model_config = exactly_one(
        "not_null", "unique", "min_rows", "max_rows", "accepted_values", "range", "freshness", "foreign_key"
    )

    not_null: Annotated[
        list[Identifier] | None, Field(description="Each of these columns has a value in every row")
    ] = None
    unique: Annotated[
        list[Identifier] | None, Field(description="No two rows agree in all of these columns; null counts as a value")
    ] = None
    min_rows: Annotated[
        Annotated[int, Field(ge=0)] | None, Field(description="The table has at least so many rows")
    ] = None
    max_rows: Annotated[Annotated[int, Field(ge=0)] | None, Field(description="The table has at most so many rows")] = (
        None
    )
    accepted_values: Annotated[
        dict[Identifier, Annotated[list[str | int | float | bool], Field(min_length=1)]] | None,
        Field(min_length=1, description="Each of these columns has one of its listed values, or none"),
    ] = None
    range: Annotated[
        dict[Identifier, RangeSpec] | None,
        Field(min_length=1, description="Each of these columns is a number within its bounds, or has no value"),
    ] = None
    freshness: Annotated[
        FreshnessSpec | None, Field(description="The newest value of a date or timestamp is not too old")
    ] = None
    foreign_key: Annotated[
        dict[Identifier, ColumnOfDataset] | None,
        Field(
            min_length=1,
            description="Each of these columns has a value of `<dataset>.<column>`, which the step reads, too, or none",
        ),
    ] = None

    @model_validator(mode="after")
    def _one_promise(self) -> "CheckSpec":
        given = [name for name in self.model_fields_set if getattr(self, name) is not None]
        if len(given) != 1:
            raise SpecValueError("a check has exactly one key", "write each check as its own list item")
        return self

    @property
    def kind(self) -> str:
        """The one key."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)

    def places(self) -> list[tuple[str, tuple[str | int, ...]]]:
        """The columns the check speaks of, each with its path inside the check."""
        found: list[tuple[str, tuple[str | int, ...]]] = []
        for kind, columns in (("not_null", self.not_null), ("unique", self.unique)):
            found.extend((column, (kind, place)) for place, column in enumerate(columns or ()))
        by_column = ("accepted_values", self.accepted_values), ("range", self.range), ("foreign_key", self.foreign_key)
        for kind, values in by_column:
            found.extend((column, (kind, column)) for column in values or ())
        if self.freshness:
            found.append((self.freshness.column, ("freshness", "column")))
        return found

    def columns(self) -> list[str]:
        """The columns the check speaks of."""
        return [column for column, _ in self.places()]


class DatasetSpec(StrictModel):
    """A data contract: columns, keys, checks, and the table it is read from, where it is read from one."""

    description: Annotated[FreeText | None, Field(description="What the rows are, for the Data Catalog")] = None
    from_: Annotated[FromSpec | None, Field(alias="from")] = None
    columns: Annotated[
        dict[Identifier, ColumnSpec], Field(min_length=1, description="Every column by its name, in the table's order")
    ]
    keys: Annotated[
        list[Identifier],
        Field(
            description="Columns that together name a row; the checks `not_null` and `unique` of them",
            json_schema_extra={"uniqueItems": True},
        ),
    ] = []
    partitions: Annotated[
        list[Identifier],
        Field(
            max_length=8,
            description="Columns by whose values the files lie in folders below that of the date",
            json_schema_extra={"uniqueItems": True},
        ),
    ] = []
    freshness: Annotated[
        FreshnessSpec | None, Field(description="The newest value of a date or timestamp is not too old")
    ] = None
    checks: Annotated[
        list[CheckSpec], Field(description="Promises that the Glue job enforces and reports with counts")
    ] = []

    @field_validator("keys", "partitions")
    @classmethod
    def _each_once(cls, value: list[str]) -> list[str]:
        twice = next((name for place, name in enumerate(value) if name in value[:place]), None)
        if twice:
            raise SpecValueError(f"'{twice}' is named twice", "name each column once")
        return value

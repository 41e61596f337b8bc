"""The pipeline's own keys. Steps stay untyped here: their kinds type them in `resolve.steps`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from pipelinegen.spec.conditions import Scalar
from pipelinegen.spec.fields import (
    AccountId,
    ColumnType,
    Cron,
    Email,
    EnvironmentName,
    FreeText,
    Identifier,
    PipelineName,
    PositiveInt,
    Region,
    SecretName,
    SpecValueError,
    StepName,
    StrictModel,
    TableName,
    at_least_one,
    exactly_one,
)


class OwnerSpec(StrictModel):
    """Who answers for the pipeline; becomes tags."""

    team: Annotated[str, Field(pattern=r"^[A-Za-z0-9 _.:/=+@-]{1,128}$", description="Team name, as a tag value")]
    email: Annotated[Email, Field(description="Whom to ask; becomes the tag `owner`")]


class ScheduleSpec(StrictModel):
    """When the pipeline starts by itself: `cron` or `rate`."""

    model_config = exactly_one("cron", "rate")

    cron: Annotated[Cron | None, Field(description="Six fields as EventBridge Scheduler reads them")] = None
    rate: Annotated[
        str | None,
        Field(pattern=r"^(1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))$", description="e.g. 6 hours"),
    ] = None
    timezone: Annotated[str, Field(pattern=r"^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$", description="IANA time zone")] = "UTC"
    parameters: Annotated[dict[Identifier, Scalar], Field(description="Values this schedule gives its runs")] = {}

    @model_validator(mode="after")
    def _one_rhythm(self) -> "ScheduleSpec":
        if (self.cron is None) == (self.rate is None):
            raise SpecValueError("a schedule has either `cron` or `rate`", "give one of them")
        return self

    @property
    def expression(self) -> str:
        """As EventBridge Scheduler wants it."""
        return f"cron({self.cron})" if self.cron else f"rate({self.rate})"


class WarehouseSpec(StrictModel):
    """Where the datasets lie. The secret holds host, port, username and password; the spec never does."""

    kind: Annotated[Literal["redshift", "postgresql", "mysql"], Field(description="The engine, read by JDBC")]
    secret: Annotated[SecretName, Field(description="Secrets Manager name")]
    database: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$", description="The database to connect to")]


class ProtectionSpec(StrictModel):
    """The key for `protect: hash`."""

    secret: Annotated[SecretName, Field(description='Secrets Manager name; its JSON value holds "key"')]


class ColumnSpec(StrictModel):
    """One column of a dataset."""

    type: Annotated[ColumnType, Field(description="What values become when the table is read; Spark's words")]
    sensitive: Annotated[bool, Field(description="Never reaches S3 in the clear")] = False
    protect: Annotated[
        Literal["hash", "drop"] | None, Field(description="What is done to a sensitive column on reading")
    ] = None


class WindowSpec(StrictModel):
    """The fresh part of a table: the `days` before the run's date, midnight to midnight UTC."""

    column: Annotated[Identifier, Field(description="The date or timestamp that says when a row came about")]
    days: Annotated[PositiveInt, Field(description="How many days before the run's date are read")] = 1


class FromSpec(StrictModel):
    """The table a dataset is read from."""

    table: Annotated[TableName, Field(description="Name in the warehouse: table, schema.table or catalog.schema.table")]
    window: WindowSpec | None = None


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

    model_config = exactly_one("not_null", "unique", "min_rows", "accepted_values", "range", "freshness")

    not_null: Annotated[
        list[Identifier] | None, Field(description="Each of these columns has a value in every row")
    ] = None
    unique: Annotated[
        list[Identifier] | None, Field(description="No two rows agree in all of these columns; null counts as a value")
    ] = None
    min_rows: Annotated[
        Annotated[int, Field(ge=0)] | None, Field(description="The table has at least so many rows")
    ] = None
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
        for kind, values in (("accepted_values", self.accepted_values), ("range", self.range)):
            found.extend((column, (kind, column)) for column in values or ())
        if self.freshness:
            found.append((self.freshness.column, ("freshness", "column")))
        return found

    def columns(self) -> list[str]:
        """The columns the check speaks of."""
        return [column for column, _ in self.places()]


class DatasetSpec(StrictModel):
    """A data contract: columns, checks, and the table it is read from, where it is read from one."""

    from_: Annotated[FromSpec | None, Field(alias="from")] = None
    columns: Annotated[
        dict[Identifier, ColumnSpec], Field(min_length=1, description="Every column by its name, in the table's order")
    ]
    checks: Annotated[
        list[CheckSpec], Field(description="Promises that the Glue job enforces and reports with counts")
    ] = []


class ParameterSpec(StrictModel):
    """A value that an execution may be given; schedules use the default."""

    type: Annotated[Literal["string", "int", "double", "boolean"], Field(description="What values it takes")]
    default: Annotated[
        Any, Field(description="What runs without it use"), WithJsonSchema({"type": ["string", "number", "boolean"]})
    ]
    description: Annotated[FreeText | None, Field(description="What it is for")] = None

    @model_validator(mode="after")
    def _default_fits(self) -> "ParameterSpec":
        if not fits_type(self.default, self.type):
            raise SpecValueError(f"the default is no {self.type}", f"give a {self.type} as `default:`")
        return self


def fits_type(value: object, type: str) -> bool:
    """Whether a value is of a parameter's type; a whole number is a double, too, and true is no number."""
    kinds = {"string": str, "int": int, "double": int | float, "boolean": bool}
    return isinstance(value, kinds[type]) and (type == "boolean") == isinstance(value, bool)


class OnFailureSpec(StrictModel):
    """Who hears of a failed run."""

    notify: Annotated[Email, Field(description="Subscribed to the pipeline's notifications")]


class LocalSpec(StrictModel):
    """What fills the warehouse when the pipeline runs on this machine."""

    data: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9_./-]+$",
            description="A built-in data set (vehicles, movielens), or a folder of CSV or Parquet files, one per table",
        ),
    ]


class EnvironmentSpec(StrictModel):
    """An account and region, and what differs there."""

    account_id: Annotated[AccountId, Field(description="The AWS account, 12 digits in quotes")]
    region: Annotated[Region, Field(description="The AWS region, such as eu-central-1")]
    overrides: Annotated[dict[str, Any], Field(description="Merged into the spec, key by key")] = {}

    @field_validator("overrides")
    @classmethod
    def _leaves_identity_alone(cls, value: dict[str, Any]) -> dict[str, Any]:
        for key in ("environments", "name", "version"):
            if key in value:
                raise SpecValueError(f"an environment cannot override '{key}'", f"remove '{key}' from the overrides")
        return value


class RawStep(BaseModel):
    """A step before its kind has typed it."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    kind: str


class PipelineSpec(StrictModel):
    """One pipeline."""

    version: Annotated[Literal[1], Field(description="The version of this language")]
    name: Annotated[PipelineName, Field(description="Begins every name in AWS; a-z, 0-9 and single '-'")]
    description: Annotated[FreeText, Field(description="One sentence for readers of the generated files")]
    owner: OwnerSpec
    schedule: Annotated[ScheduleSpec | None, Field(description="The one schedule; on demand only without")] = None
    schedules: Annotated[
        dict[Identifier, ScheduleSpec], Field(description="Several schedules by name, each with its own parameters")
    ] = {}
    warehouse: WarehouseSpec | None = None
    protection: ProtectionSpec | None = None
    parameters: Annotated[
        dict[Identifier, ParameterSpec], Field(description="Values an execution may be given, as ${parameters.<name>}")
    ] = {}
    datasets: Annotated[
        dict[Identifier, DatasetSpec], Field(description="Data contracts by name, used as ${datasets.<name>}")
    ] = {}
    steps: Annotated[
        dict[StepName, RawStep],
        Field(min_length=1, description="What is done, by name; references between steps give their order"),
    ]
    on_failure: OnFailureSpec | None = None
    tags: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[A-Za-z0-9 _.:/=+@-]{1,128}$")],
            Annotated[str, Field(pattern=r"^[A-Za-z0-9 _.:/=+@-]{0,256}$")],
        ],
        Field(description="Put on every AWS resource, beside pipeline, environment, team and owner"),
    ] = {}
    local: LocalSpec | None = None
    environments: Annotated[
        dict[EnvironmentName, EnvironmentSpec],
        Field(min_length=1, description="Where the pipeline is deployed; each gets its own generated folder"),
    ]

    @field_validator("version", mode="before")
    @classmethod
    def _is_a_number(cls, value: Any) -> Any:
        if value is True:
            raise SpecValueError("'version' wants 1, found true", "write `version: 1`")
        return value

    @model_validator(mode="after")
    def _one_way_to_schedule(self) -> "PipelineSpec":
        if self.schedule and self.schedules:
            raise SpecValueError("both `schedule` and `schedules` are given", "name the one schedule in `schedules:`")
        return self

    def named_schedules(self) -> dict[str, ScheduleSpec]:
        """Every schedule; one without a name is called main."""
        return {"main": self.schedule} if self.schedule else dict(self.schedules)

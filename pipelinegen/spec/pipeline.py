"""The pipeline's own keys. Steps stay untyped here: their kinds type them in `resolve.steps`."""

import re
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from pipelinegen.spec.conditions import ParameterValue
from pipelinegen.spec.datasets import DatasetSpec, ProtectionSpec, WarehouseSpec
from pipelinegen.spec.deferred import Deferred
from pipelinegen.spec.fields import (
    MOMENT,
    AccountId,
    Cron,
    Email,
    EnvironmentName,
    FreeText,
    Identifier,
    Include,
    InstanceName,
    PipelineName,
    Rate,
    RawStep,
    Region,
    S3Prefix,
    SpecValueError,
    StepName,
    StrictModel,
    Timezone,
    at_least_one,
    exactly_one,
)
from pipelinegen.spec.iam import IamSpec
from pipelinegen.spec.infrastructure import BudgetSpec, LogRetentionDays, NetworkSpec, PolicyName
from pipelinegen.spec.tags import Tags, TagValue
from pipelinegen.spec.triggers import TriggerSpec


def _leave_identity(value: dict[str, Any], whose: str, *allowed: str) -> dict[str, Any]:
    """The overrides themselves. Raises: SpecValueError if they change what makes the pipeline the one that it is."""
    for key in ("environments", "include", "instances", "name", "version"):
        if key in value and key not in allowed:
            raise SpecValueError(f"{whose} cannot override '{key}'", f"remove '{key}' from the overrides")
    return value


class OwnerSpec(StrictModel):
    """Who answers for the pipeline; becomes tags."""

    team: Annotated[str, Field(pattern=r"^[A-Za-z0-9 _.:/=+@-]{1,128}$", description="Team name, as a tag value")]
    email: Annotated[Email, Field(description="Whom to ask; becomes the tag `owner`")]
    cost_centre: Annotated[
        TagValue | None, Field(min_length=1, description="Who pays; becomes the tag `cost_centre`")
    ] = None


class ScheduleSpec(StrictModel):
    """When the pipeline starts by itself: `cron` or `rate`."""

    model_config = exactly_one("cron", "rate")

    cron: Annotated[Cron | None, Field(description="Six fields as EventBridge Scheduler reads them")] = None
    rate: Annotated[Rate | None, Field(description="e.g. 6 hours")] = None
    timezone: Annotated[Timezone, Field(description="IANA time zone")] = "UTC"
    parameters: Annotated[
        dict[Identifier, ParameterValue], Field(description="Values this schedule gives its runs")
    ] = {}

    @model_validator(mode="after")
    def _one_rhythm(self) -> "ScheduleSpec":
        if (self.cron is None) == (self.rate is None):
            raise SpecValueError("a schedule has either `cron` or `rate`", "give one of them")
        return self

    @property
    def expression(self) -> str:
        """As EventBridge Scheduler wants it."""
        return f"cron({self.cron})" if self.cron else f"rate({self.rate})"


class InstanceSpec(StrictModel):
    """A pipeline of its own, named `<pipeline>-<instance>`, with its own folder, state machine, data and model."""

    description: Annotated[FreeText | None, Field(description="Instead of the spec's")] = None
    parameters: Annotated[
        dict[Identifier, ParameterValue], Field(description="Values instead of the parameters' defaults")
    ] = {}
    schedule: Annotated[ScheduleSpec | None, Field(description="Instead of the spec's schedules")] = None
    schedules: Annotated[dict[Identifier, ScheduleSpec], Field(description="Instead of the spec's schedules")] = {}
    tags: Annotated[Tags, Field(description="Beside the spec's, and beside the tag `instance`")] = {}
    only_in: Annotated[
        list[EnvironmentName] | None, Field(min_length=1, description="Environments that have this instance")
    ] = None
    overrides: Annotated[
        dict[str, Any], Field(description="Merged into the spec, key by key, on top of the environment's")
    ] = {}

    @field_validator("overrides")
    @classmethod
    def _leaves_identity_alone(cls, value: dict[str, Any]) -> dict[str, Any]:
        return _leave_identity(value, "an instance")

    @model_validator(mode="after")
    def _one_way_to_schedule(self) -> "InstanceSpec":
        if self.schedule and self.schedules:
            raise SpecValueError("both `schedule` and `schedules` are given", "name the one schedule in `schedules:`")
        return self


class ParameterSpec(StrictModel):
    """A value that an execution may be given; schedules use the default.

    One of type `s3_uri` is the address of files that steps may read as their input.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["within"], "properties": {"within": {"not": {"type": "null"}}}},
            "then": {"properties": {"type": {"const": "s3_uri"}}},
            "else": {"properties": {"type": {"not": {"const": "s3_uri"}}}},
        }
    )

    type: Annotated[
        Literal["string", "int", "double", "boolean", "list", "timestamp", "s3_uri"],
        Field(description="What values it takes; a timestamp is a moment such as 2026-01-31T06:00:00Z"),
    ]
    default: Annotated[ParameterValue, Field(description="What runs without it use")]
    within: Annotated[
        S3Prefix | None,
        Field(description="With `type: s3_uri`: below which prefix the files lie"),
    ] = None
    description: Annotated[FreeText | None, Field(description="What it is for")] = None

    @model_validator(mode="after")
    def _default_fits(self) -> "ParameterSpec":
        if (self.type == "s3_uri") != (self.within is not None):
            message = "`within:` and `type: s3_uri` belong together"
            raise SpecValueError(message, "say with `within: s3://bucket/prefix/` what may be read")
        if not self.takes(self.default):
            raise SpecValueError(f"the default is not {self.words}, as `type: {self.type}` says", f"give {self.words}")
        return self

    @property
    def words(self) -> str:
        """What values it takes, for messages."""
        return f"an address below {self.within}" if self.within else TYPE_WORDS[self.type]

    def takes(self, value: object) -> bool:
        """Whether an execution may be given the value."""
        return fits_parameter(value, self.type, self.within)


TYPE_WORDS = {
    "boolean": "true or false",
    "double": "a number",
    "int": "a whole number",
    "list": "a list",
    "s3_uri": "an address in S3",
    "string": "text",
    "timestamp": "a moment such as 2026-01-31T06:00:00Z",
}


def fits_type(value: object, type: str) -> bool:
    """Whether a value is of a parameter's type; a whole number is a double, too, and true is no number."""
    kinds = {"string": str, "int": int, "double": int | float, "boolean": bool, "list": list, "s3_uri": str}
    if type == "timestamp":
        return isinstance(value, str) and re.fullmatch(MOMENT, value) is not None
    return isinstance(value, kinds[type]) and (type == "boolean") == isinstance(value, bool)


def fits_parameter(value: object, type: str, within: str | None) -> bool:
    """Whether a value is of a parameter's type, and an address of files below the prefix that is given."""
    return fits_type(value, type) and (within is None or _is_below(str(value), within))


def _is_below(uri: str, prefix: str) -> bool:
    """Whether an address is one below a prefix; `..` means nothing to S3, and is never meant."""
    return uri.startswith(prefix) and ".." not in uri.split("/")


class OnFailureSpec(StrictModel):
    """What is done when a run has failed: steps that clean up, then one notification."""

    model_config = at_least_one("notify", "steps")

    notify: Annotated[Email | None, Field(description="Subscribed to the pipeline's notifications")] = None
    steps: Annotated[
        dict[StepName, RawStep] | None,
        Field(min_length=1, description="Steps that clean up, whatever it was that failed"),
    ] = None

    @model_validator(mode="after")
    def _something(self) -> "OnFailureSpec":
        if self.notify is None and self.steps is None:
            raise SpecValueError("nothing is done on failure", "give `notify:`, `steps:` or both")
        return self


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
        return _leave_identity(value, "an environment", "instances")


class PipelineSpec(StrictModel):
    """One pipeline."""

    version: Annotated[Literal[1], Field(description="The version of this language")]
    name: Annotated[PipelineName, Field(description="Begins every name in AWS; a-z, 0-9 and single '-'")]
    include: Annotated[Include | None, Field(description="Shared files that lie beneath this one, the last on top")] = (
        None
    )
    description: Annotated[FreeText, Field(description="One sentence for readers of the generated files")]
    owner: OwnerSpec
    schedule: Annotated[ScheduleSpec | None, Field(description="The one schedule; on demand only without")] = None
    schedules: Annotated[
        dict[Identifier, ScheduleSpec], Field(description="Several schedules by name, each with its own parameters")
    ] = {}
    triggers: Annotated[
        dict[Identifier, TriggerSpec], Field(max_length=20, description="Events that start it, by a name of yours")
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
    iam: Annotated[
        IamSpec | None,
        Deferred(IamSpec),
        Field(
            description="Permissions by hand: added to the state machine's role, or to `role:`; taken from every role"
        ),
    ] = None
    tags: Annotated[
        Tags, Field(description="Put on every AWS resource, beside pipeline, environment, team, owner and cost_centre")
    ] = {}
    instances: Annotated[
        dict[InstanceName, InstanceSpec],
        Field(
            max_length=50,
            description="The pipeline several times, each with its own parameters, schedules, resources and folder",
        ),
    ] = {}
    local: LocalSpec | None = None
    network: NetworkSpec = NetworkSpec()
    budget: BudgetSpec | None = None
    deadline_minutes: Annotated[
        int | None, Field(ge=1, le=10080, description="An alarm rings for a run that took longer")
    ] = None
    log_retention_days: Annotated[LogRetentionDays, Field(description="How long CloudWatch keeps logs")] = 365
    destroyable: Annotated[
        bool, Field(description="Lets `terraform destroy` remove buckets, keys and images; never in production")
    ] = False
    permissions_boundary: Annotated[
        PolicyName | None, Field(description="A policy of the account that bounds every role of the pipeline")
    ] = None
    environments: Annotated[
        dict[EnvironmentName, EnvironmentSpec],
        Field(
            min_length=1,
            max_length=20,
            description="Where the pipeline is deployed; each gets its own generated folder",
        ),
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

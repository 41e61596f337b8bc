"""When a step runs: conditions on values of the run, and on its date."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, WithJsonSchema, model_validator

from pipelinegen.spec.fields import RawStep, SpecValueError, StepName, StrictModel, at_least_one, given

_VALUE = re.compile(
    r"\$\{(steps(\.[a-z][a-z0-9_]*){2,3}|parameters\.[a-z][a-z0-9_]*|run\.[a-z.]+"
    r"|(?!(steps|parameters|run|datasets)[.}])[a-z][a-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*)\}"
)
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Number = float


def _value_reference(value: str) -> str:
    if not _VALUE.fullmatch(value):
        help = "write ${steps.<step>.<output>}, ${parameters.<name>} or ${run.date}"
        raise SpecValueError(f"'{value[:60]}' is no reference to a value", help, "PG018")
    return value


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float | bool):
        raise SpecValueError("a value here is text, a number, true or false", "write one of these")
    return value


ValueReference = Annotated[
    str, AfterValidator(_value_reference), WithJsonSchema({"type": "string", "pattern": f"^{_VALUE.pattern}$"})
]
Scalar = Annotated[Any, AfterValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]


def parameter_value(value: Any) -> Any:
    """The value, if a parameter may have it. Raises: SpecValueError."""
    if isinstance(value, list):
        plain = all(isinstance(item, str | int | float | bool | dict) for item in value)
        if not plain or not _shallow(value):
            help = "write texts, numbers, true or false, or mappings of them"
            raise SpecValueError("a list of a parameter is flat", help)
        return value
    return _scalar(value)


def _shallow(value: list[Any]) -> bool:
    mappings = [item for item in value if isinstance(item, dict)]
    return all(isinstance(inner, str | int | float | bool) for item in mappings for inner in item.values())


ParameterValue = Annotated[
    Any,
    AfterValidator(parameter_value),
    WithJsonSchema(
        {
            "type": ["string", "number", "boolean", "array"],
            "items": {
                "anyOf": [
                    {"type": ["string", "number", "boolean"]},
                    {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
                ]
            },
        }
    ),
]
#: The words that compare a value.
COMPARISONS = (
    "at_least", "at_most", "above", "below", "equals", "differs_from",
    "starts_with", "ends_with", "contains", "matches", "one_of", "present",
)  # fmt: skip
_SOME_COMPARISON: JsonValue = {"anyOf": [given(word) for word in COMPARISONS]}


class ConditionSpec(StrictModel):
    """One condition: `is`, `value` with comparisons, or conditions joined by `all`, `any`, `not`."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [given(form) for form in ("is", "value", "all", "any", "not")],
            "if": given("value"),
            "then": _SOME_COMPARISON,
            "else": {"not": _SOME_COMPARISON},
        }
    )

    is_: Annotated[ValueReference | None, Field(alias="is", description="A value that is true or false")] = None
    value: Annotated[ValueReference | None, Field(description="The value that is compared")] = None
    at_least: Annotated[Number | None, Field(description="It is this number or more")] = None
    at_most: Annotated[Number | None, Field(description="It is this number or less")] = None
    above: Annotated[Number | None, Field(description="It is more than this number")] = None
    below: Annotated[Number | None, Field(description="It is less than this number")] = None
    equals: Annotated[Scalar | None, Field(description="It is this text, number, true or false")] = None
    differs_from: Annotated[Scalar | None, Field(description="It is not this text, number, true or false")] = None
    starts_with: Annotated[str | None, Field(min_length=1, description="It is a text that begins so")] = None
    ends_with: Annotated[str | None, Field(min_length=1, description="It is a text that ends so")] = None
    contains: Annotated[str | None, Field(min_length=1, description="It is a text in which this stands")] = None
    matches: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9 _.,:/=+@*-]+$", max_length=200, description="It is such a text; * stands for anything"
        ),
    ] = None
    one_of: Annotated[
        list[Scalar] | None, Field(min_length=1, max_length=100, description="It is one of these values")
    ] = None
    present: Annotated[bool | None, Field(description="Whether there is such a value at all")] = None
    all: Annotated[list["ConditionSpec"] | None, Field(min_length=1, description="Every one of these holds")] = None
    any: Annotated[list["ConditionSpec"] | None, Field(min_length=1, description="At least one of these holds")] = None
    not_: Annotated["ConditionSpec | None", Field(alias="not", description="This does not hold")] = None

    @model_validator(mode="after")
    def _one_form(self) -> "ConditionSpec":
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        forms = given & {"is_", "value", "all", "any", "not_"}
        compared = given - {"is_", "value", "all", "any", "not_"}
        if len(forms) != 1:
            raise SpecValueError(
                "a condition has one of is, value, all, any, not", "join several with `all:` or `any:`"
            )
        if bool(compared) != ("value" in forms):
            help = "write e.g. {value: ${steps.train.metrics.ndcg_at_20}, at_least: 0.1}"
            raise SpecValueError("comparisons go with `value`, and `value` with comparisons", help)
        return self


class WhenSpec(StrictModel):
    """Dates on which a step runs; on others it is skipped, as is what needs its results."""

    model_config = at_least_one("weekdays", "days_of_month")

    weekdays: Annotated[list[Weekday] | None, Field(min_length=1, description="Of the run's date")] = None
    days_of_month: Annotated[
        list[Annotated[int, Field(ge=1, le=31)]] | None, Field(min_length=1, description="Of the run's date")
    ] = None

    @model_validator(mode="after")
    def _some_day(self) -> "WhenSpec":
        if self.weekdays is None and self.days_of_month is None:
            raise SpecValueError("no day is named", "give `weekdays:` or `days_of_month:`")
        return self


class StepFailureSpec(StrictModel):
    """What is done when a step has failed, beside its retries; the run fails all the same, unless it may go on."""

    model_config = at_least_one("notify", "steps")

    notify: Annotated[
        str | None,
        Field(
            min_length=1, max_length=1000, description="What the owner is told; may hold ${failure.cause} and others"
        ),
    ] = None
    steps: Annotated[
        dict[StepName, RawStep] | None, Field(min_length=1, description="Steps that come then, by name")
    ] = None

    @model_validator(mode="after")
    def _something(self) -> "StepFailureSpec":
        if self.notify is None and self.steps is None:
            raise SpecValueError("nothing is done on failure", "give `notify:`, `steps:` or both")
        return self


class RetrySpec(StrictModel):
    """How often a failed step is tried again, beside what its service's own faults get."""

    max_attempts: Annotated[int, Field(ge=1, le=20, description="Attempts beside the first")] = 2
    interval_seconds: Annotated[int, Field(ge=1, le=86400, description="The wait before the second attempt")] = 30
    backoff_rate: Annotated[float, Field(ge=1, le=10, description="Each further wait is so many times as long")] = 2.0
    jitter: Annotated[bool, Field(description="Waits are shortened at random, so that not all come at once")] = True

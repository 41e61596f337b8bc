"""What starts the pipeline beside schedules: new objects in S3, and events on a bus of EventBridge."""

import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, JsonValue, WithJsonSchema, model_validator

from pipelinegen.spec.conditions import parameter_value
from pipelinegen.spec.fields import Identifier, SpecValueError, StrictModel, exactly_one

#: Fields of an event (EventBridge user guide, 'Events'), and `$or`.
_FIELDS = frozenset(
    {"account", "detail", "detail-type", "id", "region", "resources", "source", "time", "version", "$or"}
)
#: Comparisons of a pattern (EventBridge user guide, 'Comparison operators for use in event patterns').
_OPERATORS = frozenset(
    {"anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard"}
)
#: A pattern has at most 2,048 characters (EventBridge quotas).
_LONGEST_PATTERN = 2048
_EVENT_VALUE = re.compile(r"\$\{event(\.[A-Za-z_][A-Za-z0-9_-]*)+\}")


def _pattern(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        raise SpecValueError("a pattern is a mapping of an event's fields", "write e.g. {source: [newsletter.orders]}")
    for field in value:
        if field not in _FIELDS:
            help = "fields of your own are below `detail:`"
            raise SpecValueError(f"an event has no field '{field}'", help)
        if isinstance(value[field], dict) and field != "detail":
            raise SpecValueError(f"'{field}' wants a list of values", "write it as [value]")
        if field == "detail" and not isinstance(value[field], dict):
            raise SpecValueError("'detail' wants a mapping of fields", "write it as {field: [value]}")
    _check_fields(value, "")
    if len(json.dumps(value)) > _LONGEST_PATTERN:
        raise SpecValueError(f"a pattern has at most {_LONGEST_PATTERN} characters", "shorten it")
    return value


def _check_fields(value: dict[str, Any], path: str) -> None:
    for field, wanted in value.items():
        place = f"{path}.{field}".lstrip(".")
        if field == "$or":
            _check_alternatives(wanted, place)
        elif isinstance(wanted, dict) and wanted:
            _check_fields(wanted, place)
        elif isinstance(wanted, list) and wanted:
            for item in wanted:
                _check_value(item, place)
        else:
            raise SpecValueError(f"'{place}' wants a list of values, or a mapping of fields", "write it as [value]")


def _check_alternatives(wanted: Any, place: str) -> None:
    if not isinstance(wanted, list) or len(wanted) < 2 or not all(isinstance(item, dict) and item for item in wanted):
        raise SpecValueError(f"'{place}' wants a list of at least two mappings", "write one mapping an alternative")
    for item in wanted:
        _check_fields(item, place)


def _check_value(item: Any, place: str) -> None:
    if isinstance(item, dict):
        if len(item) != 1 or not set(item) <= _OPERATORS:
            help = f"use one of {', '.join(sorted(_OPERATORS))}"
            raise SpecValueError(f"'{place}' has a comparison that EventBridge does not know", help)
    elif not isinstance(item, str | int | float | bool | None):
        raise SpecValueError(f"'{place}' wants plain values", "write texts, numbers, true, false or null")


def _event_value(value: str) -> str:
    if not _EVENT_VALUE.fullmatch(value):
        raise SpecValueError(f"'{value[:60]}' is no part of the event", "write e.g. ${event.time}")
    return value


def _event_text(value: Any) -> Any:
    if isinstance(value, str) and re.sub(_EVENT_VALUE, "", value) != re.sub(r"\$\{[^{}]*\}", "", value):
        help = "write e.g. ${event.detail.object.key}"
        raise SpecValueError(f"'{value[:60]}' refers to something else than the event", help)
    return value


_VALUES: JsonValue = {
    "type": "array",
    "minItems": 1,
    "items": {
        "anyOf": [
            {"type": ["string", "number", "boolean", "null"]},
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "propertyNames": {"enum": [*sorted(_OPERATORS)]},
            },
        ]
    },
}
_ALTERNATIVES: JsonValue = {"type": "array", "minItems": 2, "items": {"type": "object", "minProperties": 1}}
#: How deep the schema looks into an event's details; the compiler looks into all of it.
_SHOWN_LEVELS = 4


def _details(levels: int) -> JsonValue:
    inner: JsonValue = {"anyOf": [_VALUES, _details(levels - 1)]} if levels else {"type": ["array", "object"]}
    return {
        "type": "object",
        "minProperties": 1,
        "properties": {"$or": _ALTERNATIVES},
        "additionalProperties": inner,
    }


Pattern = Annotated[
    dict[str, Any],
    AfterValidator(_pattern),
    WithJsonSchema(
        {
            "type": "object",
            "minProperties": 1,
            "properties": {
                **dict.fromkeys(sorted(_FIELDS - {"$or", "detail"}), _VALUES),
                "detail": _details(_SHOWN_LEVELS),
                "$or": _ALTERNATIVES,
            },
            "additionalProperties": False,
        }
    ),
]
Key = Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[A-Za-z0-9!_.()/=+@,:-]+$")]
EventTime = Annotated[
    str, AfterValidator(_event_value), WithJsonSchema({"type": "string", "pattern": f"^{_EVENT_VALUE.pattern}$"})
]
EventParameter = Annotated[
    Any,
    AfterValidator(parameter_value),
    AfterValidator(_event_text),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": rf"^(?:(?!\$\{{[^{{}}]*\}})[\s\S]|{_EVENT_VALUE.pattern})*$"},
                {"type": ["number", "boolean"]},
                {"type": "array", "items": {"type": ["string", "number", "boolean", "object"]}},
            ]
        }
    ),
]


class NewObjectSpec(StrictModel):
    """New objects in a bucket, told by S3 through EventBridge."""

    bucket: Annotated[
        str | None,
        Field(
            pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
            description="A bucket that tells EventBridge of its objects; the pipeline's data bucket without",
        ),
    ] = None
    prefix: Annotated[Key | None, Field(description="What keys begin with")] = None
    suffix: Annotated[Key | None, Field(description="What keys end with")] = None


class EventSpec(StrictModel):
    """Events of yours, or of an AWS service."""

    bus: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,256}$", description="A bus of the same account")] = "default"
    pattern: Annotated[Pattern, Field(description="As EventBridge has it: {source: […], detail: {…: […]}}")]


class TriggerSpec(StrictModel):
    """An event that starts the pipeline, and what of it the run is given."""

    model_config = exactly_one("s3", "event")

    s3: NewObjectSpec | None = None
    event: EventSpec | None = None
    parameters: Annotated[
        dict[Identifier, EventParameter],
        Field(description="Values the run is given; texts may hold ${event.<path>}"),
    ] = {}
    date: Annotated[
        EventTime | None, Field(description="The run's date, e.g. ${event.detail.day}; that of its time without")
    ] = None

    @model_validator(mode="after")
    def _one_source(self) -> "TriggerSpec":
        if (self.s3 is None) == (self.event is None):
            raise SpecValueError("a trigger has either `s3` or `event`", "give one of them")
        return self

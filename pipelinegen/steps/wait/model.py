"""What a `wait` step is in the spec and in the IR."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelinegen.ir.artifacts import Value
from pipelinegen.ir.model import Json, OutputFile, Step
from pipelinegen.spec.fields import MOMENT, SpecValueError, exactly_one
from pipelinegen.steps.base import REFERENCE, Scope, StepSpec
from pipelinegen.steps.declared import TYPE_NOUNS

#: An execution of a standard state machine lives a year at most (Step Functions quotas).
MAX_HOURS = 8760
#: What values of the run look like that may be part of a moment.
_EXAMPLES = {
    **dict.fromkeys(("${run.date}", "${run.window.start}", "${run.window.end}"), "2026-01-31"),
    "${run.environment}": "dev",
}
_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600}


class WaitSpec(StepSpec):
    """Keys of a `wait` step; exactly one of them besides those that all steps have."""

    model_config = exactly_one("seconds", "minutes", "hours", "until")

    kind: Literal["wait"]
    seconds: Annotated[int | None, Field(ge=1, le=MAX_HOURS * 3600, description="How long, in seconds")] = None
    minutes: Annotated[int | None, Field(ge=1, le=MAX_HOURS * 60, description="How long, in minutes")] = None
    hours: Annotated[
        int | None, Field(ge=1, le=MAX_HOURS, description="How long, in hours; at most a year (Step Functions)")
    ] = None
    until: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="A moment, such as ${run.date}T06:00:00Z or a step's value"),
    ] = None

    @model_validator(mode="after")
    def _one_length(self) -> "WaitSpec":
        given = [name for name in (*_UNITS, "until") if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(f"`{name}:`" for name in given) or "none"
            raise SpecValueError(
                f"a wait step has one length, found {found}", "give `seconds:`, `minutes:`, `hours:` or `until:`"
            )
        return self


@dataclass(frozen=True, slots=True)
class WaitStateContext:
    """The state: one field, `Seconds` or `Timestamp`."""

    field: str
    value: Json


def lower(spec: WaitSpec, scope: Scope) -> Step:
    """The step as one state. Raises: SpecError with PG060 for a moment that is none, PG017."""
    unit = next((name for name in _UNITS if getattr(spec, name) is not None), None)
    if unit is not None:
        length = getattr(spec, unit)
        context, about = (
            WaitStateContext("Seconds", length * _UNITS[unit]),
            f"Waits for {length} {unit if length > 1 else unit[:-1]}",
        )
    else:
        context, about = WaitStateContext("Timestamp", _moment(spec.until or "", scope)), f"Waits until {spec.until}"
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or about,
        span=scope.spans.label,
        needs=scope.needs,
        outputs={},
        state=OutputFile(scope.title, "steps/wait/state.asl.json.j2", context),
    )


def _moment(until: str, scope: Scope) -> Json:
    """The state's Timestamp. Step Functions fails the run if it is none: what can be known of it is checked here."""
    example = until
    for reference, value in _EXAMPLES.items():
        example = example.replace(reference, value)
    if not REFERENCE.search(example) and not re.fullmatch(MOMENT, example):
        help = "write a moment such as ${run.date}T06:00:00Z, or refer to one"
        raise scope.fault("PG060", f"'{until[:60]}' is no moment", help, "until")
    text = scope.text(until, "until")
    for found in REFERENCE.finditer(example):
        _check_reference(found.group(1), is_whole=found.group() == example, scope=scope)
    return text


def _check_reference(name: str, *, is_whole: bool, scope: Scope) -> None:
    """Raises: SpecError with PG135 for what is not declared as a moment, or has something beside it."""
    declared, type = scope.declared_type(name), scope.value_type(name, "until")
    if declared == "timestamp" and is_whole:
        return
    help = "declare the value with `type: timestamp`, and write nothing beside it"
    if declared == "timestamp":
        fact = f"'${{{name}}}' is a moment by itself"
    elif type is None and isinstance(scope.found(f"${{{name}}}")[0], Value):
        raise scope.undeclared(name, "moment", "until")
    else:
        known = f"any {declared}" if declared == "string" else TYPE_NOUNS[type] if type else "no value"
        fact = f"'${{{name}}}' is {known}"
    raise scope.fault("PG135", f"{fact}, so that `until:` need not be a moment", help, "until")

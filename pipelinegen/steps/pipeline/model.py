"""What a `pipeline` step is in the spec and in the IR."""

import re
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from pipelinegen.ir.expressions import RUN_DATE
from pipelinegen.ir.model import Json, Jsonata, OutputFile, Step, Value
from pipelinegen.spec.fields import DAY, Identifier, PipelineName
from pipelinegen.steps.base import REFERENCE, Scope, StepSpec
from pipelinegen.steps.declared import TYPE_NOUNS
from pipelinegen.steps.pipeline.permissions import start_permissions

Scalar = str | int | float | bool


class PipelineStepSpec(StepSpec):
    """Keys of a `pipeline` step."""

    kind: Literal["pipeline"]
    pipeline: Annotated[PipelineName, Field(description="Name of the other pipeline, in the same environment")]
    date: Annotated[
        str | None, Field(max_length=200, description="Its logical date, such as a step's value; this run's by default")
    ] = None
    parameters: Annotated[
        dict[Identifier, Scalar], Field(description="What it is given as parameters; texts may hold references")
    ] = {}
    timeout_minutes: Annotated[int, Field(ge=1, le=10080, description="How long it may take, at most a week")] = 1440


@dataclass(frozen=True, slots=True)
class StartStateContext:
    """The state that starts the other pipeline and waits."""

    machine_arn: str
    input: Json
    assign: Json
    timeout_seconds: int


def lower(spec: PipelineStepSpec, scope: Scope) -> Step:
    """The step as one state. Raises: SpecError with PG017, PG060, PG064 for a pipeline that starts itself, PG135."""
    if spec.pipeline == scope.names.pipeline:
        raise scope.fault("PG064", f"'{spec.pipeline}' would start itself, without end", "name another one", "pipeline")
    machine = replace(scope.names, pipeline=spec.pipeline).state_machine()
    arn, permissions = start_permissions(machine, scope.step.title().replace("_", ""))
    result = f"{scope.step}_result"
    given: dict[str, Json] = {
        "date": _date(spec.date, scope) if spec.date else RUN_DATE,
        # By this, the console and the API tie both executions together.
        "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": Jsonata("$states.context.Execution.Id"),
    }
    if spec.parameters:
        given["parameters"] = {name: _value(value, scope, name) for name, value in spec.parameters.items()}
    context = StartStateContext(
        machine_arn=arn,
        input=given,
        assign={result: Jsonata("$states.result.Output")},
        timeout_seconds=spec.timeout_minutes * 60,
    )
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"Runs the pipeline {spec.pipeline}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"result": Value(Jsonata(f"${result}"))},
        permissions=permissions,
        state=OutputFile(scope.title, "steps/pipeline/state.asl.json.j2", context),
        assigns=(result,),
    )


def _date(date: str, scope: Scope) -> Json:
    """The other run's date. Raises: SpecError with PG060 for a text that is none, PG135 for no text at all."""
    found = REFERENCE.findall(date)
    if not found and not re.fullmatch(DAY, date):
        raise scope.fault(
            "PG060", f"'{date[:60]}' is no date", "write a day such as 2026-01-31, or refer to one", "date"
        )
    for name in found:
        type = scope.value_type(name, "date")
        if type is None:
            raise scope.undeclared(name, "text", "date")
        if type != "text":
            fact = f"'${{{name}}}' is {TYPE_NOUNS[type]}, and no date"
            raise scope.fault("PG135", fact, "refer to a text such as 2026-01-31", "date")
    return scope.text(date, "date")


def _value(value: Scalar, scope: Scope, name: str) -> Json:
    """A text that is one reference keeps the type of what it refers to."""
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    path = ("parameters", name)
    return scope.value(whole.group(1), *path) if whole else scope.text(value, *path)

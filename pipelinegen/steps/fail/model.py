"""What a `fail` step is in the spec and in the IR."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from pipelinegen.ir.model import Json, OutputFile, Step
from pipelinegen.spec.fields import FreeText
from pipelinegen.steps.base import Scope, StepSpec


class FailSpec(StepSpec):
    """Keys of a `fail` step."""

    kind: Literal["fail"]
    error: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$",
            description="Name of the error, by which readers and rules know it",
        ),
    ]
    message: Annotated[FreeText, Field(description="May hold references such as ${run.date}")]


@dataclass(frozen=True, slots=True)
class FailStateContext:
    """The state that ends the run."""

    error: str
    cause: Json


def lower(spec: FailSpec, scope: Scope) -> Step:
    """The step as one state without a successor. Raises: SpecError with PG017."""
    context = FailStateContext(spec.error, scope.text(spec.message, "message"))
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"Fails the run with {spec.error}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={},
        state=OutputFile(scope.title, "steps/fail/state.asl.json.j2", context),
    )

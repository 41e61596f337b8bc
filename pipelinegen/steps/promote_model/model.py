"""What a `promote_model` step is in the spec and in the IR."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from pipelinegen.ir.expressions import RUN_DATE, expression
from pipelinegen.ir.model import Json, Jsonata, Model, OutputFile, Step
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.promote_model.permissions import promote_permissions


class PromoteModelSpec(StepSpec):
    """Keys of a `promote_model` step."""

    kind: Literal["promote_model"]
    model: Annotated[Reference, Field(description="A gate's model, or a training step's where there is no gate")]


@dataclass(frozen=True, slots=True)
class PromoteStateContext:
    """The states of a promotion: accepted or not, write the pointer or keep it."""

    title: str
    choice_title: str
    kept_title: str
    accepted: Json
    parameter: str
    pointer: Json
    promoted: Json
    kept: Json


def lower(spec: PromoteModelSpec, scope: Scope) -> Step:
    """The step as a guarded write of the pointer. Raises: SpecError with PG017, PG022."""
    model = scope.artifact(spec.model, Model, "model")
    uri, version = f"{scope.step}_model", f"{scope.step}_version"
    pointer: Json = {"model": model.uri, "version": model.version, "run_date": RUN_DATE, "metrics": model.metrics}
    context = PromoteStateContext(
        title=scope.title,
        choice_title=f"{scope.title}: accepted?",
        kept_title=f"{scope.title}: keep the promoted model",
        accepted=model.accepted or Jsonata("true"),
        parameter=scope.names.promoted_parameter(),
        pointer=Jsonata(f"$string({expression(pointer)})"),
        promoted={uri: model.uri, version: model.version},
        kept={uri: Jsonata("$promoted.model"), version: Jsonata("$promoted.version")},
    )
    promoted = replace(model, uri=Jsonata(f"${uri}"), version=Jsonata(f"${version}"), gated_by=(), accepted=None)
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or "Points the pipeline at the accepted model",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"model": promoted},
        permissions=promote_permissions(context.parameter),
        state=OutputFile(scope.title, "steps/promote_model/state.asl.json.j2", context),
        assigns=(uri, version),
        otherwise={uri: Jsonata("$promoted.model"), version: Jsonata("$promoted.version")},
        tolerates_skipped=True,
        reads_promoted=True,
        summary={"version": promoted.version},
    )

"""What a `promote_model` step is in the spec and in the IR."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from pipelinegen.ir.expressions import RUN_DATE, concatenate, expression, quote
from pipelinegen.ir.infrastructure import ModelRegistry
from pipelinegen.ir.model import Json, Jsonata, Model, OutputFile, Step
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.promote_model.permissions import promote_permissions


class PromoteModelSpec(StepSpec):
    """Keys of a `promote_model` step."""

    kind: Literal["promote_model"]
    model: Annotated[Reference, Field(description="A gate's model, or a training step's where there is no gate")]
    registry: Annotated[
        bool, Field(description="Keep every promoted model as an approved version in SageMaker's model registry, too")
    ] = False


@dataclass(frozen=True, slots=True)
class Registration:
    """The call that makes a model a version of its group, before the pointer moves to it."""

    title: str
    request: Json
    assign: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class PromoteStateContext:
    """The states of a promotion: accepted or not, register, write the pointer or keep it; `first` of the former."""

    title: str
    first: str
    registration: Registration | None
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
    kept: dict[str, Json] = {uri: Jsonata("$promoted.model"), version: Jsonata("$promoted.version")}
    group = ModelRegistry(scope.names.model_registry(), f"Models that {scope.names.stem} promoted")
    registration = _registration(model, group, scope) if spec.registry else None
    context = PromoteStateContext(
        title=scope.title,
        first=registration.title if registration else scope.title,
        registration=registration,
        choice_title=f"{scope.title}: accepted?",
        kept_title=f"{scope.title}: keep the promoted model",
        accepted=model.accepted or Jsonata("true"),
        parameter=scope.names.promoted_parameter(),
        pointer=_pointer(model, registration),
        promoted={uri: model.uri, version: model.version},
        kept=kept,
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
        permissions=promote_permissions(context.parameter, group if spec.registry else None),
        resources=(group,) if spec.registry else (),
        state=OutputFile(scope.title, "steps/promote_model/state.asl.json.j2", context),
        assigns=(uri, version, *(registration.assign if registration else ())),
        otherwise=kept,
        tolerates_skipped=True,
        reads_promoted=True,
        summary={"version": promoted.version},
    )


def _pointer(model: Model, registration: Registration | None) -> Jsonata:
    """What the parameter says of the promoted model, as a text of JSON."""
    known: dict[str, Json] = {
        "model": model.uri,
        "version": model.version,
        "run_date": RUN_DATE,
        "metrics": model.metrics,
        "before": Jsonata("$sift($promoted, function($value, $name) { $name != 'before' })"),
    }
    if registration:
        (package,) = registration.assign
        known["package"] = Jsonata(f"${package}")
    return Jsonata(f"$string({expression(known)})")


def _registration(model: Model, group: ModelRegistry, scope: Scope) -> Registration:
    """The call of CreateModelPackage: with one token an execution, so that a redrive registers nothing twice.

    Metrics are told as properties, since SageMaker's own metrics are files; SageMaker need not start the image to see
    that it serves: the pipeline has used both already.
    """
    measured = f"$each({expression(model.metrics)}, function($value, $name) {{ {{ $name: $string($value) }} }})"
    token = f"$states.context.Execution.Id & {quote('/' + scope.step)}"
    known: Json = {"run_date": RUN_DATE, "training_job": model.version}
    request: Json = {
        "ModelPackageGroupName": group.name,
        "ModelPackageDescription": concatenate(["Promoted by the run of ", RUN_DATE]),
        "ModelApprovalStatus": "Approved",
        "InferenceSpecification": {"Containers": [{"Image": model.image, "ModelDataUrl": model.uri}]},
        "CustomerMetadataProperties": Jsonata(f"$merge($append([{expression(known)}], {measured}))"),
        "SkipModelValidation": "All",
        "ClientToken": Jsonata(f"$substring($hash({token}, 'SHA-256'), 0, 36)"),
    }
    assign: dict[str, Json] = {f"{scope.step}_package": Jsonata("$states.result.ModelPackageArn")}
    return Registration(f"{scope.title}: register", request, assign)

"""What a `quality_gate` step is in the spec and in the IR."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelinegen.ir.expressions import concatenate, expression
from pipelinegen.ir.model import Json, Jsonata, Metric, OutputFile, Step, Value
from pipelinegen.spec.fields import SpecValueError, StrictModel, at_least_one
from pipelinegen.steps.base import Reference, Scope, StepSpec


class ThresholdSpec(StrictModel):
    """Bounds that a metric must keep; at least one."""

    model_config = at_least_one("of_promoted", "value")

    of_promoted: Annotated[
        Annotated[float, Field(gt=0)] | None, Field(description="Times the promoted model's value")
    ] = None
    value: Annotated[float | None, Field(description="A constant")] = None

    @model_validator(mode="after")
    def _some_bound(self) -> "ThresholdSpec":
        if self.of_promoted is None and self.value is None:
            raise SpecValueError("the threshold has no bound", "give `of_promoted:` or `value:`")
        return self


class QualityGateSpec(StepSpec):
    """Keys of a `quality_gate` step."""

    kind: Literal["quality_gate"]
    metric: Annotated[Reference, Field(description="${steps.<training step>.metrics.<name>}")]
    at_least: Annotated[ThresholdSpec | None, Field(description="For a metric to maximize")] = None
    at_most: Annotated[ThresholdSpec | None, Field(description="For a metric to minimize")] = None
    on_reject: Annotated[
        Literal["keep_promoted", "fail"], Field(description="Go on with the promoted model, or fail the run")
    ] = "keep_promoted"


@dataclass(frozen=True, slots=True)
class GateStateContext:
    """The states of a gate: decide, then go on or fail."""

    title: str
    choice_title: str
    passed_title: str
    rejected_title: str
    assign: Json
    may_continue: Json
    cause: Json


def lower(spec: QualityGateSpec, scope: Scope) -> Step:
    """The step as a decision that later steps see. Raises: SpecError with PG017, PG024."""
    metric = scope.artifact(spec.metric, Metric, "metric")
    threshold, compare = _threshold(spec, scope, metric)
    accepted = f"{scope.step}_accepted"
    outcome = Jsonata(f"${accepted}")
    fallback = " or $exists($promoted.version)" if spec.on_reject == "keep_promoted" else ""
    context = GateStateContext(
        title=scope.title,
        choice_title=f"{scope.title}: go on?",
        passed_title=f"{scope.title}: passed",
        rejected_title=f"{scope.title}: rejected",
        assign={accepted: Jsonata(" and ".join(_conditions(threshold, compare, metric)))},
        may_continue=Jsonata(f"{outcome.text}{fallback}"),
        cause=concatenate(
            [
                f"{metric.name} is ",
                metric.value,
                ", the promoted model's is ",
                Jsonata(f"({expression(metric.promoted)} ? {expression(metric.promoted)} : 'unknown')"),
            ]
        ),
    )
    model = replace(metric.model, gated_by=(*metric.model.gated_by, scope.step), accepted=outcome)
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"Accepts the model if {metric.name} holds",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"model": model, "accepted": Value(outcome, "boolean")},
        state=OutputFile(scope.title, "steps/quality_gate/state.asl.json.j2", context),
        assigns=(accepted,),
        otherwise={accepted: False},
        reads_promoted=True,
        summary={"accepted": outcome, "metric": metric.name, "value": metric.value},
    )


def _threshold(spec: QualityGateSpec, scope: Scope, metric: Metric) -> tuple[ThresholdSpec, str]:
    wanted, other = ("at_least", "at_most") if metric.goal == "maximize" else ("at_most", "at_least")
    threshold = getattr(spec, wanted)
    if threshold is None or getattr(spec, other) is not None:
        message = f"'{metric.name}' is a metric to {metric.goal}, so its gate has `{wanted}:` and no `{other}:`"
        raise scope.fault("PG024", message, f"write `{wanted}: {{of_promoted: 1.0}}`", "metric")
    return threshold, ">=" if wanted == "at_least" else "<="


def _conditions(threshold: ThresholdSpec, compare: str, metric: Metric) -> list[str]:
    before = [metric.model.accepted.text] if metric.model.accepted else []
    conditions = [*before, f"$exists({metric.value.text})"]
    if threshold.value is not None:
        conditions.append(f"{metric.value.text} {compare} {threshold.value!r}")
    if threshold.of_promoted is not None:
        bound = f"{threshold.of_promoted!r} * {metric.promoted.text}"
        conditions.append(f"($exists({metric.promoted.text}) ? {metric.value.text} {compare} {bound} : true)")
    return conditions

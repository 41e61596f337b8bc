"""Evaluate: a model's metrics on data that no training has seen."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.evaluate.model import EvaluateSpec, lower

KIND = StepKind(
    name="evaluate",
    summary="Measures a model, and the promoted one beside it, on the same held-out data.",
    spec=EvaluateSpec,
    outputs=("metrics.*",),
    lower=lower,
)

"""Quality gate: a new model against the promoted one, or against a constant."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.quality_gate.model import QualityGateSpec, lower

KIND = StepKind(
    name="quality_gate",
    summary="Compares a metric of a new model with the promoted model's on the same data, and with constants.",
    spec=QualityGateSpec,
    outputs=("model", "accepted"),
    lower=lower,
)

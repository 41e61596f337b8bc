"""Rollback: points the pipeline at the model that was promoted before."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.rollback_model.model import RollbackModelSpec, lower

KIND = StepKind(
    name="rollback_model",
    summary="Makes the model the promoted one that was so before today's; fails if there was none.",
    spec=RollbackModelSpec,
    outputs=("version",),
    lower=lower,
)

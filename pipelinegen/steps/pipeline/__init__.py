"""Pipeline: starts another pipeline and waits for its end."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.pipeline.model import PipelineStepSpec, lower

KIND = StepKind(
    name="pipeline",
    summary="Runs another pipeline of the same account and environment, and fails when that fails.",
    spec=PipelineStepSpec,
    outputs=("result",),
    lower=lower,
)

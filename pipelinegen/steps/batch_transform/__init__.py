"""SageMaker Batch Transform: an inference image over files."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.batch_transform.model import BatchTransformSpec, lower

KIND = StepKind(
    name="batch_transform",
    summary="Sends files through a model in an inference image and writes what it answers to S3.",
    spec=BatchTransformSpec,
    outputs=("output",),
    lower=lower,
)

"""Batch predictions: a SageMaker processing job that scores every user."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.batch_predictions.model import BatchPredictionsSpec, lower

KIND = StepKind(
    name="batch_predictions",
    summary="Scores every known user with a model and writes the best items to S3.",
    spec=BatchPredictionsSpec,
    outputs=("output",),
    lower=lower,
)

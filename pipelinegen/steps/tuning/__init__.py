"""SageMaker hyperparameter tuning: many training jobs, the best model."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.tuning.model import TuningSpec, lower

KIND = StepKind(
    name="tuning",
    summary="Searches hyperparameters with many training jobs of one image or program and gives the best model.",
    spec=TuningSpec,
    outputs=("model", "metrics.*"),
    lower=lower,
)

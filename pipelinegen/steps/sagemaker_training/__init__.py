"""SageMaker training job: the two-tower recommender, from the promoted model on."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.sagemaker_training.model import SagemakerTrainingSpec, lower

KIND = StepKind(
    name="sagemaker_training",
    summary="Trains the two-tower recommender on fresh data, starting from the promoted model.",
    spec=SagemakerTrainingSpec,
    outputs=("model", "metrics.*"),
    lower=lower,
)

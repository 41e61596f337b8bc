"""SageMaker training job of any image: an algorithm of AWS's own, or one's own program."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.sagemaker_algorithm.model import SagemakerAlgorithmSpec, lower

KIND = StepKind(
    name="sagemaker_algorithm",
    summary="Trains a model with an image in ECR: one of AWS's built-in algorithms, or one's own.",
    spec=SagemakerAlgorithmSpec,
    outputs=("model", "metrics.*"),
    lower=lower,
)

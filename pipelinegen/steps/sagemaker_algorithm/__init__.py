"""SageMaker training job of any image: an algorithm of AWS's own, or a program of one's own."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.sagemaker_algorithm.model import SagemakerAlgorithmSpec, lower

KIND = StepKind(
    name="sagemaker_algorithm",
    summary="Trains a model by one of AWS's built-in algorithms, any image in ECR, or a program of one's own.",
    spec=SagemakerAlgorithmSpec,
    outputs=("model", "metrics.*"),
    lower=lower,
)

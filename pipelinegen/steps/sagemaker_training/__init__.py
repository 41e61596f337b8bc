"""SageMaker training job: the built-in two-tower recommender, an algorithm of AWS's own, or one's own program."""

from pipelinegen.steps.base import StepForm, StepKind
from pipelinegen.steps.sagemaker_training.model import SagemakerTrainingSpec, lower

KIND = StepKind(
    name="sagemaker_training",
    summary="Trains a model: the built-in two-tower recommender, an algorithm of AWS, any image, or your own program.",
    spec=SagemakerTrainingSpec,
    outputs=("model", "metrics.*"),
    lower=lower,
    form="the built-in recommender",
    forms=(StepForm("program", ("image", "code"), f"{__name__}.program"),),
)

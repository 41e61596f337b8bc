"""SageMaker processing job: any program over tables, models and files."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.sagemaker_processing.model import SagemakerProcessingSpec, lower

KIND = StepKind(
    name="sagemaker_processing",
    summary="Runs a program in a container: tables, models and files in, tables and files out.",
    spec=SagemakerProcessingSpec,
    outputs=("<outputs>",),
    lower=lower,
)

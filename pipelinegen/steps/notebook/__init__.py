"""SageMaker notebook instance without a way to the internet."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.notebook.model import NotebookSpec, lower

KIND = StepKind(
    name="notebook",
    summary="A notebook instance in the VPC, without internet and root, that reads what steps have made.",
    spec=NotebookSpec,
    outputs=(),
    lower=lower,
)

"""Lambda: the user's own function, code beside the spec."""

# Relative imports, here and in this folder: Python reads `lambda` in a module's path as its keyword.
from pipelinegen.steps.base import StepKind

from .model import LambdaSpec, lower

KIND = StepKind(
    name="lambda",
    summary="Runs a Lambda function of your own code, and hands on what it returns.",
    spec=LambdaSpec,
    outputs=("result", "result.*", "<outputs>"),
    lower=lower,
)

"""Any API of AWS: a call by Step Functions itself, waited for where that makes sense."""

from pipelinegen.steps.aws_api.model import AwsApiSpec, lower
from pipelinegen.steps.base import StepKind

KIND = StepKind(
    name="aws_api",
    summary="Calls any action of any AWS service, and waits for what it starts if asked to.",
    spec=AwsApiSpec,
    outputs=("result.*",),
    lower=lower,
)

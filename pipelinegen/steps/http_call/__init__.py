"""HTTP call: one request to an HTTPS API outside of AWS."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.http_call.model import HttpCallSpec, lower

KIND = StepKind(
    name="http_call",
    summary="Calls an HTTPS API with a key from Secrets Manager, and hands on its answer.",
    spec=HttpCallSpec,
    outputs=("status", "body"),
    lower=lower,
)

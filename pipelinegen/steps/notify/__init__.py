"""Notification: an e-mail through SNS."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.notify.model import NotifySpec, lower

KIND = StepKind(
    name="notify",
    summary="Sends a message to the pipeline's topic.",
    spec=NotifySpec,
    outputs=(),
    lower=lower,
)

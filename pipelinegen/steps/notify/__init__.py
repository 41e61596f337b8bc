"""Notification: an e-mail through SNS, an event on EventBridge, or both."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.notify.model import NotifySpec, lower

KIND = StepKind(
    name="notify",
    summary="Sends a message to the pipeline's topic, puts an event on a bus of EventBridge, or both.",
    spec=NotifySpec,
    outputs=(),
    lower=lower,
)

"""Wait: lets time pass, or a moment come."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.wait.model import WaitSpec, lower

KIND = StepKind(
    name="wait",
    summary="Waits for some seconds, minutes or hours, or until a moment that a reference gives.",
    spec=WaitSpec,
    outputs=(),
    lower=lower,
)

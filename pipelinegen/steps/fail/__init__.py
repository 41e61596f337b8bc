"""Fail: ends the run with an error of its own name."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.fail.model import FailSpec, lower

KIND = StepKind(
    name="fail",
    summary="Fails the run with an error and a message; nothing can come after it.",
    spec=FailSpec,
    outputs=(),
    lower=lower,
)

"""Approval: the run waits until somebody says yes."""

from pipelinegen.steps.approval.model import ApprovalSpec, lower
from pipelinegen.steps.base import StepKind

KIND = StepKind(
    name="approval",
    summary="Asks the owner by e-mail and waits; a no, or no answer in time, fails the run or takes another way.",
    spec=ApprovalSpec,
    outputs=("model", "approved"),
    lower=lower,
)

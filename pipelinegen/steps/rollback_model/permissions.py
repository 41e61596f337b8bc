"""What the state machine may do to the pointer."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import Permission
from pipelinegen.steps.permissions import STATES


def rollback_permissions(parameter: str) -> tuple[Permission, ...]:
    """Reading the history of the one parameter that points at the promoted model, and writing it."""
    actions = ("ssm:GetParameterHistory", "ssm:PutParameter")
    return (Permission(STATES, "RollBackModel", actions, (arns.arn("ssm", f"parameter{parameter}"),)),)

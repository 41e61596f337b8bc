"""What the state machine may do to the pointer."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import Permission
from pipelinegen.steps.permissions import STATES


def promote_permissions(parameter: str) -> tuple[Permission, ...]:
    """Writing the one parameter that points at the promoted model."""
    return (Permission(STATES, "PromoteModel", ("ssm:PutParameter",), (arns.arn("ssm", f"parameter{parameter}"),)),)

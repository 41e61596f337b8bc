"""What the state machine may do to the pointer, and to the registry."""

from pipelinegen.ir import arns
from pipelinegen.ir.infrastructure import ModelRegistry
from pipelinegen.ir.model import Permission
from pipelinegen.steps.permissions import STATES


def promote_permissions(parameter: str, registry: ModelRegistry | None) -> tuple[Permission, ...]:
    """Writing the one parameter that points at the promoted model, and adding versions to the one group."""
    pointer = Permission(STATES, "PromoteModel", ("ssm:PutParameter",), (arns.arn("ssm", f"parameter{parameter}"),))
    if registry is None:
        return (pointer,)
    versions = arns.arn("sagemaker", f"model-package/{registry.name}/*")
    return (pointer, Permission(STATES, "RegisterModel", ("sagemaker:CreateModelPackage",), (versions,)))

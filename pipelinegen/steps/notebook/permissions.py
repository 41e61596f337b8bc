"""What the people in a notebook may do: read what they were given, write below the step's own prefix."""

from pipelinegen.ir.model import Location, Permission, RoleKey
from pipelinegen.steps.base import Scope
from pipelinegen.steps.permissions import attach_network, read, use_key, write, write_logs


def notebook_permissions(scope: Scope, role: RoleKey, sources: tuple[Location, ...]) -> tuple[Permission, ...]:
    """The notebook's own role; the state machine has nothing to do with it."""
    return (
        *(read(role, "ReadResults", *sources) if sources else ()),
        *write(role, "WriteOwn", scope.data),
        use_key(role),
        write_logs(role, "/aws/sagemaker/NotebookInstances", "logs:CreateLogGroup"),
        *attach_network(role, "security_group_sagemaker", scope.around.subnets),
    )

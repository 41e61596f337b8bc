"""What a prediction job's role, and the state machine on its behalf, may do."""

from pipelinegen.ir.model import Location, Permission, RoleKey
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker import job_role_permissions, state_machine_permissions


def prediction_permissions(scope: Scope, role: RoleKey, sources: tuple[Location, ...]) -> tuple[Permission, ...]:
    """The job reads model and items and writes predictions; the state machine runs it."""
    return (
        *state_machine_permissions(scope, role, "processing", scope.title.replace(" ", "")),
        *job_role_permissions(scope, role, sources, scope.data),
    )

"""What a processing job's role, and the state machine on its behalf, may do."""

from pipelinegen.ir.model import Location, Permission, RoleKey
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker import job_role_permissions, state_machine_permissions
from pipelinegen.steps.sagemaker_images import JobImage


def processing_permissions(
    scope: Scope, role: RoleKey, image: JobImage, sources: tuple[Location, ...], targets: tuple[Location, ...]
) -> tuple[Permission, ...]:
    """The job reads its inputs and writes its outputs; the state machine runs it."""
    return (
        *state_machine_permissions(scope, role, "processing", scope.title.replace(" ", "")),
        *job_role_permissions(scope, role, sources, *targets, repository_arn=image.repository_arn),
    )

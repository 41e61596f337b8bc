"""What an evaluation's role, and the state machine on its behalf, may do."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import Location, Permission, RoleKey
from pipelinegen.steps.base import Scope
from pipelinegen.steps.permissions import STATES, use_key
from pipelinegen.steps.sagemaker import job_role_permissions, state_machine_permissions
from pipelinegen.steps.sagemaker_images import JobImage


def evaluation_permissions(
    scope: Scope, role: RoleKey, image: JobImage, sources: tuple[Location, ...], target: Location
) -> tuple[Permission, ...]:
    """The job reads models and data and writes metrics; the state machine runs it and reads those metrics."""
    title = scope.title.replace(" ", "")
    return (
        *state_machine_permissions(scope, role, "processing", title),
        Permission(STATES, f"ReadMetricsOf{title}", ("s3:GetObject",), (arns.objects(target),)),
        use_key(STATES),
        *job_role_permissions(scope, role, sources, target, repository_arn=image.repository_arn),
    )

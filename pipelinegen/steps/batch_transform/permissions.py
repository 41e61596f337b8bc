"""What a transform job's role, and the state machine on its behalf, may do."""

from pipelinegen.ir.model import Location, Permission, RoleKey
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker import job_role_permissions, state_machine_permissions
from pipelinegen.steps.sagemaker_images import JobImage
from pipelinegen.steps.serving import model_permission


def transform_permissions(
    scope: Scope, role: RoleKey, image: JobImage, sources: tuple[Location, ...]
) -> tuple[Permission, ...]:
    """The job reads model and input and writes its output; the state machine makes the model, runs it, removes it."""
    title = scope.title.replace(" ", "")
    return (
        model_permission(scope, "DeleteModel"),
        *state_machine_permissions(scope, role, "transform", title),
        *job_role_permissions(scope, role, sources, scope.data, repository_arn=image.repository_arn),
    )

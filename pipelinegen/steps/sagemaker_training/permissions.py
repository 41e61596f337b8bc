"""What a training job's role, and the state machine on its behalf, may do."""

from pipelinegen.ir.model import Location, Permission, RoleKey
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker import job_role_permissions, state_machine_permissions
from pipelinegen.steps.sagemaker_images import JobImage
from pipelinegen.steps.training import checkpoints_of


def training_permissions(
    scope: Scope, role: RoleKey, sources: tuple[Location, ...], *, spot: bool, image: JobImage | None = None
) -> tuple[Permission, ...]:
    """The job reads its channels and writes models; the state machine runs the job.

    `image` is the one it trains with, None for the pipeline's own training image.
    """
    return (
        *state_machine_permissions(scope, role, "training", scope.title.replace(" ", "")),
        *job_role_permissions(
            scope,
            role,
            sources,
            scope.models,
            repository_arn=image.repository_arn if image else None,
            checkpoints=checkpoints_of(scope) if spot else None,
        ),
    )

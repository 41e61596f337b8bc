"""What a tuning job's role, and the state machine on its behalf, may do."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import Location, Permission, RoleKey, Service
from pipelinegen.steps.base import Scope
from pipelinegen.steps.permissions import STATES, follow_sagemaker_jobs, pass_role
from pipelinegen.steps.sagemaker import job_role_permissions
from pipelinegen.steps.sagemaker_images import JobImage
from pipelinegen.steps.training import checkpoints_of


def tuning_permissions(
    scope: Scope, role: RoleKey, image: JobImage, sources: tuple[Location, ...], *, spot: bool
) -> tuple[Permission, ...]:
    """The training jobs read channels and write models; the state machine runs the search and looks at its best job."""
    title, prefix = scope.title.replace(" ", ""), scope.names.tuning_prefix(scope.step)
    calls = ("AddTags", *(f"{verb}HyperParameterTuningJob" for verb in ("Create", "Describe", "Stop")))
    search = arns.arn("sagemaker", f"hyper-parameter-tuning-job/{prefix}-*")
    trained = arns.arn("sagemaker", f"training-job/{prefix}-*")
    return (
        Permission(STATES, f"Run{title}", tuple(f"sagemaker:{call}" for call in calls), (search,)),
        Permission(STATES, f"LookAtBestOf{title}", ("sagemaker:DescribeTrainingJob",), (trained,)),
        pass_role(scope.names.role(role), Service.SAGEMAKER, f"PassRoleOf{title}"),
        follow_sagemaker_jobs("StepFunctionsGetEventsForSageMakerTuningJobsRule", "FollowTuningJobs"),
        *job_role_permissions(
            scope,
            role,
            sources,
            scope.models,
            repository_arn=image.repository_arn,
            checkpoints=checkpoints_of(scope) if spot else None,
        ),
    )

"""What SageMaker's jobs have in common: instance, image, network, and the roles around them."""

from typing import Annotated, Literal

from pydantic import Field

from pipelinegen.ir import arns
from pipelinegen.ir.images import pytorch_training_image
from pipelinegen.ir.model import Image, Json, Jsonata, Location, OutputFile, Permission, RoleKey, Service
from pipelinegen.spec.fields import StrictModel
from pipelinegen.steps.base import Scope
from pipelinegen.steps.permissions import (
    STATES,
    attach_network,
    follow_sagemaker_jobs,
    pass_role,
    pull_image_from,
    read,
    upload,
    use_key,
    write,
    write_logs,
)
from pipelinegen.steps.sagemaker_instances import ProcessingInstanceType, TrainingInstanceType

TRAINING_IMAGE = "training"
TRAINING_PACKAGES = ("common", "evaluation", "prediction", "training")
IMAGE_VARIABLE = f"${{image_{TRAINING_IMAGE}}}"

#: Faults of the service, not of the program: trying again helps.
JOB_RETRY: tuple[Json, ...] = (
    {
        "ErrorEquals": [
            "SageMaker.AmazonSageMakerException",
            "SageMaker.ResourceLimitExceededException",
            "SageMaker.ThrottlingException",
        ],
        "IntervalSeconds": 60,
        "MaxAttempts": 3,
        "BackoffRate": 2.0,
        "JitterStrategy": "FULL",
    },
)


class ProcessingInstanceSpec(StrictModel):
    """The machine of a processing job."""

    type: ProcessingInstanceType = "ml.m5.xlarge"
    volume_gib: Annotated[int, Field(ge=1, le=16384, description="Disk of the machine")] = 30


class TrainingInstanceSpec(StrictModel):
    """The machines of a training job."""

    type: TrainingInstanceType = "ml.g5.xlarge"
    count: Annotated[int, Field(ge=1, le=16, description="Machines that share out the rows of every training step")] = 1
    spot: Annotated[
        bool, Field(description="Cheaper machines that may be taken away; training goes on from its checkpoint")
    ] = False
    volume_gib: Annotated[int, Field(ge=1, le=16384, description="Disk of each machine")] = 50


def training_image(scope: Scope) -> Image:
    """The pipeline's image, shared by training and prediction. Raises: SpecError with PG025 where AWS has no base."""
    base = pytorch_training_image(scope.around.region)
    if base is None:
        message = f"AWS offers no SageMaker PyTorch image in '{scope.around.region}'"
        raise scope.fault("PG025", message, "choose another region", "kind")
    return Image(TRAINING_IMAGE, f"containers/{TRAINING_IMAGE}", base, TRAINING_PACKAGES)


def image_file(image: Image) -> OutputFile:
    """The Dockerfile of an image."""
    return OutputFile(f"{image.folder}/Dockerfile", f"containers/{image.name}.Dockerfile.j2", image)


def vpc_config(scope: Scope) -> dict[str, Json]:
    """The pipeline's private subnets and the security group of its SageMaker jobs."""
    return {
        "SecurityGroupIds": ["${security_group_sagemaker}"],
        "Subnets": [f"${{private_subnet_{label}}}" for label in scope.around.subnets],
    }


def job_tags(scope: Scope) -> list[Json]:
    """By what a job is found again: pipeline and run."""
    return [{"Key": "pipeline", "Value": scope.names.pipeline}, {"Key": "run", "Value": Jsonata("$run_id")}]


def job_role_permissions(
    scope: Scope,
    role: RoleKey,
    sources: tuple[Location, ...],
    *targets: Location,
    repository_arn: str | None = None,
    checkpoints: Location | None = None,
) -> tuple[Permission, ...]:
    """What the job itself may do: pull its image (None: the pipeline's own), read inputs, write outputs and logs.

    Checkpoints, of spot jobs only, are written and, when the job goes on, read again.
    """
    own = arns.arn("ecr", f"repository/{scope.names.repository(TRAINING_IMAGE)}")
    return (
        *pull_image_from(role, repository_arn or own),
        *(read(role, "ReadInputs", *sources) if sources else ()),
        *upload(role, "WriteOutput", *targets),
        *(write(role, "KeepCheckpoints", checkpoints) if checkpoints else ()),
        use_key(role),
        write_logs(role, "/aws/sagemaker/*", "logs:CreateLogGroup"),
        *attach_network(role, "security_group_sagemaker", scope.around.subnets),
    )


def state_machine_permissions(scope: Scope, role: RoleKey, job: str, title: str) -> tuple[Permission, ...]:
    """What the state machine may do to run a `job` ('training' or 'processing') of this step and wait for it."""
    noun = job.capitalize()
    calls = tuple(
        f"sagemaker:{call}" for call in ("AddTags", f"Create{noun}Job", f"Describe{noun}Job", f"Stop{noun}Job")
    )
    resource = arns.arn("sagemaker", f"{job}-job/{scope.names.job_prefix(scope.step)}-*")
    return (
        Permission(STATES, f"Run{title}", calls, (resource,)),
        pass_role(scope.names.role(role), Service.SAGEMAKER, f"PassRoleOf{title}"),
        follow_sagemaker_jobs(f"StepFunctionsGetEventsForSageMaker{noun}JobsRule", f"Follow{noun}Jobs"),
    )


def completed(
    scope: Scope,
    job: Literal["HyperParameterTuning", "Processing", "Training", "Transform"],
    reason: str,
    minutes: int | None = None,
) -> dict[str, Json]:
    """What a job's state assigns: its outcome; a job that was stopped, as after its time is over, fails its state.

    `job`: what its fields begin with, such as Transform; `reason`: the field that says why it ended; `minutes`: how
    long it may run, if its request says so.
    """
    noun = "tuning" if job == "HyperParameterTuning" else job.lower()
    name, status = f"$states.result.{job}JobName", f"$states.result.{job}JobStatus"
    ended = f"'{noun} job ' & {name} & ' ended as ' & {status}"
    why = f"($exists($states.result.{reason}) ? ': ' & $states.result.{reason} : '')"
    limit = f" & ' (it may run for {minutes} min)'" if minutes else ""
    outcome = f"{status} = 'Completed' ? 'Completed' : $error({ended} & {why}{limit})"
    return {f"{scope.step}_outcome": Jsonata(outcome)}


def role_arn(scope: Scope, role: RoleKey) -> str:
    """The ARN of the job's role, as API requests want it."""
    return arns.role(scope.names.role(role))

"""The states of a training job, and the model that comes out of them."""

from dataclasses import dataclass, field
from typing import Protocol

from pipelinegen.ir.model import Json, Jsonata, Location, Model, RoleKey
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker import JOB_RETRY, completed, role_arn, vpc_config

#: A spot job may wait this long for machines, beside the time it runs.
SPOT_WAIT_SECONDS = 30 * 60


class TrainingMachines(Protocol):
    """What the spec says of a training job's machines."""

    @property
    def type(self) -> str:
        """Instance type."""

    @property
    def count(self) -> int:
        """How many."""

    @property
    def spot(self) -> bool:
        """Whether they may be taken away."""

    @property
    def volume_gib(self) -> int:
        """Disk of each."""


def checkpoints_of(scope: Scope) -> Location:
    """Where a spot job of the step leaves what it goes on from."""
    return scope.models.below("checkpoints")


def training_job(scope: Scope, role: RoleKey, machines: TrainingMachines, timeout_minutes: int) -> dict[str, Json]:
    """What every request for training says of role, output, machines, limits and network.

    Only a spot job has checkpoints, for only it may be taken away and go on.
    """
    stopping: dict[str, Json] = {"MaxRuntimeInSeconds": timeout_minutes * 60}
    checkpoints: dict[str, Json] = {}
    if machines.spot:
        stopping["MaxWaitTimeInSeconds"] = timeout_minutes * 60 + SPOT_WAIT_SECONDS
        checkpoints["CheckpointConfig"] = {
            "S3Uri": Jsonata(f"'{checkpoints_of(scope).uri}' & $states.context.Execution.Name"),
            "LocalPath": "/opt/ml/checkpoints",
        }
    return {
        "RoleArn": role_arn(scope, role),
        "OutputDataConfig": {"S3OutputPath": scope.models.uri.rstrip("/"), "KmsKeyId": "${data_key_arn}"},
        **checkpoints,
        "ResourceConfig": {
            "InstanceCount": machines.count,
            "InstanceType": machines.type,
            "VolumeSizeInGB": machines.volume_gib,
        },
        "EnableManagedSpotTraining": machines.spot,
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": machines.count > 1,
        "StoppingCondition": stopping,
        "VpcConfig": vpc_config(scope),
    }


@dataclass(frozen=True, slots=True)
class TrainingStateContext:
    """The state of a training job; one that was stopped fails it, for its model is not what was asked for."""

    request: Json
    assign: Json
    timeout_seconds: int
    retry: Json = field(default_factory=lambda: list(JOB_RETRY))


@dataclass(frozen=True, slots=True)
class JobContext:
    """A request body, as a file of its own."""

    request: Json


@dataclass(frozen=True, slots=True)
class TrainingVariables:
    """The names of the variables that a training step sets."""

    model: str
    version: str
    metrics: str

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (self.model, self.version, self.metrics)


def training_variables(scope: Scope) -> TrainingVariables:
    """The variables of one step."""
    return TrainingVariables(*(f"{scope.step}_{part}" for part in ("model", "version", "metrics")))


def trained_model(scope: Scope, image: str) -> Model:
    """What a job of any image leaves behind, as the step's variables have it."""
    variables = training_variables(scope)
    return Model(
        uri=Jsonata(f"${variables.model}"),
        version=Jsonata(f"${variables.version}"),
        metrics=Jsonata(f"${variables.metrics}"),
        location=scope.models,
        image=image,
    )


def training_states(scope: Scope, request: Json, timeout_minutes: int) -> TrainingStateContext:
    """What the states are rendered from."""
    variables = training_variables(scope)
    return TrainingStateContext(
        request=request,
        assign={
            **completed(scope, "Training", "SecondaryStatus", timeout_minutes),
            variables.model: Jsonata("$states.result.ModelArtifacts.S3ModelArtifacts"),
            variables.version: Jsonata("$states.result.TrainingJobName"),
            variables.metrics: Jsonata("$merge([$states.result.FinalMetricDataList.{MetricName: Value}])"),
        },
        timeout_seconds=timeout_minutes * 60 + SPOT_WAIT_SECONDS,
    )

"""The body of CreateTrainingJob for an image of which nothing else is known."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelinegen.ir.expressions import unique_job_name
from pipelinegen.ir.model import Json, Jsonata, RoleKey
from pipelinegen.steps.algorithms import algorithm_specification, hyperparameter
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker import job_tags, role_arn, vpc_config
from pipelinegen.steps.training import SPOT_WAIT_SECONDS

if TYPE_CHECKING:
    from pipelinegen.steps.sagemaker_algorithm.model import SagemakerAlgorithmSpec


def algorithm_request(
    scope: Scope, role: RoleKey, spec: "SagemakerAlgorithmSpec", given: Sequence[Json]
) -> dict[str, Json]:
    """The request as Step Functions sends it; only a spot job has checkpoints, for only it may be taken away."""
    seconds = spec.timeout_minutes * 60
    stopping: dict[str, Json] = {"MaxRuntimeInSeconds": seconds}
    request: dict[str, Json] = {
        "TrainingJobName": unique_job_name(scope.names.job_prefix(scope.step)),
        "AlgorithmSpecification": algorithm_specification(spec.image, spec.metrics),
        "RoleArn": role_arn(scope, role),
        "HyperParameters": {name: hyperparameter(scope, name, value) for name, value in spec.hyperparameters.items()},
        "InputDataConfig": list(given),
        "OutputDataConfig": {"S3OutputPath": scope.models.uri.rstrip("/"), "KmsKeyId": "${data_key_arn}"},
        "ResourceConfig": {
            "InstanceCount": spec.instance.count,
            "InstanceType": spec.instance.type,
            "VolumeSizeInGB": spec.instance.volume_gib,
        },
        "EnableManagedSpotTraining": spec.instance.spot,
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": spec.instance.count > 1,
        "StoppingCondition": stopping,
        "VpcConfig": vpc_config(),
        "Tags": job_tags(scope),
    }
    if spec.instance.spot:
        stopping["MaxWaitTimeInSeconds"] = seconds + SPOT_WAIT_SECONDS
        request["CheckpointConfig"] = {
            "S3Uri": Jsonata(f"'{scope.models.uri}checkpoints/' & $states.context.Execution.Name"),
            "LocalPath": "/opt/ml/checkpoints",
        }
    return request

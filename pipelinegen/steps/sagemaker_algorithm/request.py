"""The body of CreateTrainingJob for an image of which nothing else is known."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelinegen.ir.expressions import concatenate, unique_job_name
from pipelinegen.ir.model import Json, Jsonata, RoleKey
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker import job_tags, role_arn, vpc_config
from pipelinegen.steps.training import SPOT_WAIT_SECONDS

if TYPE_CHECKING:
    from pipelinegen.steps.sagemaker_algorithm.model import SagemakerAlgorithmSpec


def algorithm_request(
    scope: Scope, role: RoleKey, spec: "SagemakerAlgorithmSpec", channels: Sequence[Json]
) -> dict[str, Json]:
    """The request as Step Functions sends it; only a spot job has checkpoints, for only it may be taken away."""
    seconds = spec.timeout_minutes * 60
    stopping: dict[str, Json] = {"MaxRuntimeInSeconds": seconds}
    request: dict[str, Json] = {
        "TrainingJobName": unique_job_name(scope.names.job_prefix(scope.step)),
        "AlgorithmSpecification": _algorithm(spec),
        "RoleArn": role_arn(scope, role),
        "HyperParameters": {name: _text(scope, name, value) for name, value in spec.hyperparameters.items()},
        "InputDataConfig": list(channels),
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


def _algorithm(spec: "SagemakerAlgorithmSpec") -> dict[str, Json]:
    """Image and metrics; AWS's own algorithms define theirs, and refuse a second definition."""
    defined: list[Json] = [
        {"Name": name, "Regex": concatenate([metric.regex])} for name, metric in spec.metrics.items() if metric.regex
    ]
    algorithm: dict[str, Json] = {"TrainingImage": spec.image, "TrainingInputMode": "File"}
    return {**algorithm, "MetricDefinitions": defined} if defined else algorithm


def channel(name: str, uri: Jsonata, content_type: str | None) -> Json:
    """All files below an address, as one channel of the job."""
    source: dict[str, Json] = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    described: dict[str, Json] = {"ChannelName": name, "DataSource": {"S3DataSource": source}}
    return {**described, "ContentType": content_type} if content_type else described


def _text(scope: Scope, name: str, value: str | int | float | bool) -> Json:
    """A hyperparameter as SageMaker wants it, which is text; references in it are replaced."""
    if isinstance(value, str):
        return scope.text(value, "hyperparameters", name)
    return str(value).lower() if isinstance(value, bool) else repr(value)

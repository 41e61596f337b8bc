"""The body of CreateProcessingJob, and files in S3 as a job's inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelinegen.ir.expressions import unique_job_name
from pipelinegen.ir.model import Artifact, Json, Jsonata, Location, Model, RoleKey, StoredFiles
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker import ProcessingInstanceSpec, job_tags, role_arn, vpc_config

_BASE = "/opt/ml/processing"


@dataclass(frozen=True, slots=True)
class ProcessingJob:
    """What one kind's job differs in from another's; inputs and outputs by the name of their folder."""

    image: str
    entrypoint: Sequence[Json]
    arguments: Sequence[Json]
    inputs: Mapping[str, Jsonata]
    outputs: Mapping[str, Jsonata]
    instance: ProcessingInstanceSpec
    timeout_minutes: int
    environment: Mapping[str, Json] | None = None


def processing_request(scope: Scope, role: RoleKey, job: ProcessingJob) -> dict[str, Json]:
    """The request as Step Functions sends it."""
    application: dict[str, Json] = {"ImageUri": job.image}
    if job.entrypoint:
        application["ContainerEntrypoint"] = list(job.entrypoint)
    if job.arguments:
        application["ContainerArguments"] = list(job.arguments)
    request: dict[str, Json] = {
        "ProcessingJobName": unique_job_name(scope.names.job_prefix(scope.step)),
        "AppSpecification": application,
        "RoleArn": role_arn(scope, role),
        "ProcessingInputs": [_input(name, uri) for name, uri in job.inputs.items()],
        "ProcessingOutputConfig": {
            "KmsKeyId": "${data_key_arn}",
            "Outputs": [_output(name, uri) for name, uri in job.outputs.items()],
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": job.instance.type,
                "VolumeSizeInGB": job.instance.volume_gib,
            }
        },
        "NetworkConfig": {"EnableNetworkIsolation": True, "VpcConfig": vpc_config(scope)},
        "StoppingCondition": {"MaxRuntimeInSeconds": job.timeout_minutes * 60},
        "Tags": job_tags(scope),
    }
    if job.environment:
        request["Environment"] = dict(job.environment)
    return request


def stored(scope: Scope, reference: str, *path: str | int) -> tuple[Location, Jsonata]:
    """Where a reference's files lie, of all runs and of this one. Raises: SpecError with PG017 if it has none."""
    found = scope.artifact(reference, Artifact, *path)
    if isinstance(found, StoredFiles | Model):
        return found.location, found.uri
    message = f"'{reference}' is nothing that lies in S3 as files of this run"
    raise scope.fault("PG017", message, "refer to a step's table, model, predictions or folder", *path)


def _input(name: str, uri: Jsonata) -> dict[str, Json]:
    source: dict[str, Json] = {
        "S3Uri": uri,
        "LocalPath": f"{_BASE}/input/{name}",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    }
    return {"InputName": name, "S3Input": source}


def _output(name: str, uri: Jsonata) -> dict[str, Json]:
    target: dict[str, Json] = {"S3Uri": uri, "LocalPath": f"{_BASE}/output/{name}", "S3UploadMode": "EndOfJob"}
    return {"OutputName": name, "S3Output": target}

"""What a `batch_predictions` step is in the spec and in the IR."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from pipelinegen.ir.expressions import unique_job_name
from pipelinegen.ir.model import (
    Json,
    Jsonata,
    Model,
    OutputFile,
    Predictions,
    RoleKey,
    SagemakerJob,
    Service,
    Step,
    Table,
)
from pipelinegen.spec.fields import TimeoutMinutes
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.batch_predictions.permissions import prediction_permissions
from pipelinegen.steps.sagemaker import (
    IMAGE_VARIABLE,
    JOB_RETRY,
    ProcessingInstanceSpec,
    image_file,
    role_arn,
    training_image,
    vpc_config,
)

_BASE = "/opt/ml/processing"


class BatchPredictionsSpec(StepSpec):
    """Keys of a `batch_predictions` step."""

    kind: Literal["batch_predictions"]
    model: Annotated[Reference, Field(description="The model that scores, as a rule ${steps.<promote step>.model}")]
    items: Annotated[Reference, Field(description="The table of items that may be recommended today")]
    top_k: Annotated[int, Field(ge=1, le=1000, description="Items per user")] = 20
    instance: ProcessingInstanceSpec = ProcessingInstanceSpec()
    timeout_minutes: TimeoutMinutes = 60


@dataclass(frozen=True, slots=True)
class PredictionStateContext:
    """The state that runs the job."""

    request: Json
    timeout_seconds: int
    retry: Json = field(default_factory=lambda: list(JOB_RETRY))


def lower(spec: BatchPredictionsSpec, scope: Scope) -> Step:
    """The step with its request, state and role. Raises: SpecError with PG017, PG021, PG025."""
    model = scope.artifact(spec.model, Model, "model")
    items = scope.artifact(spec.items, Table, "items")
    if model.item_column not in {column.name for column in items.dataset.columns}:
        message = f"dataset '{items.dataset.name}' has no column '{model.item_column}', by which the model knows items"
        raise scope.fault("PG021", message, "give the table the model was trained with", "items")
    image, role = training_image(scope), RoleKey(Service.SAGEMAKER, scope.step)
    predictions = Predictions(scope.data, model, spec.top_k)
    context = PredictionStateContext(_request(spec, scope, role, predictions, items), (spec.timeout_minutes + 15) * 60)
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"SageMaker processing job: the best {spec.top_k} items of every user",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"output": predictions},
        permissions=prediction_permissions(scope, role, (model.location, items.location)),
        resources=(image, SagemakerJob(scope.step, role, image.name)),
        files=(
            OutputFile(f"sagemaker/{scope.step}.json", "steps/batch_predictions/job.json.j2", context),
            image_file(image),
        ),
        state=OutputFile(scope.title, "steps/batch_predictions/state.asl.json.j2", context),
        summary={"predictions": predictions.uri},
    )


def _request(
    spec: BatchPredictionsSpec, scope: Scope, role: RoleKey, predictions: Predictions, items: Table
) -> dict[str, Json]:
    return {
        "ProcessingJobName": unique_job_name(scope.names.job_prefix(scope.step)),
        "AppSpecification": {
            "ImageUri": IMAGE_VARIABLE,
            "ContainerEntrypoint": ["python3", "-m", "runtime.prediction.score"],
            "ContainerArguments": ["--top_k", str(spec.top_k)],
        },
        "RoleArn": role_arn(scope, role),
        "ProcessingInputs": [_input("model", predictions.model.uri), _input("items", items.uri)],
        "ProcessingOutputConfig": {
            "KmsKeyId": "${data_key_arn}",
            "Outputs": [
                {
                    "OutputName": "predictions",
                    "S3Output": {
                        "S3Uri": predictions.uri,
                        "LocalPath": f"{_BASE}/output/predictions",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ],
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": spec.instance.type,
                "VolumeSizeInGB": spec.instance.volume_gib,
            }
        },
        "NetworkConfig": {"EnableNetworkIsolation": True, "VpcConfig": vpc_config()},
        "StoppingCondition": {"MaxRuntimeInSeconds": spec.timeout_minutes * 60},
        "Tags": [{"Key": "pipeline", "Value": scope.names.pipeline}, {"Key": "run", "Value": Jsonata("$run_id")}],
    }


def _input(name: str, uri: Jsonata) -> dict[str, Json]:
    source: dict[str, Json] = {
        "S3Uri": uri,
        "LocalPath": f"{_BASE}/input/{name}",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    }
    return {"InputName": name, "S3Input": source}

"""What a `batch_predictions` step is in the spec and in the IR."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from pipelinegen.ir.model import (
    Json,
    OutputFile,
    Predictions,
    Recommender,
    RoleKey,
    SagemakerJob,
    Service,
    Step,
    Table,
)
from pipelinegen.spec.fields import TimeoutMinutes
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.batch_predictions.permissions import prediction_permissions
from pipelinegen.steps.columns import check_items
from pipelinegen.steps.processing import ProcessingJob, processing_request
from pipelinegen.steps.sagemaker import (
    IMAGE_VARIABLE,
    JOB_RETRY,
    ProcessingInstanceSpec,
    completed,
    image_file,
    training_image,
)


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
    assign: Json
    retry: Json = field(default_factory=lambda: list(JOB_RETRY))


def lower(spec: BatchPredictionsSpec, scope: Scope) -> Step:
    """The step with its request, state and role. Raises: SpecError with PG017, PG021, PG025, PG138."""
    model = scope.artifact(spec.model, Recommender, "model")
    items = scope.artifact(spec.items, Table, "items")
    check_items(scope, model, items, "items")
    image, role = training_image(scope), RoleKey(Service.SAGEMAKER, scope.step)
    predictions = Predictions(scope.data, model, spec.top_k)
    job = ProcessingJob(
        image=IMAGE_VARIABLE,
        entrypoint=("python3", "-m", "runtime.prediction.score"),
        arguments=("--top_k", str(spec.top_k)),
        inputs={"model": model.uri, "items": items.uri},
        outputs={"predictions": predictions.uri},
        instance=spec.instance,
        timeout_minutes=spec.timeout_minutes,
    )
    request, seconds = processing_request(scope, role, job), (spec.timeout_minutes + 15) * 60
    context = PredictionStateContext(
        request, seconds, completed(scope, "Processing", "ExitMessage", spec.timeout_minutes)
    )
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

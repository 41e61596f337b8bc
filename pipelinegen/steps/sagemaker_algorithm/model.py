"""What a `sagemaker_algorithm` step is in the spec and in the IR.

A kind of its own beside `sagemaker_training`: the two share no key but the machine. There the program is known, so
columns, hyperparameters and metrics are typed; here nothing is, and editors should not offer one's keys for the other.
"""

from typing import Annotated, Literal

from pydantic import Field

from pipelinegen.ir.model import (
    Jsonata,
    Model,
    OutputFile,
    RoleKey,
    SagemakerJob,
    Service,
    Step,
)
from pipelinegen.spec.fields import Identifier, TimeoutMinutes
from pipelinegen.steps.algorithms import (
    AlgorithmInstanceSpec,
    ContentType,
    Hyperparameters,
    MetricSpec,
    channels,
    metric_artifacts,
)
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.sagemaker_algorithm.permissions import algorithm_permissions
from pipelinegen.steps.sagemaker_algorithm.request import algorithm_request
from pipelinegen.steps.sagemaker_images import ImageUri, job_image
from pipelinegen.steps.training import JobContext, training_states, training_variables


class SagemakerAlgorithmSpec(StepSpec):
    """Keys of a `sagemaker_algorithm` step."""

    kind: Literal["sagemaker_algorithm"]
    image: Annotated[ImageUri, Field(description="Training image in ECR, one of AWS's own or another")]
    inputs: Annotated[
        dict[Identifier, Reference], Field(min_length=1, max_length=20, description="Channels by their name")
    ]
    content_type: Annotated[ContentType | None, Field(description="MIME type of the channels' files")] = None
    hyperparameters: Annotated[
        Hyperparameters, Field(max_length=100, description="Whatever the image takes; references in text are replaced")
    ] = {}
    metrics: Annotated[
        dict[Identifier, MetricSpec],
        Field(max_length=40, description="Metrics that other steps use; the promoted model's is as of its promotion"),
    ] = {}
    instance: Annotated[AlgorithmInstanceSpec, Field(description="The machines")] = AlgorithmInstanceSpec()
    timeout_minutes: Annotated[TimeoutMinutes, Field(description="The job is stopped after this")] = 60


def lower(spec: SagemakerAlgorithmSpec, scope: Scope) -> Step:
    """The step with its request, states and role. Raises: SpecError with PG017, PG071."""
    image, role = job_image(scope, spec.image), RoleKey(Service.SAGEMAKER, scope.step)
    given, sources = channels(scope, spec.inputs, spec.content_type)
    request = algorithm_request(scope, role, spec, given)
    variables = training_variables(scope)
    model = Model(
        uri=Jsonata(f"${variables.model}"),
        version=Jsonata(f"${variables.version}"),
        metrics=Jsonata(f"${variables.metrics}"),
        location=scope.models,
    )
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"SageMaker training job of {spec.image.split('/', 1)[1]}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"model": model, **metric_artifacts(spec.metrics, model)},
        permissions=algorithm_permissions(scope, role, image, sources),
        resources=(SagemakerJob(scope.step, role, image.uri),),
        files=(
            OutputFile(f"sagemaker/{scope.step}.json", "steps/sagemaker_algorithm/job.json.j2", JobContext(request)),
        ),
        state=OutputFile(
            scope.title,
            "steps/sagemaker_algorithm/state.asl.json.j2",
            training_states(scope, request, spec.timeout_minutes),
        ),
        assigns=variables.names,
        reads_promoted=True,
        summary={"model": model.uri, "version": model.version, "metrics": model.metrics},
    )

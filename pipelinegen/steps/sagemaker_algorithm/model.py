"""What a `sagemaker_algorithm` step is in the spec and in the IR.

A kind of its own beside `sagemaker_training`: the two share no key but the machine. There the program is known, so
columns, hyperparameters and metrics are typed; here nothing is, and editors should not offer one's keys for the other.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator

from pipelinegen.ir.model import (
    Artifact,
    Jsonata,
    Metric,
    Model,
    OutputFile,
    RoleKey,
    SagemakerJob,
    Service,
    Step,
)
from pipelinegen.spec.conditions import Scalar
from pipelinegen.spec.fields import Identifier, SpecValueError, StrictModel, TimeoutMinutes
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.processing import stored
from pipelinegen.steps.sagemaker_algorithm.permissions import algorithm_permissions
from pipelinegen.steps.sagemaker_algorithm.request import algorithm_request, channel
from pipelinegen.steps.sagemaker_images import ImageUri, job_image
from pipelinegen.steps.sagemaker_instances import TrainingInstanceType
from pipelinegen.steps.training import JobContext, training_states, training_variables


def _one_number(value: str) -> str:
    help = "put the number in parentheses, as in 'validation loss: ([0-9.]+)'"
    try:
        groups = re.compile(value).groups
    except re.error as error:
        raise SpecValueError(f"'{value[:60]}' is no regular expression: {error}", help, "PG073") from None
    if groups != 1:
        raise SpecValueError(f"'{value[:60]}' has {groups} groups; the metric is the one group", help, "PG073")
    return value


#: At most 500 characters (SageMaker: MetricRegex).
MetricRegex = Annotated[
    str,
    Field(min_length=1, max_length=500),
    AfterValidator(_one_number),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 500, "format": "regex"}),
]


class AlgorithmInstanceSpec(StrictModel):
    """The machines of a training job of any image."""

    type: Annotated[TrainingInstanceType, Field(description="Instance type")] = "ml.m5.xlarge"
    count: Annotated[int, Field(ge=1, le=100, description="Machines that train together, if the image can")] = 1
    spot: Annotated[
        bool, Field(description="Cheaper machines that may be taken away; what is in /opt/ml/checkpoints is kept")
    ] = False
    volume_gib: Annotated[int, Field(ge=1, le=16384, description="Disk of each machine")] = 50


class MetricSpec(StrictModel):
    """A number that the image prints, or that AWS reads from an algorithm of its own."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["regex"]}, {"required": ["name"]}]})

    goal: Annotated[Literal["maximize", "minimize"], Field(description="Which way is better")]
    regex: Annotated[MetricRegex | None, Field(description="Finds the number in the log, by its one group")] = None
    name: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9_.:@/-]+$",
            max_length=255,
            description="Its name in an algorithm of AWS, such as validation:rmse",
        ),
    ] = None

    @model_validator(mode="after")
    def _one_source(self) -> "MetricSpec":
        if (self.regex is None) == (self.name is None):
            message = "a metric is found by `regex:` or known by `name:`, one of them"
            raise SpecValueError(message, "give `regex:` for an image of your own, `name:` for an algorithm of AWS")
        return self


class SagemakerAlgorithmSpec(StepSpec):
    """Keys of a `sagemaker_algorithm` step."""

    kind: Literal["sagemaker_algorithm"]
    image: Annotated[ImageUri, Field(description="Training image in ECR, one of AWS's own or another")]
    inputs: Annotated[
        dict[Identifier, Reference], Field(min_length=1, max_length=20, description="Channels by their name")
    ]
    content_type: Annotated[
        str | None,
        Field(pattern=r"^[a-z]+/[A-Za-z0-9.+-]+$", max_length=256, description="MIME type of the channels' files"),
    ] = None
    hyperparameters: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=256)], Scalar],
        Field(max_length=100, description="Whatever the image takes; references in text are replaced"),
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
    inputs = {name: stored(scope, reference, "inputs", name) for name, reference in spec.inputs.items()}
    models = [name for name, item in spec.inputs.items() if isinstance(scope.artifact(item, Artifact, name), Model)]
    channels = [channel(name, uri, None if name in models else spec.content_type) for name, (_, uri) in inputs.items()]
    request = algorithm_request(scope, role, spec, channels)
    sources = tuple(dict.fromkeys(location for location, _ in inputs.values()))
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
        outputs={"model": model, **_metrics(spec, model)},
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


def _metrics(spec: SagemakerAlgorithmSpec, model: Model) -> dict[str, Artifact]:
    return {
        f"metrics.{name}": Metric(
            name=name,
            goal=metric.goal,
            value=Jsonata(f"{model.metrics.text}.`{metric.name or name}`"),
            promoted=Jsonata(f"$promoted.metrics.`{metric.name or name}`"),
            model=model,
        )
        for name, metric in spec.metrics.items()
    }

"""Training with an image of which nothing is known but its address: channels, hyperparameters, metrics."""

import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from pipelinegen.ir.expressions import concatenate
from pipelinegen.ir.model import Artifact, Json, Jsonata, Location, Metric, Model
from pipelinegen.spec.conditions import Scalar
from pipelinegen.spec.fields import SpecValueError, StrictModel, exactly_one
from pipelinegen.steps.base import Scope
from pipelinegen.steps.columns import check_content_type
from pipelinegen.steps.processing import stored
from pipelinegen.steps.sagemaker_instances import TrainingInstanceType

if TYPE_CHECKING:
    from pipelinegen.steps.algorithm_step import AlgorithmStep, Searched
    from pipelinegen.steps.built_in_algorithms import Algorithm


def _one_number(value: str) -> str:
    help = "put the number in parentheses, as in 'validation loss: ([0-9.]+)'"
    try:
        with warnings.catch_warnings(action="ignore"):  # Python's word on its own future is not for our users.
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
#: Free hyperparameters: whatever the image takes.
Hyperparameters = dict[Annotated[str, Field(min_length=1, max_length=256)], Scalar]
#: Parameters are after a semicolon, such as label_size=0 of the algorithms that learn without labels.
ContentType = Annotated[
    Annotated[str, Field(pattern=r"^[a-z]+/[A-Za-z0-9.+-]+(; ?[a-z_-]+=[A-Za-z0-9_-]+)*$", max_length=256)] | None,
    Field(description="MIME type of the channels' files, such as text/csv;label_size=0 where there are no labels"),
]
#: How AWS's algorithms know a model that they go on from.
_MODEL = "application/x-sagemaker-model"


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

    model_config = exactly_one("regex", "name")

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


def algorithm_of(
    scope: Scope,
    step: "AlgorithmStep",
    search: "Mapping[str, Searched] | None" = None,
    objective: str | None = None,
    *,
    goes_on: bool = False,
) -> "Algorithm | None":
    """The algorithm of AWS that a step trains with, if it does. Raises: SpecError with PG145 for what it refuses."""
    if step.image is None:
        return None
    from pipelinegen.steps.algorithm_check import check_algorithm  # other specs do without the table and its rules

    return check_algorithm(scope, step, search, objective, goes_on=goes_on)


def channels(
    scope: Scope, inputs: Mapping[str, str], content_type: str | None, algorithm: "Algorithm | None"
) -> tuple[list[Json], tuple[Location, ...]]:
    """The references as channels, and where their files lie. Raises: SpecError with PG017, PG138.

    `algorithm`: the one of AWS that reads them, which may want a channel's files to be shared out among the machines.
    """
    sharded = algorithm.sharded if algorithm else ()
    found: list[Json] = []
    sources: dict[Location, None] = {}
    for name, reference in inputs.items():
        location, uri = stored(scope, reference, "inputs", name)
        check_content_type(scope, reference, content_type, "inputs", name)
        is_model = isinstance(scope.artifact(reference, Artifact, "inputs", name), Model)
        kind = algorithm.content_type(name, content_type) if algorithm else content_type
        if is_model:
            kind = _MODEL if algorithm and name == "model" else None
        found.append(_channel(name, uri, kind, is_sharded=name in sharded))
        sources[location] = None
    return found, tuple(sources)


def algorithm_specification(image: str, metrics: Mapping[str, MetricSpec]) -> dict[str, Json]:
    """Image and metrics; AWS's own algorithms define theirs, and refuse a second definition."""
    defined: list[Json] = [
        {"Name": name, "Regex": concatenate([metric.regex])} for name, metric in metrics.items() if metric.regex
    ]
    algorithm: dict[str, Json] = {"TrainingImage": image, "TrainingInputMode": "File"}
    return {**algorithm, "MetricDefinitions": defined} if defined else algorithm


def warm_start_channel(name: str, *, is_algorithm: bool) -> Json:
    """The promoted model as a channel; AWS's algorithms know it by its content type (incremental training)."""
    return _channel(name, Jsonata("$promoted.model"), _MODEL if is_algorithm else None)


def check_printed(scope: Scope, image: str | None, metrics: Mapping[str, MetricSpec]) -> None:
    """Raises: SpecError with PG073 for a metric of a program or image of one's own that is known by its name only."""
    is_own = image is None or image.startswith(f"{scope.names.account_id}.")
    for key, metric in metrics.items():
        if is_own and metric.regex is None:
            message = (
                f"'{key}' is known by its name, as algorithms of AWS have it; a program's is found in what it prints"
            )
            help = f"give `regex:`, such as '{key}=([0-9.]+)'"
            raise scope.fault("PG073", message, help, "metrics", key, "name")


def _channel(name: str, uri: Jsonata, content_type: str | None, *, is_sharded: bool = False) -> Json:
    """All files below an address, as one channel of the job."""
    distribution = "ShardedByS3Key" if is_sharded else "FullyReplicated"
    source: dict[str, Json] = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": distribution}
    described: dict[str, Json] = {"ChannelName": name, "DataSource": {"S3DataSource": source}}
    return {**described, "ContentType": content_type} if content_type else described


def hyperparameter(scope: Scope, name: str, value: str | int | float | bool) -> Json:
    """A hyperparameter as SageMaker wants it, which is text; references in it are replaced."""
    if isinstance(value, str):
        return scope.text(value, "hyperparameters", name)
    return str(value).lower() if isinstance(value, bool) else repr(value)


def metric_artifacts(metrics: Mapping[str, MetricSpec], model: Model) -> dict[str, Artifact]:
    """The metrics of a model as outputs of its step; the promoted model's are as of its promotion."""
    return {
        f"metrics.{name}": Metric(
            name=name,
            goal=metric.goal,
            value=Jsonata(f"{model.metrics.text}.`{metric.name or name}`"),
            promoted=Jsonata(f"$promoted.metrics.`{metric.name or name}`"),
            model=model,
        )
        for name, metric in metrics.items()
    }

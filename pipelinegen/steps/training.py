"""The states of a training job, and the model that comes out of them."""

from dataclasses import dataclass, field

from pipelinegen.ir.model import Json, Jsonata
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker import JOB_RETRY

#: A spot job may wait this long for machines, beside the time it runs.
SPOT_WAIT_SECONDS = 30 * 60


@dataclass(frozen=True, slots=True)
class TrainingStateContext:
    """The states of training: train, and refuse a model of a job that was stopped."""

    title: str
    request: Json
    assign: Json
    choice_title: str
    completed_title: str
    stopped_title: str
    completed: Json
    stopped_cause: Json
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
    outcome: str

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (self.model, self.version, self.metrics, self.outcome)


def training_variables(scope: Scope) -> TrainingVariables:
    """The variables of one step."""
    return TrainingVariables(*(f"{scope.step}_{part}" for part in ("model", "version", "metrics", "outcome")))


def training_states(scope: Scope, request: Json, timeout_minutes: int) -> TrainingStateContext:
    """What the states are rendered from."""
    variables = training_variables(scope)
    return TrainingStateContext(
        title=scope.title,
        request=request,
        assign={
            variables.model: Jsonata("$states.result.ModelArtifacts.S3ModelArtifacts"),
            variables.version: Jsonata("$states.result.TrainingJobName"),
            variables.metrics: Jsonata("$merge([$states.result.FinalMetricDataList.{MetricName: Value}])"),
            variables.outcome: Jsonata("$states.result.TrainingJobStatus"),
        },
        choice_title=f"{scope.title}: completed?",
        completed_title=f"{scope.title}: completed",
        stopped_title=f"{scope.title}: stopped",
        completed=Jsonata(f"${variables.outcome} = 'Completed'"),
        stopped_cause=Jsonata(f"'training job ' & ${variables.version} & ' ended as ' & ${variables.outcome}"),
        timeout_seconds=timeout_minutes * 60 + SPOT_WAIT_SECONDS,
    )

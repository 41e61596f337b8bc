"""The body of CreateHyperParameterTuningJob, and the states around it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelinegen.ir.expressions import concatenate, unique_short_name
from pipelinegen.ir.model import Json, Jsonata, RoleKey
from pipelinegen.steps.algorithms import algorithm_specification, hyperparameter
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker import JOB_RETRY, completed, job_tags
from pipelinegen.steps.training import SPOT_WAIT_SECONDS, training_job, training_variables

if TYPE_CHECKING:
    from pipelinegen.steps.tuning.model import RangeSpec, TuningSpec


@dataclass(frozen=True, slots=True)
class TuningStateContext:
    """The states: search, then look at the best job for its model and all its metrics."""

    title: str
    best_title: str
    request: Json
    assign: Json
    best_request: Json
    assign_best: Json
    timeout_seconds: int
    retry: Json = field(default_factory=lambda: list(JOB_RETRY))


def tuning_states(spec: "TuningSpec", scope: Scope, request: Json) -> TuningStateContext:
    """What the states are rendered from; the jobs run in rounds of those at a time."""
    variables = training_variables(scope)
    rounds = -(-spec.max_jobs // spec.max_parallel)
    return TuningStateContext(
        title=scope.title,
        best_title=f"{scope.title}: best job",
        request=request,
        assign={
            **completed(scope, "HyperParameterTuning", "FailureReason"),
            variables.version: Jsonata("$states.result.BestTrainingJob.TrainingJobName"),
        },
        best_request={"TrainingJobName": Jsonata(f"${variables.version}")},
        assign_best={
            variables.model: Jsonata("$states.result.ModelArtifacts.S3ModelArtifacts"),
            variables.metrics: Jsonata("$merge([$states.result.FinalMetricDataList.{MetricName: Value}])"),
        },
        timeout_seconds=rounds * (spec.timeout_minutes * 60 + SPOT_WAIT_SECONDS),
    )


def tuning_request(
    scope: Scope, role: RoleKey, image: str, spec: "TuningSpec", given: Sequence[Json]
) -> dict[str, Json]:
    """The request as Step Functions sends it."""
    metric = spec.metrics[spec.objective]
    objective: Json = {"Type": metric.goal.capitalize(), "MetricName": metric.name or spec.objective}
    limits: Json = {"MaxNumberOfTrainingJobs": spec.max_jobs, "MaxParallelTrainingJobs": spec.max_parallel}
    return {
        "HyperParameterTuningJobName": unique_short_name(scope.names.tuning_prefix(scope.step)),
        "HyperParameterTuningJobConfig": {
            "Strategy": spec.strategy.capitalize(),
            "HyperParameterTuningJobObjective": objective,
            "ResourceLimits": limits,
            "ParameterRanges": _ranges(spec),
            "RandomSeed": spec.seed,
        },
        "TrainingJobDefinition": _training(scope, role, image, spec, given),
        "Tags": job_tags(scope),
    }


def _training(scope: Scope, role: RoleKey, image: str, spec: "TuningSpec", given: Sequence[Json]) -> dict[str, Json]:
    return {
        "StaticHyperParameters": {
            name: hyperparameter(scope, name, value) for name, value in spec.hyperparameters.items()
        },
        "AlgorithmSpecification": algorithm_specification(image, spec.metrics),
        "InputDataConfig": list(given),
        **training_job(scope, role, spec.instance, spec.timeout_minutes),
    }


def _ranges(spec: "TuningSpec") -> dict[str, Json]:
    """The ranges by their type: whole numbers, other numbers, values."""
    found: dict[str, list[Json]] = {}
    for name, given in spec.search.items():
        if given.values is not None:
            found.setdefault("CategoricalParameterRanges", []).append(
                {"Name": name, "Values": [concatenate([value]) for value in given.values]}
            )
            continue
        whole = isinstance(given.from_, int) and isinstance(given.to, int)
        kind = "IntegerParameterRanges" if whole else "ContinuousParameterRanges"
        found.setdefault(kind, []).append(_numbers(name, given))
    return {**found}


def _numbers(name: str, given: "RangeSpec") -> Json:
    ends: dict[str, Json] = {"MinValue": repr(given.from_), "MaxValue": repr(given.to)}
    return {"Name": name, **ends, "ScalingType": given.scale.capitalize()}

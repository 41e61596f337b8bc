"""The body of CreateTrainingJob for an image of which nothing else is known."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelinegen.ir.expressions import expression, unique_job_name
from pipelinegen.ir.model import Json, Jsonata, RoleKey
from pipelinegen.steps.algorithms import algorithm_specification, hyperparameter, warm_start_channel
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker import job_tags
from pipelinegen.steps.training import training_job

if TYPE_CHECKING:
    from pipelinegen.steps.sagemaker_training.program import ProgramTrainingSpec


def program_request(
    scope: Scope, role: RoleKey, image: str, spec: "ProgramTrainingSpec", given: Sequence[Json]
) -> dict[str, Json]:
    """The request as Step Functions sends it."""
    return {
        "TrainingJobName": unique_job_name(scope.names.job_prefix(scope.step)),
        "AlgorithmSpecification": algorithm_specification(image, spec.metrics),
        "HyperParameters": {name: hyperparameter(scope, name, value) for name, value in spec.hyperparameters.items()},
        "InputDataConfig": _with_promoted(spec, given),
        **training_job(scope, role, spec.instance, spec.timeout_minutes),
        "Tags": job_tags(scope),
    }


def _with_promoted(spec: "ProgramTrainingSpec", given: Sequence[Json]) -> Json:
    if spec.warm_start == "never":
        return list(given)
    channel = warm_start_channel("promoted" if spec.code else "model", is_algorithm=spec.code is None)
    return Jsonata(f"$append({expression(list(given))}, $promoted.model ? {expression([channel])} : [])")

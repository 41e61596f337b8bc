"""The body of CreateTrainingJob."""

from typing import TYPE_CHECKING

from pipelinegen.ir.expressions import expression, unique_job_name
from pipelinegen.ir.model import Json, Jsonata, RoleKey, Table
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker import IMAGE_VARIABLE, job_tags
from pipelinegen.steps.training import training_job

if TYPE_CHECKING:
    from pipelinegen.steps.sagemaker_training.model import SagemakerTrainingSpec

PRINTED_METRICS = (
    "loss",
    "ndcg_at_20",
    "recall_at_20",
    "popular_ndcg_at_20",
    "promoted_ndcg_at_20",
    "promoted_recall_at_20",
    "training_rows",
)
_NUMBER = "([-+0-9.eE]+)"


def training_request(
    scope: Scope,
    role: RoleKey,
    hyperparameters: dict[str, Json],
    spec: "SagemakerTrainingSpec",
    tables: tuple[Table, Table],
) -> dict[str, Json]:
    """The request as Step Functions sends it; the promoted model is a channel where there is one."""
    return {
        "TrainingJobName": unique_job_name(scope.names.job_prefix(scope.step)),
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE_VARIABLE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": name, "Regex": f"metric {name}={_NUMBER};"} for name in PRINTED_METRICS],
        },
        "HyperParameters": hyperparameters,
        "InputDataConfig": _channels(tables),
        **training_job(scope, role, spec.instance, spec.timeout_minutes),
        "Tags": job_tags(scope),
    }


def _channels(tables: tuple[Table, Table]) -> Jsonata:
    interactions, items = tables
    always: Json = [_channel("interactions", interactions.uri), _channel("items", items.uri)]
    promoted: Json = [_channel("promoted", Jsonata("$promoted.model"))]
    return Jsonata(f"$append({expression(always)}, $promoted.model ? {expression(promoted)} : [])")


def _channel(name: str, uri: Jsonata) -> dict[str, Json]:
    source: dict[str, Json] = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}

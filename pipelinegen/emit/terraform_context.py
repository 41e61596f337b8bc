"""What the Terraform templates are given: plain, ordered, named as a reader of the .tf files expects."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelinegen.emit.base import Workbench
from pipelinegen.emit.deployment import NO_MODEL, glue_arguments
from pipelinegen.emit.terraform_network import (
    Edge,
    Network,
    OutsideEdge,
    SecurityGroup,
    edges,
    network,
    outside_edges,
    security_groups,
)
from pipelinegen.ir.model import Api, GlueJob, Image, LambdaFunction, Role, SagemakerJob

LOG_RETENTION_DAYS = 90
OLD_VERSIONS_DAYS = 30


@dataclass(frozen=True, slots=True)
class TerraformContext:
    """One environment, for the templates of all concerns."""

    name: str
    account_id: str
    region: str
    state_key: str
    key_description: str
    key_alias: str
    schedule_queue: str
    schedule_role: str
    tags: tuple[Mapping[str, str], ...]
    network: Network | None
    security_groups: tuple[SecurityGroup, ...]
    edges: tuple[Edge, ...]
    outside_edges: tuple[OutsideEdge, ...]
    buckets: tuple[Mapping[str, Any], ...]
    repositories: tuple[Mapping[str, Any], ...]
    images: tuple[Mapping[str, str], ...]
    redis: Mapping[str, Any] | None
    state_machine: Mapping[str, Any]
    schedules: tuple[Mapping[str, Any], ...]
    roles: tuple[Mapping[str, str], ...]
    topics: tuple[Mapping[str, Any], ...]
    parameters: tuple[Mapping[str, str], ...]
    alarms: Mapping[str, Any] | None
    warehouse: Mapping[str, Any] | None


def terraform_context(bench: Workbench) -> TerraformContext:
    """The context of one environment."""
    pipeline, names = bench.pipeline, bench.names
    return TerraformContext(
        name=names.stem,
        account_id=pipeline.account_id,
        region=pipeline.region,
        state_key=f"{pipeline.name}/{pipeline.environment}.tfstate",
        key_description=f"Everything {names.stem} stores",
        key_alias=f"alias/{names.stem}",
        schedule_queue=f"{names.state_machine()}-undelivered",
        schedule_role="scheduler",
        tags=tuple({"key": key, "value": value} for key, value in pipeline.tags.items()),
        network=network(bench),
        security_groups=security_groups(bench),
        edges=edges(bench),
        outside_edges=outside_edges(bench),
        buckets=_buckets(bench),
        repositories=_repositories(bench),
        images=tuple({"label": image.name, "tag": bench.image_tag(image)} for image in bench.resources(Image)),
        redis=_redis(bench),
        state_machine=_state_machine(bench),
        schedules=_schedules(bench),
        roles=tuple(_role(bench, role) for role in pipeline.roles),
        topics=_topics(bench),
        parameters=_parameters(bench),
        alarms=_alarms(bench),
        warehouse=_warehouse(bench),
    )


def role_label(role: Role) -> str:
    """The role's name inside the Terraform files: `train_sagemaker`, or `states` for the pipeline's own."""
    service = role.key.service.value.split(".")[0].replace("ecs-tasks", "ecs")
    return "_".join(part for part in (role.key.step, role.key.purpose, service) if part)


def glue_job_context(bench: Workbench, job: GlueJob) -> dict[str, Any]:
    """The job of one `glue_etl` step."""
    return {
        "label": job.step,
        "name": job.name,
        "role": role_label(bench.pipeline.role(job.role)),
        "script_location": f"s3://{bench.names.bucket('code')}/{bench.script_key(job.script)}",
        "worker_type": job.worker_type,
        "workers": job.workers,
        "timeout_minutes": job.timeout_minutes,
        "in_vpc": job.reads_warehouse,
        "arguments": [{"key": key, "value": value} for key, value in glue_arguments(bench).items()],
    }


def function_context(bench: Workbench, function: LambdaFunction) -> dict[str, Any]:
    """The function of one step."""
    return {
        "label": function.step,
        "name": function.name,
        "role": role_label(bench.pipeline.role(function.role)),
        "handler": function.handler,
        "bundle_key": bench.function_key(function),
        "memory_mib": function.memory_mib,
        "timeout_seconds": function.timeout_seconds,
        "log_retention_days": LOG_RETENTION_DAYS,
        "environment": _environment(function.environment),
    }


def api_context(bench: Workbench, api: Api) -> dict[str, Any]:
    """The service of one `api` step."""
    labels = {name: f"{api.step}_{re.sub('[^a-z0-9]+', '_', name.lower())}" for name in _secret_names(api)}
    return {
        "label": api.step,
        "name": api.name,
        "role": role_label(bench.pipeline.role(api.role)),
        "image": api.image,
        "domain": api.domain,
        "cpu_units": api.cpu_units,
        "memory_mib": api.memory_mib,
        "tasks": api.tasks,
        "log_group": f"/ecs/{api.name}",
        "log_retention_days": LOG_RETENTION_DAYS,
        "environment": _environment(api.environment),
        "secrets": [
            {"key": key, "label": labels[secret], "field": part} for key, (secret, part) in sorted(api.secrets.items())
        ],
        "secret_names": [{"label": label, "name": name} for name, label in labels.items()],
    }


def _secret_names(api: Api) -> list[str]:
    return sorted({secret for secret, _ in api.secrets.values()})


def _environment(values: Mapping[str, str]) -> list[dict[str, str | None]]:
    """Variables whose value is a template variable name it; the others hold their text."""
    found: list[dict[str, str | None]] = []
    for key, value in sorted(values.items()):
        variable = value[2:-1] if value.startswith("${") else None
        found.append({"key": key, "value": None if variable else value, "variable": variable})
    return found


def _buckets(bench: Workbench) -> tuple[Mapping[str, Any], ...]:
    descriptions = {
        "code": "Scripts and bundles, by the hash of their content",
        "data": "Intermediate tables, reports and predictions, by date",
        "models": "Model artifacts and training checkpoints, by job",
    }
    rules = {
        "data": [
            {"id": f"expire-{step.name}", "prefix": f"{step.name}/", "days": 90}
            for step in bench.pipeline.steps
            if _writes_data(step.kind)
        ],
        "models": [
            {"id": f"expire-{job.step}-checkpoints", "prefix": f"{job.step}/checkpoints/", "days": 7}
            for job in bench.resources(SagemakerJob)
            if any(step.name == job.step and step.kind == "sagemaker_training" for step in bench.pipeline.steps)
        ],
    }
    return tuple(
        {
            "label": purpose,
            "name": bench.names.bucket(purpose),
            "description": description,
            "old_versions_days": OLD_VERSIONS_DAYS,
            "expiry_rules": rules.get(purpose, []),
        }
        for purpose, description in descriptions.items()
    )


def _writes_data(kind: str) -> bool:
    return kind in ("glue_etl", "batch_predictions")


def _repositories(bench: Workbench) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {
            "label": image.name,
            "name": bench.names.repository(image.name),
            "kept_images": 20,
            "description": f"Where the {image.name} image is pushed",
        }
        for image in bench.resources(Image)
    )


def _redis(bench: Workbench) -> Mapping[str, Any] | None:
    if not bench.resources(LambdaFunction):
        return None
    single = bench.pipeline.environment == "dev"
    return {
        "name": bench.names.redis(),
        "parameter_group": f"{bench.names.redis()}-valkey8",
        "description": f"Predictions of {bench.names.stem}",
        "family": "valkey8",
        "parameters": [{"name": "maxmemory-policy", "value": "volatile-ttl"}],
        "secret_name": bench.names.redis_secret(),
        "engine": "valkey",
        "engine_version": "8.0",
        "node_type": "cache.t4g.small",
        "nodes": 1 if single else 2,
        "fails_over": not single,
        "port": 6379,
        "snapshot_days": 1 if single else 7,
        "snapshot_window": "01:00-02:00",
        "maintenance_window": "sun:02:30-sun:03:30",
        "apply_immediately": single,
    }


def _state_machine(bench: Workbench) -> Mapping[str, Any]:
    return {
        "name": bench.names.state_machine(),
        "role": "states",
        "log_group": f"/aws/vendedlogs/states/{bench.names.state_machine()}",
        "log_retention_days": LOG_RETENTION_DAYS,
    }


def _schedules(bench: Workbench) -> tuple[Mapping[str, Any], ...]:
    schedule = bench.pipeline.schedule
    if schedule is None:
        return ()
    return (
        {
            "label": "main",
            "name": bench.names.state_machine(),
            "description": f"Starts {bench.names.stem}",
            "expression": f"cron({schedule.cron})",
            "timezone": schedule.timezone,
            "input": json.dumps({"scheduled_time": "<aws.scheduler.scheduled-time>"}),
            "retries": 10,
            "event_age_seconds": 3600,
        },
    )


def _role(bench: Workbench, role: Role) -> Mapping[str, str]:
    what = f"Step {role.key.step} of {bench.names.stem}" if role.key.step else f"{bench.names.stem} itself"
    return {"label": role_label(role), "name": role.name, "service": role.key.service.value, "description": what}


def _topics(bench: Workbench) -> tuple[Mapping[str, Any], ...]:
    pipeline = bench.pipeline
    if not pipeline.notify:
        return ()
    return (
        {
            "label": "notifications",
            "name": bench.names.topic(),
            "display_name": bench.names.stem,
            "description": "Failures, alarms and what steps announce",
            "subscriptions": [{"label": "owner", "email": pipeline.notify}],
        },
    )


def _parameters(bench: Workbench) -> tuple[Mapping[str, str], ...]:
    name = bench.names.promoted_parameter()
    return (
        {
            "label": "promoted_model",
            "name": name,
            "description": "The promoted model; the pipeline moves it",
            "value": NO_MODEL,
        },
    )


def _alarms(bench: Workbench) -> Mapping[str, Any] | None:
    pipeline, stem = bench.pipeline, bench.names.stem
    if not (pipeline.schedule and pipeline.notify):
        return None

    def alarm(label: str, metric: str, description: str) -> Mapping[str, Any]:
        return {
            "label": label,
            "name": f"{stem}-{label.replace('_', '-')}",
            "description": description,
            "metric": metric,
            "statistic": "Sum",
            "comparison": "GreaterThanThreshold",
            "threshold": 0,
            "period_seconds": 300,
            "periods": 1,
            "missing_data": "notBreaching",
        }

    return {
        "topic": "notifications",
        "not_started_name": f"{stem}-not-started",
        "on_executions": [
            alarm("failed", "ExecutionsFailed", "A run failed; the notification names the state."),
            alarm("timed_out", "ExecutionsTimedOut", "A run took longer than it may."),
        ],
    }


def _warehouse(bench: Workbench) -> Mapping[str, Any] | None:
    warehouse = bench.pipeline.warehouse
    if warehouse is None or not any(job.reads_warehouse for job in bench.resources(GlueJob)):
        return None
    return {
        "connection": f"{bench.names.stem}-warehouse",
        "description": f"Puts Glue jobs into the VPC, from where {warehouse.database} is reached",
    }

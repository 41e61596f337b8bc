"""deployment.json: what the local cloud deploys. Names and wiring come from the same IR as the Terraform beside it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from pipelinegen.emit.asl import PATH as DEFINITION
from pipelinegen.emit.asl_fragments import belongs_to, state_names
from pipelinegen.emit.base import File, Workbench, json_text
from pipelinegen.emit.docs import change_line
from pipelinegen.emit.policies import policy_path, trust_path
from pipelinegen.emit.terraform_redis import redis_access
from pipelinegen.ir.expressions import as_template
from pipelinegen.ir.infrastructure import HttpConnection, ModelRegistry, Topic
from pipelinegen.ir.model import (
    Api,
    GlueJob,
    HttpApi,
    Image,
    Json,
    LambdaFunction,
    Metric,
    Recommender,
    RedisCache,
    Step,
)

#: What the promoted-model parameter holds before the first promotion.
NO_MODEL = json.dumps({"model": None})


def emit_deployment(bench: Workbench) -> Iterable[File]:
    """The one file; `tests/oracle` holds it against the plan of the Terraform."""
    pipeline, names = bench.pipeline, bench.names
    document: dict[str, Json] = {
        "schema_version": 1,
        "pipeline": pipeline.name,
        "environment": pipeline.environment,
        "account_id": pipeline.account_id,
        "region": pipeline.region,
        "variables": {f"image_{image.name}": bench.image_uri(image) for image in bench.resources(Image)},
        "buckets": [names.bucket(purpose) for purpose in ("code", "data", "logs", "models")],
        "secrets": _secrets(bench),
        "redis": _redis(bench),
        "parameters": [{"name": names.promoted_parameter(), "value": NO_MODEL}],
        "topics": _topics(bench),
        "roles": _roles(bench),
        "images": [
            {"uri": bench.image_uri(image), "dockerfile": f"{image.folder}/Dockerfile"}
            for image in bench.resources(Image)
        ],
        "glue_jobs": [_glue_job(bench, job) for job in bench.resources(GlueJob)],
        "functions": [_function(bench, function) for function in bench.resources(LambdaFunction)],
        "apis": [_api(bench, api) for api in (*bench.resources(Api), *bench.resources(HttpApi))],
        "state_machine": {
            "name": names.state_machine(),
            "role": next(
                role.name for role in pipeline.roles if role.key.step is None and "states" in role.key.service
            ),
            "definition": DEFINITION,
        },
        "schedules": _schedules(bench),
        "triggers": _triggers(bench),
        "steps": _steps(bench),
        "summary": _summary(bench),
    }
    return [File("deployment.json", json_text(document | _what_few_have(bench)))]


def _what_few_have(bench: Workbench) -> dict[str, Json]:
    connections = bench.resources(HttpConnection)
    groups, changes = bench.resources(ModelRegistry), bench.pipeline.policy_changes
    found: dict[str, Json] = {}
    if connections:
        found["connections"] = [asdict(connection) for connection in connections]
    if groups:
        found["model_groups"] = [{"name": group.name, "description": group.description} for group in groups]
    if changes:
        found["by_hand"] = [change_line(item).replace("`", "") for item in changes]
    taken = [item for item in changes if item.what != "extra"]
    if taken:
        found["taken_by_hand"] = [
            {
                "what": item.what,
                "roles": list(item.roles),
                "actions": list(item.actions),
                "resources": list(item.resources),
                "reason": item.reason,
                "source": bench.pipeline.cited(item.span),
            }
            for item in taken
        ]
    return found


def _roles(bench: Workbench) -> list[Json]:
    return [
        {
            "name": role.name,
            "service": role.key.service.value,
            "step": role.key.step,
            "policy": policy_path(role),
            "trust": trust_path(role),
        }
        for role in bench.pipeline.roles
    ]


def _schedules(bench: Workbench) -> list[Json]:
    return [
        {
            "name": bench.names.schedule(schedule.label),
            "expression": schedule.expression,
            "timezone": schedule.timezone,
            "parameters": _as_templates(schedule.parameters),
        }
        for schedule in bench.pipeline.schedules
    ]


def _triggers(bench: Workbench) -> list[Json]:
    return [
        {
            "name": bench.names.trigger(item.label),
            "label": item.label,
            "bus": item.bus,
            "pattern": _as_templates(item.pattern),
        }
        for item in bench.pipeline.triggers
    ]


def _as_templates(value: Json) -> Json:
    """Every text so that the local cloud, which fills in variables, gives it back as it is."""
    if isinstance(value, Mapping):
        return {key: _as_templates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_templates(item) for item in value]
    return as_template(value) if isinstance(value, str) else value


def _steps(bench: Workbench) -> list[Json]:
    names = state_names(json.loads(bench.files[DEFINITION].text))
    return [
        {
            "name": step.name,
            "kind": step.kind,
            "title": step.title,
            "description": as_template(step.description),
            "source": _place_of(bench, step),
            "states": [name for name in names if step.state and belongs_to(name, step)],
        }
        for step in bench.pipeline.steps
    ]


def _place_of(bench: Workbench, step: Step) -> str:
    """File and line of a step, the file as generated files name it."""
    return f"{bench.pipeline.included.get(step.span.file, bench.pipeline.source)}:{step.span.line}"


def _secrets(bench: Workbench) -> list[str]:
    pipeline = bench.pipeline
    found = {pipeline.protection_secret, pipeline.warehouse.secret if pipeline.warehouse else None}
    found.update(name for step in pipeline.steps for name in step.secrets)
    if bench.resources(RedisCache):
        found.add(bench.names.redis_secret())
    return sorted(name for name in found if name)


def _redis(bench: Workbench) -> dict[str, Json] | None:
    """The user of Redis and its ACL rules, so that a local server has the same."""
    if not bench.resources(RedisCache):
        return None
    return {"secret": bench.names.redis_secret(), "user": bench.names.redis_user(), "access": redis_access(bench)}


def _topics(bench: Workbench) -> list[Json]:
    """The owner's, and those of steps that tell others."""
    notify = bench.pipeline.notify
    owner: list[Json] = [{"name": bench.names.topic(), "emails": [notify]}] if notify else []
    return [*owner, *({"name": topic.name, "emails": list(topic.emails)} for topic in bench.resources(Topic))]


def _glue_job(bench: Workbench, job: GlueJob) -> dict[str, Json]:
    code: dict[str, Json] = {}
    if job.code:
        location = f"s3://{bench.names.bucket('code')}/{bench.glue_code_key(job)}"
        code["code"] = {"folder": job.code, "location": location}
    return {
        **code,
        "name": job.name,
        "step": job.step,
        "role": bench.pipeline.role(job.role).name,
        "script": job.script,
        "script_location": f"s3://{bench.names.bucket('code')}/{bench.script_key(job.script)}",
        "glue_version": "5.0",
        "timeout_minutes": job.timeout_minutes,
        "max_concurrent_runs": job.concurrent_runs,
        "default_arguments": dict(bench.glue_arguments(job)),
    }


def _function(bench: Workbench, function: LambdaFunction) -> dict[str, Json]:
    return {
        "name": function.name,
        "step": function.step,
        "role": bench.pipeline.role(function.role).name,
        "handler": function.handler,
        "folder": function.folder,
        "packages": list(function.packages),
        "bundle": f"s3://{bench.names.bucket('code')}/{bench.function_key(function)}",
        "runtime": function.runtime,
        "memory_mib": function.memory_mib,
        "timeout_seconds": function.timeout_seconds,
        "environment": dict(function.environment),
    }


def _api(bench: Workbench, api: Api | HttpApi) -> dict[str, Json]:
    return {
        "step": api.step,
        "name": api.name,
        "role": bench.pipeline.role(api.role).name,
        "handler": api.handler if isinstance(api, HttpApi) else None,
        "settings": api.settings,
        "environment": dict(api.environment),
        "secrets": {name: {"secret": secret, "field": part} for name, (secret, part) in sorted(api.secrets.items())},
    }


def _summary(bench: Workbench) -> dict[str, Json]:
    pipeline = bench.pipeline
    metrics = {
        step.name: [item.name for item in step.outputs.values() if isinstance(item, Metric)] for step in pipeline.steps
    }
    named = {step: names for step, names in metrics.items() if names}
    models = [item for step in pipeline.steps for item in step.outputs.values() if isinstance(item, Recommender)]
    return {
        "user_column": models[0].user.name if models else None,
        "metric": next(iter(named.values()))[0] if named else None,
        "metrics": named,
        "reports": [f"{job.report.uri}date={{run_date}}.json" for job in bench.resources(GlueJob)],
    }

"""What the Terraform templates are given: plain, ordered, named as a reader of the .tf files expects."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelinegen.emit.base import Workbench
from pipelinegen.emit.deployment import NO_MODEL
from pipelinegen.emit.terraform_groups import (
    Edge,
    OutsideEdge,
    SecurityGroup,
    edges,
    outside_edges,
    security_groups,
    self_edges,
)
from pipelinegen.emit.terraform_network import Network, network
from pipelinegen.emit.terraform_redis import Redis, redis
from pipelinegen.emit.terraform_storage import BucketContext, buckets
from pipelinegen.ir.infrastructure import Budget, ModelRegistry, Topic
from pipelinegen.ir.model import GlueJob, Image, Json, LambdaFunction, Pipeline, Role, Schedule
from pipelinegen.ir.names import SERVICE_SUFFIX, role_label


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
    dead_letters: str | None
    schedule_role: str
    tags: tuple[Mapping[str, str], ...]
    network: Network | None
    security_groups: tuple[SecurityGroup, ...]
    edges: tuple[Edge, ...]
    self_edges: tuple[str, ...]
    outside_edges: tuple[OutsideEdge, ...]
    log_retention_days: int
    protected: bool
    destroyable: bool
    permissions_boundary: str | None
    buckets: tuple[BucketContext, ...]
    repositories: tuple[Mapping[str, Any], ...]
    model_groups: tuple[Mapping[str, str], ...]
    images: tuple[Mapping[str, str], ...]
    redis: Redis | None
    exports: tuple[Mapping[str, str], ...]
    state_machine: Mapping[str, Any]
    schedules: tuple[Mapping[str, Any], ...]
    topics: tuple[Mapping[str, Any], ...]
    parameters: tuple[Mapping[str, str], ...]
    budget: Budget | None
    budget_filter: str
    alarm_topic: str | None
    warehouse: Mapping[str, Any] | None


def terraform_context(bench: Workbench) -> TerraformContext:
    """The context of one environment."""
    pipeline, names = bench.pipeline, bench.names
    place, around = network(bench), pipeline.infrastructure
    return TerraformContext(
        name=names.stem,
        account_id=pipeline.account_id,
        region=pipeline.region,
        state_key=f"{pipeline.name}/{pipeline.environment}.tfstate",
        key_description=f"Everything {names.stem} stores",
        key_alias=f"alias/{names.stem}",
        dead_letters=names.dead_letters() if bench.resources(LambdaFunction) else None,
        schedule_queue=f"{names.state_machine()}-undelivered",
        schedule_role="scheduler",
        tags=tuple({"key": key, "value": value} for key, value in pipeline.tags.items()),
        network=place,
        security_groups=security_groups(bench, place),
        edges=edges(bench, place),
        self_edges=self_edges(bench),
        outside_edges=outside_edges(bench),
        log_retention_days=around.log_retention_days,
        protected=not around.destroyable,
        destroyable=around.destroyable,
        permissions_boundary=around.permissions_boundary,
        buckets=buckets(bench),
        repositories=_repositories(bench),
        model_groups=_model_groups(bench),
        images=tuple({"label": image.name, "tag": bench.image_tag(image)} for image in bench.resources(Image)),
        redis=redis(bench),
        exports=_exports(pipeline),
        state_machine=_state_machine(bench),
        schedules=_schedules(bench),
        topics=_topics(bench),
        parameters=_parameters(bench),
        budget=around.budget,
        budget_filter=f"user:pipeline${pipeline.name}",
        alarm_topic="notifications" if pipeline.notify else None,
        warehouse=_warehouse(bench, place),
    )


def _exports(pipeline: Pipeline) -> tuple[Mapping[str, str], ...]:
    """What steps add to the template variables."""
    return tuple(
        {"name": name, "expression": expression}
        for step in pipeline.steps
        for name, expression in (step.resources_file.exports if step.resources_file else {}).items()
    )


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


def _model_groups(bench: Workbench) -> tuple[Mapping[str, str], ...]:
    groups = bench.resources(ModelRegistry)
    return tuple({"label": "promoted", "name": group.name, "description": group.description} for group in groups)


def _state_machine(bench: Workbench) -> Mapping[str, Any]:
    return {
        "name": bench.names.state_machine(),
        "role": "states",
        "log_group": f"/aws/vendedlogs/states/{bench.names.state_machine()}",
    }


def _schedules(bench: Workbench) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {
            "label": schedule.label,
            "name": bench.names.schedule(schedule.label),
            "description": f"Starts {bench.names.stem}",
            "expression": schedule.expression,
            "timezone": schedule.timezone,
            "input": _schedule_input(schedule),
            "retries": 10,
            "event_age_seconds": 3600,
        }
        for schedule in bench.pipeline.schedules
    )


def _schedule_input(schedule: Schedule) -> str:
    given: dict[str, Json] = {"scheduled_time": "<aws.scheduler.scheduled-time>"}
    return json.dumps({**given, "parameters": schedule.parameters} if schedule.parameters else given)


@dataclass(frozen=True, slots=True)
class RolesContext:
    """The roles that one service takes in the steps, or those of the pipeline itself."""

    roles: tuple[Mapping[str, str], ...]


def roles_by_service(bench: Workbench) -> Iterable[tuple[str, RolesContext]]:
    """What the file is called after, and its roles: first the pipeline's own, then the steps' by service."""
    found: dict[str, list[Mapping[str, str]]] = {}
    for role in bench.pipeline.roles:
        found.setdefault(SERVICE_SUFFIX[role.key.service] if role.key.step else "pipeline", []).append(
            _role(bench, role)
        )
    for of, roles in found.items():
        yield of, RolesContext(tuple(roles))


def _role(bench: Workbench, role: Role) -> Mapping[str, str]:
    stem = bench.names.stem
    what = f"Step {role.key.step} of {stem}" if role.key.step else f"{stem}: {role_label(role.key)}"
    return {"label": role_label(role.key), "name": role.name, "service": role.key.service.value, "description": what}


def _topics(bench: Workbench) -> tuple[Mapping[str, Any], ...]:
    """The owner's, and those of steps that tell others."""
    owner = {
        "label": "notifications",
        "name": bench.names.topic(),
        "display_name": bench.names.stem,
        "description": "Failures, alarms and what steps announce",
        "of_alarms": True,
        "subscriptions": [{"label": "owner", "email": bench.pipeline.notify}],
    }
    others = tuple(
        {
            "label": f"{topic.step}_readers",
            "name": topic.name,
            "display_name": bench.names.stem,
            "description": f"What step {topic.step} announces",
            "of_alarms": False,
            "subscriptions": [{"label": str(number), "email": email} for number, email in enumerate(topic.emails, 1)],
        }
        for topic in bench.resources(Topic)
    )
    return (owner, *others) if bench.pipeline.notify else others


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


def _warehouse(bench: Workbench, place: Network | None) -> Mapping[str, Any] | None:
    warehouse = bench.pipeline.warehouse
    if warehouse is None or not any(job.reads_warehouse for job in bench.resources(GlueJob)):
        return None
    return {
        "connection": f"{bench.names.stem}-warehouse",
        "description": f"Puts Glue jobs into the VPC, from where {warehouse.database} is reached",
        "subnet": place.subnets[0].reference if place else "",
    }

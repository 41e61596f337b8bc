"""README.md of one environment, for those who review and apply it; and the graph that `pipelinegen graph` prints."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from pipelinegen.emit.base import File, Workbench
from pipelinegen.emit.docs_notes import before_the_first_apply, notes
from pipelinegen.emit.flowchart import flowchart
from pipelinegen.ir.model import (
    Image,
    LambdaFunction,
    Permission,
    Pipeline,
    PolicyChange,
    Schedule,
    Step,
    Trigger,
)
from pipelinegen.render.literals import plain_json


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step in the table of steps."""

    name: str
    kind: str
    needs: str
    description: str
    place: str


@dataclass(frozen=True, slots=True)
class RoleSection:
    """One role, and what it may do, a line a statement."""

    name: str
    service: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadmeContext:
    """Everything the page says."""

    name: str
    environment: str
    description: str
    account_id: str
    region: str
    schedule: str
    graph: str
    steps: tuple[StepRow, ...]
    roles: tuple[RoleSection, ...]
    by_hand: tuple[str, ...]
    secrets: tuple[str, ...]
    images: tuple[str, ...]
    bundles: tuple[str, ...]
    data_bucket: str
    pointer: str
    wanted: tuple[str, ...]
    notes: tuple[str, ...]
    folder: str


def emit_readme(bench: Workbench) -> Iterable[File]:
    """The page."""
    pipeline = bench.pipeline
    context = ReadmeContext(
        name=pipeline.name,
        environment=pipeline.environment,
        description=" ".join(pipeline.description.split()),
        account_id=pipeline.account_id,
        region=pipeline.region,
        schedule=", ".join((*map(_schedule, pipeline.schedules), *map(_trigger, pipeline.triggers)))
        or "on demand only",
        graph=mermaid(pipeline),
        steps=tuple(_row(pipeline, step) for step in pipeline.steps),
        roles=tuple(
            RoleSection(role.name, role.key.service.value, tuple(_line(item) for item in role.permissions))
            for role in pipeline.roles
        ),
        by_hand=tuple(f"{change_line(item)} (`{pipeline.cited(item.span)}`)" for item in pipeline.policy_changes),
        secrets=_secrets(bench),
        images=tuple(f"`{image.folder}/Dockerfile`: {_image(bench, image)}" for image in bench.resources(Image)),
        bundles=(
            *(f"{bench.function_key(function)}" for function in bench.resources(LambdaFunction)),
            bench.glue_library_key(),
        ),
        data_bucket=bench.names.bucket("data"),
        pointer=bench.names.promoted_parameter(),
        wanted=tuple(before_the_first_apply(bench)),
        notes=tuple(notes(bench)),
        folder=f"{pipeline.name}/{pipeline.environment}",
    )
    return [bench.render("README.md", "docs/README.md.j2", context)]


def mermaid(pipeline: Pipeline) -> str:
    """The graph of steps as a Mermaid flowchart, without the fence; permissions by hand are remarks in it."""
    remarks = [f"    %% by hand: {change_line(item)}" for item in pipeline.policy_changes]
    return "\n".join([*flowchart(pipeline), *remarks])


def _schedule(schedule: Schedule) -> str:
    given = f" with {json.dumps(schedule.parameters)}" if schedule.parameters else ""
    return f"`{schedule.expression}` in {schedule.timezone}{given}"


def _trigger(trigger: Trigger) -> str:
    pattern = json.dumps(plain_json(trigger.pattern), ensure_ascii=False)
    return f"on an event of bus {trigger.bus}: `{pattern}`"


def _row(pipeline: Pipeline, step: Step) -> StepRow:
    needs = ", ".join(f"`{need}`" for need in step.needs) or "-"
    text = " ".join(step.description.replace("|", "\\|").split())
    return StepRow(step.name, step.kind, needs, text, pipeline.cited(step.span))


def _line(permission: Permission) -> str:
    actions = ", ".join(permission.actions)
    resources = ", ".join(f"`{_short(resource)}`" for resource in permission.resources)
    conditions = "".join(f" if `{key}` is {' or '.join(values)}" for _, key, values in permission.conditions)
    why = permission.by_hand or permission.why_every_resource
    reason = f" ({'by hand: ' if permission.by_hand else ''}{_one_line(why)})" if why else ""
    denied = "never " if permission.effect == "Deny" else ""
    return f"{permission.sid}: {denied}{actions} on {resources}{conditions}{reason}"


def change_line(change: PolicyChange) -> str:
    """A permission by hand in one line."""
    words = {"extra": "may also", "remove": "may no longer", "limit": "may only", "deny": "may never"}
    resources = f" on {', '.join(f'`{_short(item)}`' for item in change.resources)}" if change.resources else ""
    conditions = "".join(f" if `{key}` is {' or '.join(values)}" for _, key, values in change.conditions)
    roles = ", ".join(f"`{name}`" for name in change.roles)
    actions = ", ".join(change.actions)
    return f"{roles} {words[change.what]} {actions}{resources}{conditions}: {_one_line(change.reason)}"


def _one_line(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _short(resource: str) -> str:
    """The part of an ARN that tells resources apart."""
    return resource if resource == "*" or resource.startswith("${") else resource.split(":", 5)[-1]


def _image(bench: Workbench, image: Image) -> str:
    pipeline = bench.pipeline
    uri = bench.image_uri(image)
    return uri.replace("${account_id}", pipeline.account_id).replace("${region}", pipeline.region)


def _secrets(bench: Workbench) -> tuple[str, ...]:
    pipeline = bench.pipeline
    found = []
    if pipeline.warehouse and pipeline.warehouse.secret:
        found.append(f"`{pipeline.warehouse.secret}`: JSON with `host`, `port`, `username`, `password`")
    if pipeline.protection_secret:
        found.append(f"`{pipeline.protection_secret}`: JSON with `key`, at least 32 random characters; never change it")
    own = [pipeline.warehouse.secret if pipeline.warehouse else None, pipeline.protection_secret]
    for name in sorted({name for step in pipeline.steps for name in step.secrets} - set(own)):
        readers = ", ".join(f"`{step.name}`" for step in pipeline.steps if name in step.secrets)
        found.append(f"`{name}`: read by {readers}")
    return tuple(found)

"""IAM policies, JSON documents of each role; Terraform's `templatefile` fills in account, region and network."""

from collections.abc import Iterable, Mapping

from pipelinegen.emit.base import File, Workbench, json_text
from pipelinegen.ir import arns
from pipelinegen.ir.model import Json, Permission, Role, Service


def emit_policies(bench: Workbench) -> Iterable[File]:
    """Two files a role: what it may do, and who may take it."""
    files = []
    for role in bench.pipeline.roles:
        files.append(File(policy_path(role), _document([*map(statement, role.permissions)])))
        files.append(File(trust_path(role), _document([_trust(role)])))
    return files


def policy_path(role: Role) -> str:
    """Where it is generated what a role may do."""
    return f"terraform/policies/{role.name}.json"


def trust_path(role: Role) -> str:
    """Where it is generated who may take a role."""
    return f"terraform/trust/{role.name}.json"


def _document(statements: list[Json]) -> str:
    return json_text({"Version": "2012-10-17", "Statement": statements})


#: What the services that say for which resource they take a role may take it for (each one's guide, "confused deputy").
#: Glue and Lambda say for which account only.
_SOURCES: Mapping[Service, str] = {
    Service.ECS: arns.arn("ecs", "*"),
    Service.SAGEMAKER: arns.arn("sagemaker", "*"),
    Service.SCHEDULER: arns.arn("scheduler", "schedule-group/default"),
    Service.STATES: arns.arn("states", "stateMachine:*"),
}


def _trust(role: Role) -> dict[str, Json]:
    """The role's service, and only for resources of this account and region."""
    condition: dict[str, Json] = {"StringEquals": {"aws:SourceAccount": "${account_id}"}}
    source = _SOURCES.get(role.key.service)
    if source:
        condition["ArnLike"] = {"aws:SourceArn": source}
    return {
        "Effect": "Allow",
        "Principal": {"Service": role.key.service.value},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }


def statement(permission: Permission) -> dict[str, Json]:
    """A permission as a policy statement."""
    found: dict[str, Json] = {
        "Sid": permission.sid,
        "Effect": permission.effect,
        "Action": list(permission.actions),
        "Resource": list(permission.resources),
    }
    if permission.conditions:
        conditions: dict[str, dict[str, Json]] = {}
        for operator, key, values in permission.conditions:
            conditions.setdefault(operator, {})[key] = list(values)
        found["Condition"] = conditions
    return found

"""IAM policies, one JSON document a role; Terraform's `templatefile` fills in account, region and network."""

from collections.abc import Iterable

from pipelinegen.emit.base import File, Workbench, json_text
from pipelinegen.ir.model import Json, Permission


def emit_policies(bench: Workbench) -> Iterable[File]:
    """One file a role."""
    return [
        File(
            f"terraform/policies/{role.name}.json",
            json_text({"Version": "2012-10-17", "Statement": [statement(item) for item in role.permissions]}),
        )
        for role in bench.pipeline.roles
    ]


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

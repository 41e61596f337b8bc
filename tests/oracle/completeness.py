"""Whether a generated folder allows, and puts within reach, all that its parts do: roles, statements and endpoints."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pipelinegen.replacement.terraform_files import Configuration, read_configuration
from tests.oracle.need import Need
from tests.oracle.needs import needs_of

#: Where a call leaves the VPC: endpoints by the prefix of its action, for each service that runs there. What is not
#: listed, the service does by a way of its own (the guides that needs.py names).
THROUGH: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "glue.amazonaws.com": {
        "glue": ("glue",),
        "kms": ("kms",),
        "logs": ("logs",),
        "s3": ("s3",),
        "secretsmanager": ("secretsmanager",),
    },
    "lambda.amazonaws.com": {"s3": ("s3",), "secretsmanager": ("secretsmanager",)},
    "ecs-tasks.amazonaws.com": {
        "ecr": ("ecr.api", "ecr.dkr", "s3"),
        "logs": ("logs",),
        "secretsmanager": ("secretsmanager",),
    },
    "sagemaker.amazonaws.com": {"s3": ("s3",)},
}


def _statements(files: Mapping[str, str], deployment: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {
        role["name"]: json.loads(files[role["policy"]])["Statement"] if role["policy"] in files else []
        for role in deployment["roles"]
    }


def _allows(statement: Mapping[str, Any], action: str, need: Need) -> bool:
    if action not in statement["Action"]:
        return False
    if need.prefix and not any(text.startswith(f"{need.prefix}/") for text in _prefixes(statement)):
        return False
    if need.condition and need.condition not in json.dumps(statement.get("Condition", {})):
        return False
    return not need.on or any(need.on in resource or resource == "*" for resource in statement["Resource"])


def _prefixes(statement: Mapping[str, Any]) -> list[str]:
    found: list[str] = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", ["*/"])
    return found


def statement_faults(files: Mapping[str, str], needs: list[Need]) -> Iterator[str]:
    """Every call that a role makes and no statement allows."""
    statements = _statements(files, json.loads(files["deployment.json"]))
    for need in needs:
        for action in need.actions:
            if not any(_allows(item, action, need) for item in statements.get(need.role, [])):
                yield f"{need.role}: {action} on '{need.on or '*'}' is not allowed ({need.why})"


def _role_faults(terraform: Configuration, deployment: Mapping[str, Any], files: Mapping[str, str]) -> Iterator[str]:
    made = {
        item.arguments.get("name", "").strip('"')
        for item in terraform.resources.values()
        if item.type == "aws_iam_role"
    }
    for role in deployment["roles"]:
        if role["name"] not in made:
            yield f"{role['name']}: something takes this role, and terraform does not make it"
        if role["policy"] not in files:
            yield f"{role['name']}: the role has no policy"


def _endpoint_faults(needs: list[Need], terraform: Configuration, deployment: Mapping[str, Any]) -> Iterator[str]:
    if not any(item.type == "aws_vpc" for item in terraform.resources.values()):
        return
    made = {
        item.arguments["service_name"].strip('"').split(".", 3)[3]
        for item in terraform.resources.values()
        if item.type == "aws_vpc_endpoint"
    }
    services = {role["name"]: role["service"] for role in deployment["roles"]}
    inside = {need.role for need in needs if "ec2:CreateNetworkInterface" in need.actions}
    inside |= {api["role"] for api in deployment["apis"]}
    for need in needs:
        for action in need.actions if need.role in inside else ():
            for endpoint in THROUGH.get(services[need.role], {}).get(action.split(":")[0], ()):
                if endpoint not in made:
                    yield f"{need.role}: {action} has no endpoint '{endpoint}' ({need.why})"


def faults(files: Mapping[str, str], needs: list[Need] | None = None) -> list[str]:
    """What the folder's parts do and cannot do, each fault beginning with the role.

    `needs` saves reading them again where only policies were changed.
    """
    deployment = json.loads(files["deployment.json"])
    terraform = read_configuration(files)
    known = needs_of(files) if needs is None else needs
    return [
        *statement_faults(files, known),
        *_role_faults(terraform, deployment, files),
        *_endpoint_faults(known, terraform, deployment),
    ]

"""deployment.json and an applied Terraform state, both brought to one form so that they can be held against each other.

The local cloud deploys what deployment.json says; AWS gets what Terraform says. They must be the same.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tests.oracle.terraform import Resource

Section = dict[str, Any]

#: Roles that nothing on one machine could take; only Terraform has them.
ONLY_IN_AWS: Final = {"vpc-flow-logs.amazonaws.com"}


_VARIABLE: Final = re.compile(r"\$\$\{|\$\{(\w+)\}")


def filled(text: str, variables: Mapping[str, str]) -> str:
    """What `templatefile` makes of a text. Raises: KeyError for a variable that Terraform does not pass."""

    def value(found: re.Match[str]) -> str:
        return "${" if found.group(1) is None else variables[found.group(1)]

    return _VARIABLE.sub(value, text).replace("%%{", "%{")


def _filled_json(value: Any, variables: Mapping[str, str]) -> Any:
    return json.loads(filled(json.dumps(value), variables))


def _by_type(resources: list[Resource], type_name: str) -> list[dict[str, Any]]:
    return [resource.values for resource in resources if resource.type_name == type_name]


def _name_of_role(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _service_of(trust: str) -> str:
    service: str = json.loads(trust)["Statement"][0]["Principal"]["Service"]
    return service


def _terraform_roles(resources: list[Resource]) -> Section:
    services = {role["name"]: _service_of(role["assume_role_policy"]) for role in _by_type(resources, "aws_iam_role")}
    policies = {entry["role"]: json.loads(entry["policy"]) for entry in _by_type(resources, "aws_iam_role_policy")}
    return {
        name: {"service": service, "policy": policies.get(name)}
        for name, service in services.items()
        if service not in ONLY_IN_AWS
    }


def _terraform_topics(resources: list[Resource]) -> Section:
    names = {topic["arn"]: topic["name"] for topic in _by_type(resources, "aws_sns_topic")}
    emails: dict[str, list[str]] = {name: [] for name in names.values()}
    for subscription in _by_type(resources, "aws_sns_topic_subscription"):
        emails[names[subscription["topic_arn"]]].append(subscription["endpoint"])
    return {name: sorted(addresses) for name, addresses in emails.items()}


def _terraform_glue_jobs(resources: list[Resource]) -> Section:
    return {
        job["name"]: {
            "role": _name_of_role(job["role_arn"]),
            "script_location": job["command"][0]["script_location"],
            "glue_version": job["glue_version"],
            "max_concurrent_runs": job["execution_property"][0]["max_concurrent_runs"],
            "timeout_minutes": job["timeout"],
            "default_arguments": job["default_arguments"],
        }
        for job in _by_type(resources, "aws_glue_job")
    }


def _terraform_functions(resources: list[Resource]) -> Section:
    return {
        function["function_name"]: {
            "role": _name_of_role(function["role"]),
            "handler": function["handler"],
            "memory_mib": function["memory_size"],
            "timeout_seconds": function["timeout"],
            "environment": function["environment"][0]["variables"] if function["environment"] else {},
        }
        for function in _by_type(resources, "aws_lambda_function")
    }


def _terraform_apis(resources: list[Resource]) -> Section:
    apis = {}
    for task in _by_type(resources, "aws_ecs_task_definition"):
        containers = json.loads(task["container_definitions"])
        apis[_name_of_role(task["execution_role_arn"])] = {
            entry["name"]: entry["value"] for container in containers for entry in container.get("environment", [])
        }
    return apis


def _terraform_state_machine(resources: list[Resource]) -> Section:
    return {
        machine["name"]: {
            "role": _name_of_role(machine["role_arn"]),
            "definition": json.loads(machine["definition"]),
        }
        for machine in _by_type(resources, "aws_sfn_state_machine")
    }


def _terraform_schedules(resources: list[Resource]) -> Section:
    return {
        schedule["name"]: (
            schedule["schedule_expression"],
            schedule["schedule_expression_timezone"],
            json.loads(schedule["target"][0]["input"]).get("parameters", {}),
        )
        for schedule in _by_type(resources, "aws_scheduler_schedule")
    }


FROM_TERRAFORM: Final[dict[str, Callable[[list[Resource]], Section]]] = {
    "buckets": lambda resources: {bucket["bucket"]: {} for bucket in _by_type(resources, "aws_s3_bucket")},
    "parameters": lambda resources: {
        parameter["name"]: parameter["value"] for parameter in _by_type(resources, "aws_ssm_parameter")
    },
    "topics": _terraform_topics,
    "roles": _terraform_roles,
    "glue_jobs": _terraform_glue_jobs,
    "functions": _terraform_functions,
    "apis": _terraform_apis,
    "state_machine": _terraform_state_machine,
    "schedules": _terraform_schedules,
    "triggers": lambda resources: {
        rule["name"]: {"bus": rule["event_bus_name"], "pattern": json.loads(rule["event_pattern"])}
        for rule in _by_type(resources, "aws_cloudwatch_event_rule")
    },
    "model_groups": lambda resources: {
        group["model_package_group_name"]: group["model_package_group_description"]
        for group in _by_type(resources, "aws_sagemaker_model_package_group")
    },
    "repositories": lambda resources: {
        repository["name"]: {} for repository in _by_type(resources, "aws_ecr_repository")
    },
}


def _repository(uri: str) -> str:
    """`1.dkr.ecr.eu-central-1.amazonaws.com/name:tag` → `name`."""
    return uri.split("/", 1)[1].rsplit(":", 1)[0]


def _only(entry: Mapping[str, Any], *fields: str) -> Section:
    return {field: entry[field] for field in fields}


def from_deployment(folder: Path, variables: Mapping[str, str]) -> dict[str, Section]:
    """The sections of a generated folder's deployment.json, with Terraform's variables filled in."""
    deployment = _filled_json(json.loads((folder / "deployment.json").read_text(encoding="utf-8")), variables)

    def document(path: str) -> Any:
        return json.loads(filled((folder / path).read_text(encoding="utf-8"), variables))

    machine = deployment["state_machine"]
    job_fields = (
        *("role", "script_location", "glue_version", "timeout_minutes", "max_concurrent_runs", "default_arguments"),
    )
    function_fields = ("role", "handler", "memory_mib", "timeout_seconds", "environment")
    return {
        "buckets": {name: {} for name in deployment["buckets"]},
        "parameters": {entry["name"]: entry["value"] for entry in deployment["parameters"]},
        "topics": {entry["name"]: sorted(entry["emails"]) for entry in deployment["topics"]},
        "roles": {
            entry["name"]: {"service": entry["service"], "policy": document(entry["policy"])}
            for entry in deployment["roles"]
        },
        "glue_jobs": {entry["name"]: _only(entry, *job_fields) for entry in deployment["glue_jobs"]},
        "functions": {entry["name"]: _only(entry, *function_fields) for entry in deployment["functions"]},
        # An API on Lambda is among the functions.
        "apis": {entry["role"]: entry["environment"] for entry in deployment["apis"] if not entry["handler"]},
        "state_machine": {machine["name"]: {"role": machine["role"], "definition": document(machine["definition"])}},
        "schedules": {
            entry["name"]: (entry["expression"], entry["timezone"], entry["parameters"])
            for entry in deployment["schedules"]
        },
        "triggers": {entry["name"]: _only(entry, "bus", "pattern") for entry in deployment["triggers"]},
        "model_groups": {entry["name"]: entry["description"] for entry in deployment.get("model_groups", [])},
        "repositories": {_repository(entry["uri"]): {} for entry in deployment["images"]},
    }

"""What each role must be allowed, read from what it does: the ASL, the job requests, the scripts and the Terraform.

Nothing here looks at a policy. `page` names the page of AWS that says so, where only AWS itself could prove the need.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipelinegen.replacement.terraform_files import Configuration, Resource, read_configuration
from tests.oracle.need import (
    DELIVER,
    GLUE_PAGE,
    KEY,
    KEY_PAGE,
    LAMBDA_PAGE,
    LOG,
    LOG_GROUP,
    NETWORK,
    NETWORK_OF_JOBS,
    PULL,
    ROTATE,
    ROTATION_PAGE,
    SAGEMAKER_PAGE,
    SCHEDULER_PAGE,
    STATES_KEY_PAGE,
    STATES_LOG_PAGE,
    STATES_TRACE_PAGE,
    TASK_PAGE,
    TASK_SECRET_PAGE,
    TRACE,
    Need,
)
from tests.oracle.task_needs import needs_of_tasks


def needs_of(files: Mapping[str, str]) -> list[Need]:
    """Everything that the roles of a generated folder need, as far as it can be read from the files."""
    deployment = json.loads(files["deployment.json"])
    machine = json.loads(files["stepfunctions/pipeline.asl.json"].replace("%%{", "%{"))
    terraform = read_configuration(files)
    found = [
        *needs_of_tasks(machine, deployment),
        *_of_machine(terraform, deployment),
        *_of_schedules(terraform, deployment),
        *_of_glue(files, terraform, deployment),
        *_of_functions(terraform, deployment),
        *_of_apis(deployment),
        *_of_rotations(terraform, deployment),
        *_of_notebooks(terraform),
        *_of_event_rules(terraform, deployment),
    ]
    return list(dict.fromkeys(found))


def _of_machine(terraform: Configuration, deployment: Mapping[str, Any]) -> Iterator[Need]:
    role = deployment["state_machine"]["role"]
    for resource in _all(terraform, "aws_sfn_state_machine"):
        if resource.arguments.get("logging_configuration.level", '"OFF"') != '"OFF"':
            yield Need(role, DELIVER, "", "the state machine writes logs", STATES_LOG_PAGE)
        if "encryption_configuration.kms_key_id" in resource.arguments:
            yield Need(role, KEY, "", "the state machine is encrypted", STATES_KEY_PAGE)
        if resource.arguments.get("tracing_configuration.enabled") == "true":
            yield Need(role, TRACE, "", "the state machine is traced", STATES_TRACE_PAGE)


def _of_schedules(terraform: Configuration, deployment: Mapping[str, Any]) -> Iterator[Need]:
    roles = [role["name"] for role in deployment["roles"] if role["service"] == "scheduler.amazonaws.com"]
    for resource in _all(terraform, "aws_scheduler_schedule"):
        for role in roles:
            machine = deployment["state_machine"]["name"]
            yield Need(
                role,
                ("states:StartExecution",),
                f"stateMachine:{machine}",
                f"schedule {resource.label}",
                SCHEDULER_PAGE,
            )
            if "target.dead_letter_config.arn" in resource.arguments:
                yield Need(role, ("sqs:SendMessage",), "", f"schedule {resource.label}", SCHEDULER_PAGE)
                yield Need(role, KEY, "", f"schedule {resource.label}: the queue is encrypted", SCHEDULER_PAGE)


def _of_glue(files: Mapping[str, str], terraform: Configuration, deployment: Mapping[str, Any]) -> Iterator[Need]:
    resources = {item.arguments.get("name", "").strip('"'): item for item in _all(terraform, "aws_glue_job")}
    for job in deployment["glue_jobs"]:
        role, why = job["role"], f"Glue job {job['name']}"
        bucket = job["script_location"].split("/")[2]
        yield Need(role, ("s3:GetObject",), f"{bucket}/glue/", f"{why}: its script")
        yield Need(role, ("s3:ListBucket",), bucket, f"{why}: its script", prefix="glue")
        yield Need(role, (*LOG_GROUP, "logs:AssociateKmsKey"), "/aws-glue/", f"{why}: writes its logs", GLUE_PAGE)
        yield Need(role, KEY, "", f"{why}: reads and writes encrypted objects", KEY_PAGE)
        for secret in deployment["secrets"]:
            if f'"{secret}"' in files.get(job["script"], ""):
                yield Need(role, ("secretsmanager:GetSecretValue",), f"secret:{secret}-", f"{why}: its settings")
        if '"kind": "glue_catalog"' in files.get(job["script"], ""):
            yield Need(role, ("glue:GetTable",), "table/", f"{why}: its warehouse is the Data Catalog", GLUE_PAGE)
        if "connections" in resources[job["name"]].arguments:
            yield Need(role, ("glue:GetConnection",), "connection/", f"{why}: runs in the VPC", GLUE_PAGE)
            yield Need(role, NETWORK_OF_JOBS, "", f"{why}: runs in the VPC", GLUE_PAGE)


def _of_functions(terraform: Configuration, deployment: Mapping[str, Any]) -> Iterator[Need]:
    resources = {
        item.arguments.get("function_name", "").strip('"'): item for item in _all(terraform, "aws_lambda_function")
    }
    for function in (*deployment["functions"], *(api for api in deployment["apis"] if api.get("handler"))):
        role, why = function["role"], f"function {function['name']}"
        arguments = resources[function["name"]].arguments
        yield Need(role, LOG, f"/aws/lambda/{function['name']}", f"{why}: writes its logs", LAMBDA_PAGE)
        if any(path == "vpc_config" or path.startswith("vpc_config.") for path in arguments):
            yield Need(role, (*NETWORK, "ec2:DescribeNetworkInterfaces"), "", f"{why}: runs in the VPC", LAMBDA_PAGE)
        if arguments.get("tracing_config.mode") == '"Active"':
            yield Need(role, TRACE, "", f"{why}: is traced", "Lambda guide, 'Visualize Lambda invocations using X-Ray'")
        if "dead_letter_config.target_arn" in arguments:
            page = "Lambda guide, 'Adding a dead-letter queue'"
            yield Need(role, ("sqs:SendMessage",), "", f"{why}: keeps what it could not do", page)
            yield Need(role, KEY, "", f"{why}: the queue is encrypted", page)
        if "kms_key_arn" in arguments:
            yield Need(role, ("kms:Decrypt",), "", f"{why}: its environment is encrypted", KEY_PAGE)
        for secret in deployment["secrets"]:
            if secret in function["environment"].values():
                yield Need(role, ("secretsmanager:GetSecretValue",), f"secret:{secret}-", f"{why}: its environment")


def _of_apis(deployment: Mapping[str, Any]) -> Iterator[Need]:
    for api in deployment["apis"]:
        role, why = api["role"], f"API {api['name']}"
        if not api.get("handler"):
            yield Need(role, (*PULL, "ecr:GetAuthorizationToken"), "", f"{why}: pulls its image", TASK_PAGE)
            yield Need(role, LOG, "/ecs/", f"{why}: writes its logs", TASK_PAGE)
        yield Need(role, ("kms:Decrypt",), "", f"{why}: its secrets are encrypted", TASK_PAGE)
        for entry in api["secrets"].values():
            yield Need(role, ("secretsmanager:GetSecretValue",), f"secret:{entry['secret']}-", f"{why}: its secrets")


def _of_rotations(terraform: Configuration, deployment: Mapping[str, Any]) -> Iterator[Need]:
    """A function that renews a secret, and tells those that have read the old one."""
    roles = {
        label: _role_name(terraform, resource)
        for label, resource in ((item.label, item) for item in _all(terraform, "aws_lambda_function"))
    }
    for rotation in _all(terraform, "aws_secretsmanager_secret_rotation"):
        found = re.search(r"aws_lambda_function\.(\w+)", rotation.arguments.get("rotation_lambda_arn", ""))
        role = roles.get(found[1] if found else "", "")
        if not role:
            continue
        yield Need(role, ROTATE, "", "renews a secret", ROTATION_PAGE)
        if _all(terraform, "aws_elasticache_user"):
            yield Need(
                role, ("elasticache:DescribeUsers", "elasticache:ModifyUser"), "", "gives it to Redis", ROTATION_PAGE
            )
        services = [api for api in deployment["apis"] if not api.get("handler")]
        if any("redis" in entry["secret"] for api in services for entry in api["secrets"].values()):
            yield Need(role, ("ecs:UpdateService",), "", "has the API read it again", TASK_SECRET_PAGE)


def _of_notebooks(terraform: Configuration) -> Iterator[Need]:
    for notebook in _all(terraform, "aws_sagemaker_notebook_instance"):
        role, why = _role_name(terraform, notebook, "role_arn"), f"notebook {notebook.label}"
        yield Need(role, LOG_GROUP, "/aws/sagemaker/", f"{why}: writes its logs", SAGEMAKER_PAGE)
        yield Need(role, NETWORK_OF_JOBS, "", f"{why}: lies in the VPC", SAGEMAKER_PAGE)
        yield Need(role, KEY, "", f"{why}: its volume and objects are encrypted", KEY_PAGE)


def _of_event_rules(terraform: Configuration, deployment: Mapping[str, Any]) -> Iterator[Need]:
    machine = deployment["state_machine"]["name"]
    for target in _all(terraform, "aws_cloudwatch_event_target"):
        role = _role_name(terraform, target, "role_arn")
        if role:
            yield Need(role, ("states:StartExecution",), f"stateMachine:{machine}", f"event rule {target.label}")


def _role_name(terraform: Configuration, resource: Resource, argument: str = "role") -> str:
    found = re.search(r"aws_iam_role\.\w+", resource.arguments.get(argument, ""))
    role = terraform.resources.get(found[0]) if found else None
    return role.arguments.get("name", "").strip('"') if role else ""


def _all(terraform: Configuration, type: str) -> list[Resource]:
    return [resource for resource in terraform.resources.values() if resource.type == type]

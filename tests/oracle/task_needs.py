"""What the tasks of a state machine need: of the machine's role, and of the roles that they pass on."""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import botocore.session

from pipelinegen.asl_lint.structure import State, all_states
from pipelinegen.asl_lint.tasks import call_of
from tests.oracle.iam_of_calls import OTHER_ACTIONS
from tests.oracle.need import (
    FOLLOW,
    KEY,
    KEY_PAGE,
    LOG,
    LOG_GROUP,
    NETWORK_OF_JOBS,
    PULL,
    SAGEMAKER_PAGE,
    SCALING_PAGE,
    SYNC_PAGE,
    URI,
    Need,
)

#: Waiting for a job: what the machine calls besides starting it, and the rule by which it hears of the end.
_WAITING: Final = {
    "batch:SubmitJob": (("batch:DescribeJobs", "batch:TerminateJob"), "BatchJobs"),
    "eks:CreateFargateProfile": (("eks:DeleteFargateProfile", "eks:DescribeFargateProfile"), ""),
    "eks:CreateNodegroup": (("eks:DeleteNodegroup", "eks:DescribeNodegroup"), ""),
    "ecs:RunTask": (("ecs:DescribeTasks", "ecs:StopTask"), "ECSTask"),
    "glue:StartJobRun": (("glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns"), ""),
    "states:StartExecution": (("states:DescribeExecution", "states:StopExecution"), "StepFunctionsExecution"),
}
_JOB_RULES: Final = {"HyperParameterTuningJob": "SageMakerTuningJobs"}
#: The argument that names what a call works on; a scaling policy lies in a target whose id is AWS's own.
_NAMES: Final = re.compile(r"^((?!Statement|Policy)\w*Name|StateMachineArn|TopicArn|TaskDefinition|JobDefinition)$")
#: Calls that give a name to something new, and work on what another argument says.
_OTHERWISE_NAMED: Final = {"emr-containers:StartJobRun": "VirtualClusterId$"}
_ROLES: Final = re.compile(r"role/([A-Za-z0-9+=,.@_-]+)$")


def needs_of_tasks(machine: dict[str, Any], deployment: Mapping[str, Any]) -> Iterator[Need]:
    """Every need that the machine's tasks and distributed maps give rise to."""
    states = deployment["state_machine"]["role"]
    for name, state in all_states(machine):
        if state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
            own = f"stateMachine:{deployment['state_machine']['name']}"
            yield Need(states, ("states:StartExecution",), own, f"{name}: a run for each batch", SYNC_PAGE)
            yield Need(
                states, ("states:DescribeExecution", "states:StopExecution"), "", f"{name}: follows them", SYNC_PAGE
            )
        # These ask the cluster, which knows the role by its own RBAC (connect-eks.html, "Permissions").
        if str(state.get("Resource")).endswith(":eks:createNodegroup.sync"):
            yield from _of_nodes(name, states, state["Arguments"])
        if state.get("Type") == "Task" and not re.search(r"states:::eks:(runJob|call)\b", state["Resource"]):
            yield from _of_task(name, state, states, deployment)


def _of_task(name: str, state: State, states: str, deployment: Mapping[str, Any]) -> Iterator[Need]:
    given = state.get("Arguments", state.get("Parameters", {}))
    arguments = given if isinstance(given, dict) else {}
    if "states:::http:invoke" in state["Resource"]:
        address, method = str(arguments.get("ApiEndpoint", "")), f'"{arguments.get("Method", "")}"'
        asked = method if "{" in address else address
        yield Need(states, ("states:InvokeHTTPEndpoint",), "", name, SYNC_PAGE, condition=asked)
        yield Need(states, ("events:RetrieveConnectionCredentials",), "", name, SYNC_PAGE)
        return
    call = call_of(state["Resource"])
    action = f"{_prefix(call.service)}:{call.operation}"
    yield Need(states, OTHER_ACTIONS.get(action, (action,)), _on(action, arguments), name, SYNC_PAGE)
    if call.pattern.startswith("sync"):
        yield from _of_waiting(name, action, states, _on(action, arguments))
    if action == "ecs:RunTask":
        hands = f"{name}: hands on the task's roles"
        yield Need(states, ("iam:PassRole",), "", hands, SYNC_PAGE, condition='"ecs-tasks.amazonaws.com"')
    if action == "application-autoscaling:RegisterScalableTarget":
        linked = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
        yield Need(states, ("iam:CreateServiceLinkedRole",), linked, f"{name}: the first one", SCALING_PAGE)
    if action == "sns:Publish":
        yield Need(states, KEY, "", f"{name}: the topic is encrypted", KEY_PAGE)
    for role, part in _passed_roles(arguments):
        yield Need(states, ("iam:PassRole",), f"role/{role}", name)
        if action.startswith("sagemaker:"):
            yield from _of_sagemaker_job(name, part, role)
    if action == "glue:StartJobRun" and isinstance(arguments.get("JobName"), str):
        yield from _of_glue_job(name, arguments, deployment)
    if action == "lambda:Invoke":
        yield from _of_function(name, arguments, deployment)


@functools.cache
def _prefix(service: str) -> str:
    """The prefix of a service's actions: what its requests are signed for."""
    model = botocore.session.get_session().get_service_model(service)
    return str(model.signing_name)


def _on(action: str, arguments: Mapping[str, Any]) -> str:
    """The literal name of what a call works on, as far as it is one; "" where it is only known at run time."""
    named = re.compile(_OTHERWISE_NAMED[action]) if action in _OTHERWISE_NAMED else _NAMES
    for key, value in arguments.items():
        if named.match(key) and isinstance(value, str):
            expression = re.match(r"\{% '([A-Za-z0-9-]+-)' &", value)
            text = expression[1] if expression else re.split(r"[:]", value)[-1]
            return "" if "{" in text else text
    return ""


def _of_waiting(name: str, action: str, states: str, on: str) -> Iterator[Need]:
    what = action.removeprefix("sagemaker:Create")
    if what == "HyperParameterTuningJob":
        yield Need(states, ("sagemaker:DescribeTrainingJob",), f"training-job/{on}", f"{name}: its best job", SYNC_PAGE)
    if what != action:
        calls: tuple[str, ...] = (f"sagemaker:Describe{what}", f"sagemaker:Stop{what}", "sagemaker:AddTags")
        rule = _JOB_RULES.get(what, f"SageMaker{what}s")
    else:
        calls, rule = _WAITING.get(action, ((), ""))
    on = f"execution:{on}" if action == "states:StartExecution" and on else ""
    yield Need(states, calls, on, f"{name}: follows it", SYNC_PAGE)
    if rule:
        yield Need(states, FOLLOW, f"StepFunctionsGetEventsFor{rule}Rule", f"{name}: hears of the end", SYNC_PAGE)


def _of_nodes(name: str, states: str, arguments: Mapping[str, Any]) -> Iterator[Need]:
    """What EKS looks at on behalf of who makes nodes (eks-iam.html)."""
    role = _ROLES.search(str(arguments.get("NodeRole", "")))
    on = f"role/{role[1]}" if role else ""
    yield Need(states, ("iam:PassRole",), on, f"{name}: hands on the nodes' role", SYNC_PAGE)
    yield Need(states, ("iam:GetRole", "iam:ListAttachedRolePolicies"), on, f"{name}: looks at it", SYNC_PAGE)
    yield Need(states, ("ec2:DescribeSubnets",), "", f"{name}: looks at the subnets", SYNC_PAGE)


def _passed_roles(value: Any) -> Iterator[tuple[str, Any]]:
    """Every role that a request hands on, with the part of the request that it is for."""
    if isinstance(value, dict):
        for key, part in value.items():
            found = _ROLES.search(part) if key.endswith("RoleArn") and isinstance(part, str) else None
            if found:
                yield found[1], value
            yield from _passed_roles(part)
    elif isinstance(value, list):
        for part in value:
            yield from _passed_roles(part)


def _of_sagemaker_job(name: str, arguments: Mapping[str, Any], role: str) -> Iterator[Need]:
    yield Need(role, (*PULL, "ecr:GetAuthorizationToken"), "", f"{name}: pulls its image", SAGEMAKER_PAGE)
    # A model's containers may belong to an endpoint, whose log group is Terraform's.
    logs = LOG if "ExecutionRoleArn" in arguments else LOG_GROUP
    yield Need(role, logs, "/aws/sagemaker/", f"{name}: writes its logs", SAGEMAKER_PAGE)
    yield Need(role, KEY, "", f"{name}: reads and writes encrypted objects", KEY_PAGE)
    if "VpcConfig" in json.dumps(arguments):
        yield Need(role, NETWORK_OF_JOBS, "", f"{name}: runs in the VPC", SAGEMAKER_PAGE)
    for key, value in arguments.items():
        writes = "Output" in key or "Checkpoint" in key
        for bucket, folder in URI.findall(json.dumps(value)):
            calls = ("s3:PutObject",) if writes else ("s3:GetObject",)
            yield Need(role, calls, f"{bucket}/{folder}/", f"{name}: {key}")
            yield Need(role, ("s3:ListBucket",), bucket, f"{name}: {key}", prefix=folder)


def _of_glue_job(name: str, arguments: Mapping[str, Any], deployment: Mapping[str, Any]) -> Iterator[Need]:
    role = next((job["role"] for job in deployment["glue_jobs"] if job["name"] == arguments["JobName"]), None)
    for key, value in arguments.get("Arguments", {}).items():
        for bucket, folder in URI.findall(str(value)) if role else ():
            calls = ("s3:GetObject",) if key.startswith("--input") else ("s3:PutObject",)
            yield Need(str(role), calls, f"{bucket}/{folder}/", f"{name}: {key}")
            if folder != "reports":
                yield Need(str(role), ("s3:ListBucket",), bucket, f"{name}: {key}", prefix=folder)


def _of_function(name: str, arguments: Mapping[str, Any], deployment: Mapping[str, Any]) -> Iterator[Need]:
    function = str(arguments.get("FunctionName", "")).rsplit(":", 1)[-1]
    role = next((item["role"] for item in deployment["functions"] if item["name"] == function), None)
    for bucket, folder in URI.findall(json.dumps(arguments.get("Payload", {}))) if role else ():
        yield Need(str(role), ("s3:GetObject",), f"{bucket}/{folder}/", f"{name}: reads its payload's files")
        yield Need(str(role), ("s3:ListBucket",), bucket, f"{name}: reads its payload's files", prefix=folder)

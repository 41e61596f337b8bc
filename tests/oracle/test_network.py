"""The network of every generated folder: exactly the endpoints that its policies call for, and few ways out."""

import json
import re

import pytest

from tests.oracle.cases import Case, all_cases, as_parameters

pytestmark = pytest.mark.parametrize("case", as_parameters(all_cases()))

#: Calls that go another way than through the VPC, by who makes them; AWS's guides to each service in a VPC.
OTHER_WAYS = {
    "ecs-tasks": {"kms"},
    "glue": {"ec2"},
    "lambda": {"ec2", "kms", "logs", "sqs", "xray"},
    "sagemaker": {"cloudwatch", "ec2", "ecr", "kms", "logs"},
}
#: Endpoints whose name is not the prefix of the calls.
RENAMED = {"ecr": {"ecr.api", "ecr.dkr"}, "sagemaker": {"sagemaker.api"}, "cloudwatch": {"monitoring"}}
ENDPOINT = re.compile(r'service_name\s+= "com\.amazonaws\.[a-z0-9-]+\.([a-z0-9.-]+)"')
BLOCK = re.compile(r'^resource "\w+" "\w+" \{$.*?^\}$', re.MULTILINE | re.DOTALL)
#: What puts a resource into the VPC.
PLACES = ("vpc_config {", "connections ", "network_mode ", "subnet_id ")


def terraform_of(case: Case) -> str:
    return "\n".join(text for path, text in sorted(case.files().items()) if re.fullmatch(r"terraform/\w+\.tf", path))


def roles_in_the_network(case: Case, text: str) -> dict[str, str]:
    """Names of roles whose code runs in the VPC, and their service, as the Terraform has it."""
    found = {}
    for role in json.loads(case.files()["deployment.json"])["roles"]:
        service = role["service"].removesuffix(".amazonaws.com")
        label = re.search(rf'resource "aws_iam_role" "(\w+)" \{{\n  name +?= "{role["name"]}"', text)
        assert label, role["name"]
        users = [block for block in BLOCK.findall(text) if f"aws_iam_role.{label[1]}.arn" in block]
        # SageMaker's jobs are no resources: the state machine puts each of them into the VPC.
        if service == "sagemaker" or any(place in block for block in users for place in PLACES):
            found[role["name"]] = service
    return found


def service_of(action: str) -> str:
    """The API that takes a call; SageMaker answers requests to models elsewhere."""
    return "sagemaker.runtime" if action.startswith("sagemaker:Invoke") else action.split(":")[0]


def test_there_are_exactly_the_endpoints_that_roles_in_the_network_call(case: Case) -> None:
    text = terraform_of(case)
    wanted = {"s3"} if 'resource "aws_vpc" "main"' in text else set()
    for name, service in roles_in_the_network(case, text).items():
        policy = json.loads(case.files()[f"terraform/policies/{name}.json"])
        calls = {service_of(action) for statement in policy["Statement"] for action in statement["Action"]}
        wanted = wanted.union(*(RENAMED.get(call, {call}) for call in calls - OTHER_WAYS.get(service, set())))
    made = set(ENDPOINT.findall(text))
    if re.search(r'security_group_id += "sg-', text):
        assert made == set(), "the VPC's owner has made the endpoints"
    elif 'data "aws_prefix_list" "s3"' in text:
        assert made == wanted - {"s3"}
    else:
        assert made == wanted


def test_the_internet_is_reached_only_where_a_step_asks_for_it(case: Case) -> None:
    text = terraform_of(case)
    asked = "aws_nat_gateway" in text
    assert bool(re.search(r'cidr_ipv4 += "0\.0\.0\.0/0"', text)) == asked
    assert ("aws_internet_gateway" in text) == asked
    assert not [block for block in BLOCK.findall(text) if "_ingress_rule" in block and "0.0.0.0/0" in block]


def test_a_load_balancer_is_not_public(case: Case) -> None:
    for block in BLOCK.findall(terraform_of(case)):
        if block.startswith('resource "aws_lb" '):
            assert re.search(r"internal += true", block)

"""The network of every generated folder: exactly the endpoints that its policies call for, and few ways out."""

import json
import re
from pathlib import Path

import pytest

from tests.compiling import ROOT

FOLDERS = sorted(
    path.parents[1]
    for pattern in ("generated/*/*/terraform/versions.tf", "tests/golden/*/expected/*/terraform/versions.tf")
    for path in ROOT.glob(pattern)
)

#: Calls that go another way than through the VPC, by who makes them; AWS's guides to each service in a VPC.
OTHER_WAYS = {
    "ecs-tasks": {"kms"},
    "glue": {"ec2"},
    "lambda": {"ec2", "kms", "logs", "sqs", "xray"},
    "sagemaker": {"cloudwatch", "ec2", "ecr", "kms", "logs"},
}
#: The one part of an endpoint's name that is not the prefix of the calls.
RENAMED = {"ecr": {"ecr.api", "ecr.dkr"}, "sagemaker": {"sagemaker.api"}, "cloudwatch": {"monitoring"}}
ENDPOINT = re.compile(r'service_name\s+= "com\.amazonaws\.[a-z0-9-]+\.([a-z0-9.-]+)"')


def text_of(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((folder / "terraform").glob("*.tf")))


def roles_in_the_network(folder: Path, text: str) -> dict[str, str]:
    """Names of roles whose code runs in the VPC, and their service, as the Terraform has it."""
    found = {}
    for role in json.loads((folder / "deployment.json").read_text(encoding="utf-8"))["roles"]:
        service = role["service"].removesuffix(".amazonaws.com")
        label = re.search(rf'resource "aws_iam_role" "(\w+)" \{{\n  name +?= "{role["name"]}"', text)
        assert label, role["name"]
        blocks = re.findall(r'^resource "\w+" "\w+" \{$.*?^\}$', text, re.MULTILINE | re.DOTALL)
        users = [block for block in blocks if f"aws_iam_role.{label[1]}.arn" in block]
        places = ("vpc_config {", "connections ", "network_mode", "subnet_id ")
        if service == "sagemaker" or any(place in block for block in users for place in places):
            found[role["name"]] = service
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: "-".join(folder.parts[-3:]))
def test_there_are_exactly_the_endpoints_that_roles_in_the_network_call(folder: Path) -> None:
    text = text_of(folder)
    wanted = {"s3"} if 'resource "aws_vpc" "main"' in text else set()
    for name, service in roles_in_the_network(folder, text).items():
        policy = json.loads((folder / "terraform" / "policies" / f"{name}.json").read_text(encoding="utf-8"))
        calls = {action.split(":")[0] for statement in policy["Statement"] for action in statement["Action"]}
        wanted = wanted.union(*(RENAMED.get(call, {call}) for call in calls - OTHER_WAYS.get(service, set())))
    made = set(ENDPOINT.findall(text))
    if 'data "aws_prefix_list" "s3"' in text:
        wanted.discard("s3")
    if 'security_group_id            = "sg-' in text:
        assert made == set(), "the VPC's owner has made the endpoints"
        return
    assert made == wanted


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: "-".join(folder.parts[-3:]))
def test_the_internet_is_reached_only_where_a_step_asks_for_it(folder: Path) -> None:
    text = text_of(folder)
    asked = "aws_nat_gateway" in text
    assert ('cidr_ipv4         = "0.0.0.0/0"' in text) == asked
    assert ("aws_internet_gateway" in text) == asked
    for rule in re.findall(r'^resource "aws_vpc_security_group_ingress_rule".*?^\}$', text, re.MULTILINE | re.DOTALL):
        assert "0.0.0.0/0" not in rule

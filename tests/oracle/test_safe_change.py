"""Everyday edits of a spec replace nothing that holds something; what must be replaced is announced beforehand."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelinegen.replacement.compare import losses
from pipelinegen.replacement.rules import STATEFUL, unchangeable
from tests.compiling import REFERENCE_SPEC, files_of
from tests.oracle.cases import all_cases
from tests.oracle.provider import schema
from tests.oracle.terraform import Terraform, write_files

SPEC = REFERENCE_SPEC.read_text(encoding="utf-8")

Edits = tuple[tuple[str, str], ...]

#: Texts of the reference spec, and what stands in their place.
EVERYDAY: dict[str, Edits] = {
    "another step": (
        ("  serve:\n", "  tell: {kind: notify, subject: Done, message: Done, needs: [publish]}\n\n  serve:\n"),
    ),
    "a schedule": (('cron: "0 4 * * ? *"', 'cron: "30 5 * * ? *"'),),
    "tags": (("team: newsletter,", "team: letters,"),),
    "an instance type": (("type: ml.g5.xlarge", "type: ml.g5.2xlarge"),),
    "another environment": (
        ("\n  prod: {", '\n  test: {account_id: "333333333333", region: eu-central-1}\n  prod: {'),
    ),
    "the cache's nodes": (("expire_hours: 72", "expire_hours: 72\n    cache: {nodes: 3}"),),
    "the cache's node type": (("expire_hours: 72", "expire_hours: 72\n    cache: {node_type: cache.r7g.large}"),),
    "a function's memory": (("expire_hours: 72", "expire_hours: 72\n    memory_mib: 2048"),),
}


def apply_reference(program: str, provider: Mapping[str, str], workspace: Path) -> Terraform:
    write_files(files_of(SPEC)["prod"], workspace / "written")
    terraform = Terraform(program, provider, workspace / "written", workspace, root="terraform")
    terraform.init()
    terraform.plan()
    terraform.apply()
    return terraform


@pytest.fixture(scope="module")
def deployed(
    terraform_program: str, running_provider: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Terraform:
    """The reference spec in prod, applied; tests plan others over it and apply nothing."""
    return apply_reference(terraform_program, running_provider, tmp_path_factory.mktemp("deployed"))


def edited(changes: Edits) -> dict[str, str]:
    text = SPEC
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return dict(files_of(text)["prod"])


def plan_over(deployed: Terraform, files: Mapping[str, str]) -> dict[str, Any]:
    """The changes of a plan by address: `update`, `delete`, `create` or `delete create`."""
    deployed.overwrite(files)
    changes = deployed.plan()["resource_changes"]
    return {
        change["address"]: " ".join(change["change"]["actions"]).replace("create delete", "delete create")
        for change in changes
        if change["mode"] == "managed" and change["change"]["actions"] != ["no-op"]
    }


def unprotected(text: str) -> str:
    return re.sub(r"(prevent_destroy +)= true", r"\1= false", text)


def kind(address: str) -> str:
    return address.split(".")[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERYDAY)
def test_an_everyday_edit_replaces_nothing_that_holds_something(name: str, deployed: Terraform) -> None:
    files = edited(EVERYDAY[name])
    changes = plan_over(deployed, files)
    gone = {address for address, actions in changes.items() if "delete" in actions}
    assert [address for address in sorted(gone) if kind(address) in STATEFUL] == []
    assert losses(files_of(SPEC)["prod"], files) == []
    assert changes or name == "another environment", "the edit changes something, or the test proves nothing"


MUST_REPLACE: dict[str, Edits] = {
    "a move of region": (
        (
            'prod: {account_id: "222222222222", region: eu-central-1}',
            'prod: {account_id: "222222222222", region: eu-west-1}',
        ),
    ),
    "a step with its images goes": (
        ("  serve:\n    kind: api\n    reads: ${steps.publish.hashes}\n    domain: recommendations.example.com\n", ""),
        (", serve: {tasks: 1}", ""),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MUST_REPLACE)
def test_what_the_plan_replaces_or_destroys_is_what_is_announced(name: str, deployed: Terraform) -> None:
    files = edited(MUST_REPLACE[name])
    # With `prevent_destroy`, as buckets and keys have it, terraform refuses the plan that is to be seen here.
    changes = plan_over(deployed, {path: unprotected(text) for path, text in files.items()})
    gone = {address for address, actions in changes.items() if "delete" in actions and kind(address) in STATEFUL}
    assert gone != set()
    assert {loss.resource.address for loss in losses(files_of(SPEC)["prod"], files)} == gone


def test_a_new_name_of_a_resource_replaces_it_and_all_that_hangs_on_it() -> None:
    old = files_of(SPEC)["prod"]
    path = "terraform/redis.tf"
    renamed = re.sub(
        r'(resource "aws_elasticache_subnet_group" "main" \{\n  name +)= "[^"]*"', r'\1= "other"', old[path]
    )
    (loss,) = losses(old, {**old, path: renamed})
    assert loss.message == (
        "Redis 'aws_elasticache_replication_group.main' would be replaced, and what it serves until the next run lost: "
        "'subnet_group_name' names aws_elasticache_subnet_group.main, which is replaced"
    )


def test_the_table_names_arguments_that_the_provider_has() -> None:
    blocks = schema.blocks("resource_schemas")
    missing = [
        f"{name}.{path}"
        for name in blocks
        for path in unchangeable(name)
        if not schema.has_argument(blocks[name], path)
    ]
    assert missing == []
    assert [name for name in STATEFUL if name in blocks and not unchangeable(name)] == []


def test_every_type_that_is_generated_is_in_the_table_or_never_replaced() -> None:
    """A type that is new here must be looked up; these can change in every argument that they are given."""
    never = {"aws_internet_gateway"}
    emitted = {
        found
        for case in all_cases()
        for path, text in case.files().items()
        if path.endswith(".tf")
        for found in re.findall(r'^resource "(\w+)"', text, re.MULTILINE)
    }
    assert sorted(name for name in emitted - never if not unchangeable(name)) == []

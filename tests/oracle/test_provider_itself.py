"""The offline provider is worth something only if it refuses what the real one refuses: these are its own tests."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.oracle.terraform import Resource, Terraform, TerraformError, resources_in

DEMO = Path(__file__).parent / "samples" / "demo"

GLUE_JOB = """
resource "aws_glue_job" "{name}" {{
  name     = "x"
  role_arn = aws_iam_role.glue.arn
  {line}
  command {{
    script_location = "s3://b/x.py"
  }}
}}
"""


def glue_job(name: str, line: str) -> str:
    return GLUE_JOB.format(name=name, line=line)


#: name → (HCL added to the demo, the fault that terraform must report in it)
REFUSED: dict[str, tuple[str, str]] = {
    "unknown_argument": (
        glue_job("a", 'worker_typ = "G.1X"'),
        'Unsupported argument: An argument named "worker_typ" is not expected here. Did you mean "worker_type"?',
    ),
    "missing_argument": (
        'resource "aws_glue_job" "b" {\n  name = "x"\n  command {\n    script_location = "x"\n  }\n}\n',
        'Missing required argument: The argument "role_arn" is required, but no definition was found.',
    ),
    "wrong_type": (
        glue_job("c", 'connections = "a"'),
        'Incorrect attribute value type: Inappropriate value for attribute "connections": list of string required.',
    ),
    "text_for_number": (
        glue_job("d", 'max_retries = "two"'),
        'Incorrect attribute value type: Inappropriate value for attribute "max_retries": a number is required.',
    ),
    "read_only": (
        glue_job("e", 'arn = "x"'),
        'Can\'t configure a value for "arn": its value will be decided automatically',
    ),
    "missing_block": (
        'resource "aws_glue_job" "f" {\n  name = "x"\n  role_arn = "arn:aws:iam::111111111111:role/x"\n}\n',
        'Insufficient command blocks: At least 1 "command" blocks are required.',
    ),
    "block_twice": (
        glue_job("g", 'command {\n    script_location = "x"\n  }'),
        'Too many command blocks: No more than 1 "command" blocks are allowed',
    ),
    "argument_as_block": (
        glue_job("h", "default_arguments {\n    a = 1\n  }"),
        'Unsupported block type: Blocks of type "default_arguments" are not expected here. '
        'Did you mean to define argument "default_arguments"? If so, use the equals sign to assign it a value.',
    ),
    "unknown_reference": (
        'output "i" {\n  value = aws_glue_job.etl.arm\n}\n',
        'Unsupported attribute: This object has no argument, nested block, or exported attribute named "arm". '
        'Did you mean "arn"?',
    ),
    "unknown_type": (
        'resource "aws_gluejob" "j" {}\n',
        'Invalid resource type: The provider hashicorp/aws does not support resource type "aws_gluejob". '
        'Did you mean "aws_glue_job"?',
    ),
    "bad_enum": (
        'resource "aws_ecr_repository" "k" {\n  name = "x"\n  image_tag_mutability = "FROZEN"\n}\n',
        "expected one of ['IMMUTABLE', 'IMMUTABLE_WITH_EXCLUSION', 'MUTABLE', 'MUTABLE_WITH_EXCLUSION'], "
        'got "FROZEN"',
    ),
    "bad_json": (
        'resource "aws_iam_role_policy" "l" {\n  role = "x"\n  policy = "{not json"\n}\n',
        '"policy" contains an invalid JSON: Expecting property name enclosed in double quotes: '
        "line 1 column 2 (char 1)",
    ),
    "too_long": (
        f'resource "aws_iam_role" "m" {{\n  name = "{"x" * 65}"\n  assume_role_policy = "{{}}"\n}}\n',
        "65 characters, at most 64 are allowed",
    ),
    "bucket_name": (
        'resource "aws_s3_bucket" "n" {\n  bucket = "Not_A_Bucket"\n}\n',
        '"Not_A_Bucket" is no bucket name: 3 to 63 of a-z, 0-9, dot and hyphen',
    ),
    "secret_kept": (
        'resource "aws_ssm_parameter" "o" {\n  name = "/x"\n  type = "SecureString"\n'
        "  value = ephemeral.aws_secretsmanager_secret_version.redis.secret_string\n}\n",
        'Invalid use of ephemeral value: Ephemeral values are not valid for "value", because it is not a write-only '
        "attribute and must be persisted to state.",
    ),
}


@pytest.fixture(scope="module")
def faults(
    terraform_program: str, running_provider: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """One `terraform validate` over all the broken parts at once, each in a file of its own."""
    workspace = tmp_path_factory.mktemp("faults")
    terraform = Terraform(terraform_program, running_provider, DEMO, workspace)
    for name, (text, _) in REFUSED.items():
        (terraform.folder / f"{name}.tf").write_text(text)
    terraform.init()
    return terraform.validate()


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_real_provider_refuses_is_refused(name: str, faults: list[str]) -> None:
    found = [fault.split(": error: ", 1)[1] for fault in faults if fault.startswith(f"{name}.tf:")]
    # Terraform 1.13 and newer say more at the end of some messages.
    assert len(found) == 1
    assert found[0].startswith(REFUSED[name][1].removesuffix("."))


def test_nothing_else_is_refused(faults: list[str]) -> None:
    assert [fault for fault in faults if fault.split(".tf:")[0] not in REFUSED] == []


@pytest.fixture(scope="module")
def demo(
    terraform_program: str, running_provider: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Terraform:
    terraform = Terraform(terraform_program, running_provider, DEMO, tmp_path_factory.mktemp("demo"))
    terraform.init()
    return terraform


def test_a_sound_configuration_is_planned_and_applied_and_then_stable(demo: Terraform) -> None:
    assert demo.validate() == []
    planned = {
        resource.address: resource.values for resource in resources_in(demo.plan()["planned_values"]["root_module"])
    }
    assert planned["aws_s3_bucket.lake"]["bucket"] == "demo-lake-111111111111"
    assert planned["aws_glue_job.etl"]["tags_all"] == {"pipeline": "demo", "step": "etl"}
    assert "arn" not in planned["aws_glue_job.etl"], "what only AWS can know is known after apply"

    state = demo.apply()
    applied: dict[str, Resource] = {
        resource.address: resource for resource in resources_in(state["values"]["root_module"])
    }
    assert applied["aws_glue_job.etl"].values["arn"] == "arn:aws:glue:eu-central-1:111111111111:job/demo-etl"
    assert json.loads(applied["aws_iam_role_policy.glue"].values["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:GetObject"],
                "Resource": "arn:aws:s3:::demo-lake-111111111111/*",
            }
        ],
    }
    assert applied["aws_elasticache_replication_group.redis"].values["auth_token_wo"] is None
    assert "a-password-of-the-offline-oracle" not in json.dumps(state)
    assert demo.remaining_changes() == ""


def test_a_version_that_the_schema_is_not_of_is_refused(
    terraform_program: str, mirror: Mapping[str, str], tmp_path: Path
) -> None:
    terraform = Terraform(terraform_program, mirror, DEMO, tmp_path)
    text = (terraform.folder / "main.tf").read_text()
    (terraform.folder / "main.tf").write_text(text.replace("~> 6.0", "~> 7.0"))
    with pytest.raises(TerraformError, match="no available releases match the given constraints"):
        terraform.init()

"""`deploy` and `rollback` against programs that write down what they are told: nothing is patched, nothing is real."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.fake_tools import PASSWORD
from tests.cli.process import Answer, pipelinegen
from tests.compiling import ENVIRONMENT, ROOT

SPEC = """\
version: 1
name: demo
description: One table a day.
owner: {team: demo, email: demo@example.com}
warehouse: {kind: postgresql, secret: demo/warehouse, database: demo}
datasets:
  clicks: {from: {table: clicks}, columns: {item_id: {type: string}}}
  chosen: {columns: {item_id: {type: string}}}
steps:
  interactions:
    kind: glue_etl
    inputs: {clicks: "${datasets.clicks}"}
    sql: SELECT item_id FROM clicks
    output: ${datasets.chosen}
  score:
    kind: sagemaker_processing
    entrypoint: [python3, -c, "print('a program')"]
    inputs: {interactions: "${steps.interactions.output}"}
    outputs: {scores: folder}
environments:
  prod: {account_id: "222222222222", region: eu-central-1}
"""


@dataclass(frozen=True)
class Project:
    """A generated project, and the tools on its PATH."""

    folder: Path
    tools: Path
    state: Path

    def run(self, *words: str, path: str | None = None, given: str = "") -> Answer:
        environment = {
            **ENVIRONMENT,
            "PATH": path if path is not None else str(self.tools),
            "FAKE_FOLDER": str(self.state),
            "PIPELINEGEN_STATE_BUCKET": "states",
        }
        command = [sys.executable, "-m", "pipelinegen", *words]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, input=given, capture_output=True, text=True, timeout=120
        )
        assert PASSWORD not in done.stdout + done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)

    def deploy(self, *words: str, **more: str) -> Answer:
        return self.run("deploy", "specs/demo.yaml", "--env", "prod", *words, **more)

    def rollback(self, *words: str) -> Answer:
        return self.run("rollback", "specs/demo.yaml", "--env", "prod", *words)

    def calls(self) -> list[str]:
        """What was run, since the last look, without the arguments that tell nothing."""
        log = self.state / "calls.txt"
        lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
        log.unlink(missing_ok=True)
        return [_brief(json.loads(line)) for line in lines]

    def answer(self, **answers: tuple[int, str]) -> None:
        """What the tools say to a command that holds a text (`_` for a space)."""
        known = {text.replace("__", "-").replace("_", " "): list(value) for text, value in answers.items()}
        (self.state / "answers.json").write_text(json.dumps(known), encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        spec = self.folder / "specs" / "demo.yaml"
        text = spec.read_text(encoding="utf-8")
        assert old in text
        spec.write_text(text.replace(old, new), encoding="utf-8")
        assert pipelinegen("generate", cwd=self.folder).code == 0


def _brief(words: list[str]) -> str:
    kept = [word.split(":")[0] + ":" if ".dkr." in word else word for word in words[1:] if not word.startswith("-")]
    if words[:2] == ["docker", "version"]:
        return "docker version"
    if words[0] == "aws" and words[1] == "s3":
        return " ".join(words[:3])
    return " ".join([words[0], *kept[:2]]) if words[0] != "terraform" else f"terraform {kept[0]}"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deploy") / "project"
    (folder / "specs").mkdir(parents=True)
    (folder / "specs/demo.yaml").write_text(SPEC, encoding="utf-8")
    answer = pipelinegen("generate", cwd=folder)
    assert (answer.code, answer.err) == (0, "")
    return folder


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Project:
    """A project whose spec is generated, in an account that is empty."""
    tools, state = tmp_path / "tools", tmp_path / "state"
    tools.mkdir()
    state.mkdir()
    (state / "images.txt").touch()
    (state / "answers.json").write_text("{}")
    for name in ("aws", "docker", "terraform"):
        program = tools / name
        program.write_text(f"#!{sys.executable}\n{(ROOT / 'tests/cli/fake_tools.py').read_text(encoding='utf-8')}")
        program.chmod(0o755)
    return Project(Path(shutil.copytree(template, tmp_path / "project")), tools, state)


NEEDS = ["terraform version", "docker version", "aws sts get-caller-identity"]
PLAN = ["terraform plan", "terraform show"]
RUN = ["terraform output", "aws stepfunctions start-execution", "aws stepfunctions describe-execution"]


def test_the_first_deployment_makes_the_ground_then_delivers_then_applies(project: Project) -> None:
    answer = project.deploy("--yes")
    assert (answer.code, answer.err) == (0, "")
    assert project.calls() == [
        *NEEDS,
        "terraform init",
        "aws s3api head-bucket",
        "terraform apply",
        "aws ecr describe-images",
        "aws ecr get-login-password",
        "docker login AWS",
        "aws ecr get-login-password",
        "docker login AWS",
        "docker build linux/amd64",
        "docker push 222222222222.dkr.ecr.eu-central-1.amazonaws.com/demo-prod-training:",
        "aws s3 sync",
        *PLAN,
        "terraform apply",
        "aws s3 cp",
        *RUN,
    ]
    assert re.search(r"^deployed \d{8}T\d{6}Z-[0-9a-f]{12}$", answer.out, re.MULTILINE)
    assert answer.out.endswith("the run ended: SUCCEEDED\n")
    bucket = project.state / "bucket"
    assert [path.parent.name for path in bucket.rglob("*.zip") if "deployments" in path.parts] == ["deployments"]
    assert list(bucket.glob("glue/interactions-*.py")) != []


@pytest.mark.slow
def test_every_command_is_shown_before_it_runs(project: Project) -> None:
    out = project.deploy("--yes").out
    log = (project.state / "calls.txt").read_text(encoding="utf-8").splitlines()
    shown = [line.removeprefix("$ ") for line in out.splitlines() if line.startswith("$ ")]
    assert [shlex.join(json.loads(line)) for line in log] == shown


@pytest.mark.slow
def test_what_is_there_already_is_not_built_again(project: Project) -> None:
    project.deploy("--yes")
    project.calls()
    assert project.deploy("--yes", "--no-smoke").code == 0
    assert project.calls() == [
        *NEEDS,
        "terraform init",
        "aws s3api head-bucket",
        "aws ecr describe-images",
        "aws s3 sync",
        *PLAN,
        "terraform apply",
        "aws s3 cp",
    ]


def test_everything_that_is_missing_is_said_before_anything_starts(project: Project) -> None:
    empty = project.folder / "no-tools"
    empty.mkdir()
    answer = project.deploy(path=str(empty))
    assert answer.code == 1
    assert answer.err == (
        "error PG163: there is neither 'terraform' nor 'tofu' on the PATH\n"
        "   help: install Terraform or OpenTofu, 1.9 or newer\n"
        "error PG163: there is no 'aws' on the PATH\n"
        "   help: install the AWS command line, version 2\n"
        "error PG163: there is no 'docker' on the PATH, and images must be built\n"
        "   help: install Docker, or deploy from CI\n"
    )
    assert project.calls() == []


@pytest.mark.parametrize(
    ("answers", "fact"),
    [
        ({"docker_version": (1, "")}, "'docker' is there, but its daemon does not answer"),
        ({"sts_get": (255, "")}, "AWS takes no credentials from here"),
        (
            {"sts_get": (0, '{"Account": "999999999999"}')},
            "the credentials are of account '999999999999', and the environment is in '222222222222'",
        ),
    ],
)
def test_nothing_starts_without_docker_or_the_right_credentials(
    project: Project, answers: dict[str, tuple[int, str]], fact: str
) -> None:
    project.answer(**answers)
    answer = project.deploy("--yes")
    assert answer.code == 1
    assert answer.err.startswith(f"error PG163: {fact}\n")
    assert project.calls() == NEEDS


@pytest.mark.parametrize(
    ("version", "words"), [("1.9.8", "cannot lock a state in S3"), ("1.10.0", "locking.s3.tfbackend")]
)
def test_the_state_is_locked_where_terraform_can(project: Project, version: str, words: str) -> None:
    project.answer(terraform_version=(0, json.dumps({"terraform_version": version})))
    answer = project.deploy("--plan-only")
    assert answer.code == 0
    assert ("note:" in answer.out, words in answer.out) == (version == "1.9.8", True)


def test_a_terraform_that_is_too_old_is_refused(project: Project) -> None:
    project.answer(terraform_version=(0, json.dumps({"terraform_version": "1.8.5"})))
    answer = project.deploy("--plan-only")
    assert (answer.code, answer.err) == (
        1,
        "error PG163: 'terraform' is of version '1.8'\n   help: install 1.9 or newer\n",
    )


def test_a_dry_run_shows_everything_and_runs_nothing(project: Project) -> None:
    answer = project.deploy("--dry-run", path=str(project.folder))
    assert (answer.code, answer.err) == (0, "")
    assert project.calls() == []
    assert not (project.folder / "build").exists()
    shown = [line for line in answer.out.splitlines() if line.startswith("$ ")]
    for part in (
        "docker build --platform linux/amd64",
        "s3 sync",
        "plan -input=false",
        "apply -input=false",
        "start-exec",
    ):
        assert [line for line in shown if part in line] != [], part
    assert not re.search(r"^deployed", answer.out, re.MULTILINE)


def test_plan_only_changes_nothing(project: Project) -> None:
    answer = project.deploy("--plan-only")
    assert answer.code == 0
    assert project.calls() == ["terraform version", "aws sts get-caller-identity", "terraform init", *PLAN]
    assert answer.out.endswith("planned only: nothing was built, uploaded or changed\n")


def test_where_nobody_can_be_asked_nothing_is_applied(project: Project) -> None:
    answer = project.deploy()
    assert answer.code == 1
    assert answer.err.startswith("error PG164: nobody is there to confirm the plan\n")
    assert "terraform apply" not in project.calls()


REPLACED = {
    "resource_changes": [
        {"type": "aws_s3_bucket", "address": "aws_s3_bucket.data", "change": {"actions": ["delete", "create"]}},
        {"type": "aws_iam_role", "address": "aws_iam_role.x", "change": {"actions": ["delete"]}},
        {"type": "aws_ssm_parameter", "address": "aws_ssm_parameter.p", "change": {"actions": ["delete"]}},
    ]
}


@pytest.mark.slow
def test_a_plan_that_loses_something_is_not_applied_unless_it_may(project: Project) -> None:
    project.answer(show=(0, json.dumps(REPLACED)))
    answer = project.deploy("--plan-only")
    assert answer.code == 1
    folder = "generated/demo/prod/terraform"
    assert answer.err == (
        f"{folder}: error PG160: bucket 'aws_s3_bucket.data' would be replaced, and its objects lost\n"
        "   help: mend the spec; or save what it holds, then deploy with --allow-replacement\n"
        f"{folder}: error PG161: parameter 'aws_ssm_parameter.p' would be destroyed, and its value lost\n"
        "   help: mend the spec; or save what it holds, then deploy with --allow-replacement\n"
    )
    allowed = project.deploy("--yes", "--no-smoke", "--allow-replacement")
    assert allowed.code == 0
    assert "warning PG160: bucket 'aws_s3_bucket.data' would be replaced" in allowed.err


def test_a_stale_tree_is_not_deployed(project: Project) -> None:
    (project.folder / "generated/demo/prod/deployment.json").write_text("{}")
    answer = project.deploy("--yes")
    assert answer.code == 1
    assert answer.err.startswith("generated/demo/prod/deployment.json: error PG033: changed\n")
    assert project.calls() == []


def test_a_command_that_fails_stops_everything_after_it(project: Project) -> None:
    project.answer(docker_push=(1, "denied"))
    answer = project.deploy("--yes")
    assert answer.code == 1
    assert "error PG165: 'docker push 222222222222.dkr.ecr.eu-central-1.amazonaws.com/demo-prod-training:" in answer.err
    assert "…' ended with exit code 1" in answer.err
    assert project.calls()[-1].startswith("docker push")


@pytest.mark.slow
def test_a_run_that_fails_is_a_failed_deployment(project: Project) -> None:
    project.answer(describe__execution=(0, '{"status": "FAILED", "error": "Glue.JobRunFailed"}'))
    answer = project.deploy("--yes")
    assert answer.code == 1
    assert re.search(r"error PG168: the run 'deployed-\S+' is FAILED after 120 minutes or less: Glue", answer.err)


@pytest.mark.slow
def test_a_rollback_applies_what_was_deployed_before(project: Project) -> None:
    assert project.rollback().err.startswith("error PG166: there is no earlier deployment to go back to\n")
    project.deploy("--yes", "--no-smoke")
    before = (project.folder / "generated/demo/prod/glue/interactions.py").read_text(encoding="utf-8")
    project.edit("SELECT item_id FROM clicks", "SELECT item_id FROM clicks WHERE item_id <> ''")
    project.deploy("--yes", "--no-smoke")
    first, second = project.rollback("--list").out.strip().splitlines()[-2:]
    project.calls()
    answer = project.rollback("--yes")
    assert (answer.code, answer.err) == (0, "")
    assert f"== back to {first}\n" in answer.out
    assert first != second
    assert project.calls() == [
        "terraform version",
        "aws sts get-caller-identity",
        "aws s3api list-objects-v2",
        "aws s3 cp",
        "aws ecr describe-images",
        "aws s3api head-object",
        "terraform init",
        *PLAN,
        "terraform apply",
        "aws s3 cp",
        *RUN,
    ]
    script = project.folder / f"build/demo/prod-{first}/glue/interactions.py"
    assert script.read_text(encoding="utf-8") == before


@pytest.mark.slow
def test_a_rollback_needs_what_it_goes_back_to(project: Project) -> None:
    project.deploy("--yes", "--no-smoke")
    listed = project.rollback("--to", "yesterday")
    assert listed.err.startswith("error PG166: there is no deployment 'yesterday'\n   help: deployments: 20")
    (record,) = project.rollback("--list").out.strip().splitlines()[-1:]
    (project.state / "images.txt").write_text("")
    answer = project.rollback("--to", record)
    assert answer.code == 1
    assert re.search(r"error PG167: image '222222222222\.dkr\S+' is no longer there", answer.err)
    assert "terraform apply" not in project.calls()[-5:]

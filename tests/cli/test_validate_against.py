"""`validate --against`, `generate` and `check`: what an apply would lose is said before anything runs."""

from pathlib import Path

import pytest

from tests.cli.process import Answer, pipelinegen
from tests.compiling import REFERENCE_SPEC

RECOMMENDER = REFERENCE_SPEC.read_text(encoding="utf-8")


_SERVE = """\
  serve:
    kind: api
    reads: ${steps.publish.hashes}
    domain: recommendations.example.com
"""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the reference spec, generated; tests change copies of the spec only."""
    folder = tmp_path_factory.mktemp("deployed")
    (folder / "specs").mkdir()
    (folder / "specs/r.yaml").write_text(RECOMMENDER, encoding="utf-8")
    assert pipelinegen("generate", cwd=folder).code == 0
    return folder


def validate(deployed: Path, tmp_path: Path, *changes: tuple[str, str]) -> Answer:
    """`validate --against` the deployed tree, of the reference spec with texts in the place of others."""
    text = RECOMMENDER
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    spec = tmp_path / "specs" / "r.yaml"
    spec.parent.mkdir()
    spec.write_text(text, encoding="utf-8")
    return pipelinegen("validate", "specs/r.yaml", "--against", str(deployed / "generated"), cwd=tmp_path)


def test_another_schedule_loses_nothing(deployed: Path, tmp_path: Path) -> None:
    answer = validate(deployed, tmp_path, ('cron: "0 4', 'cron: "0 5'))
    assert (answer.code, answer.err) == (0, "")


def test_a_move_of_region_is_announced_before_anything_runs(deployed: Path, tmp_path: Path) -> None:
    answer = validate(deployed, tmp_path, ("region: eu-central-1", "region: eu-west-1"))
    assert answer.code == 1
    assert (
        "/prod/terraform/encryption.tf:4:1: error PG160: key 'aws_kms_key.data' would be replaced, and everything "
        "encrypted with it lost: the pipeline moves from region 'eu-central-1' to 'eu-west-1'\n"
        '   4 | resource "aws_kms_key" "data" {\n'
        "     | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
    ) in answer.err
    for kind in ("bucket", "Redis", "image repository", "log group", "parameter", "topic", "queue"):
        assert f"error PG160: {kind} 'aws_" in answer.err


def test_what_the_pipeline_no_longer_has_is_announced(deployed: Path, tmp_path: Path) -> None:
    answer = validate(deployed, tmp_path, (_SERVE, ""), (", serve: {tasks: 1}", ""))
    assert answer.code == 1
    assert (
        "error PG161: image repository 'aws_ecr_repository.api' would be destroyed, and its images lost: it is no "
        "longer part of the pipeline\n"
    ) in answer.err
    assert "PG160" not in answer.err


def test_a_rename_is_announced_by_validate_generate_and_check(deployed: Path, tmp_path: Path) -> None:
    answer = validate(deployed, tmp_path, ("name: vehicle-recommendations\n", "name: vehicles\n"))
    assert answer.code == 1
    fact = (
        "bucket 'aws_s3_bucket.data' would be left behind with its objects, and an empty one made: the pipeline moves "
        "from state 'vehicle-recommendations/prod.tfstate' to 'vehicles/prod.tfstate'"
    )
    assert f"error PG162: {fact}\n" in answer.err
    project = tmp_path / "project"
    (project / "specs").mkdir(parents=True)
    (project / "specs/r.yaml").write_text(RECOMMENDER, encoding="utf-8")
    pipelinegen("generate", cwd=project)
    (project / "specs/r.yaml").write_text((tmp_path / "specs/r.yaml").read_text(), encoding="utf-8")
    assert f"error PG162: {fact}\n" in pipelinegen("check", cwd=project).err
    generated = pipelinegen("generate", cwd=project)
    assert generated.code == 0
    assert f"warning PG162: {fact}\n" in generated.err


def test_a_folder_that_is_not_there_is_named(deployed: Path) -> None:
    answer = pipelinegen("validate", "specs/r.yaml", "--against", "nowhere", cwd=deployed)
    assert answer.code == 2
    assert answer.err.startswith("error PG001: 'nowhere' is no folder of generated files\n")

"""A project of its own for each test: one small spec, and a tree generated from it."""

import shutil
from pathlib import Path

import pytest

from tests.cli.process import pipelinegen

SPEC = """\
version: 1
name: demo
description: One table a day.
owner: {team: demo, email: demo@example.com}
warehouse: {kind: postgresql, secret: demo/warehouse, database: demo}
datasets:
  clicks:
    from: {table: clicks}
    columns: {item_id: {type: string}}
  chosen:
    columns: {item_id: {type: string}}
steps:
  interactions:
    kind: glue_etl
    inputs: {clicks: "${datasets.clicks}"}
    sql: SELECT item_id FROM clicks
    output: ${datasets.chosen}
environments:
  dev: {account_id: "111111111111", region: eu-central-1}
  prod: {account_id: "222222222222", region: eu-central-1}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with specs/demo.yaml and nothing else."""
    folder = tmp_path / "project"
    (folder / "specs").mkdir(parents=True)
    (folder / "specs/demo.yaml").write_text(SPEC, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def generated_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after `generate`; copied by `generated`, never changed itself."""
    folder = tmp_path_factory.mktemp("generated") / "project"
    (folder / "specs").mkdir(parents=True)
    (folder / "specs/demo.yaml").write_text(SPEC, encoding="utf-8")
    answer = pipelinegen("generate", cwd=folder)
    assert (answer.code, answer.err) == (0, "")
    return folder


@pytest.fixture
def generated(generated_project: Path, tmp_path: Path) -> Path:
    """A project of one's own after `generate`."""
    return Path(shutil.copytree(generated_project, tmp_path / "project"))

"""`init`: a spec to start from is whole, is written once, and generates."""

from pathlib import Path

import pytest

from pipelinegen.assets import templates_folder
from pipelinegen.starters import read_starters
from tests.cli.process import pipelinegen, tree
from tests.compiling import REFERENCE_SPEC

STARTERS = read_starters(templates_folder() / "init")


@pytest.mark.parametrize("name", STARTERS)
def test_a_starter_validates_and_generates(name: str, tmp_path: Path) -> None:
    answer = pipelinegen("init", name, cwd=tmp_path)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"wrote specs/{name}.yaml\n")
    assert list(tree(tmp_path)) == [f"specs/{name}.yaml"]
    assert pipelinegen("validate", cwd=tmp_path).err == ""
    generated = pipelinegen("generate", cwd=tmp_path)
    assert (generated.code, generated.err) == (0, "")
    assert pipelinegen("check", cwd=tmp_path).code == 0


def test_the_recommender_is_the_reference() -> None:
    assert STARTERS["batch_recommender"].text == REFERENCE_SPEC.read_text(encoding="utf-8")


def test_starters_are_listed(tmp_path: Path) -> None:
    answer = pipelinegen("init", "--list", cwd=tmp_path)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "batch_recommender  Daily recommendations: extract, train, judge, promote, score, load into Redis, serve.\n"
        "etl_only           Tables of a warehouse, checked and written to S3 each day; no model.\n"
    )
    assert tree(tmp_path) == {}


def test_the_recommender_is_what_one_gets(tmp_path: Path) -> None:
    assert pipelinegen("init", "--out", "mine.yaml", cwd=tmp_path).code == 0
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == STARTERS["batch_recommender"].text


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("mine")
    answer = pipelinegen("init", "etl_only", "--out", "mine.yaml", cwd=tmp_path)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error PG088: 'mine.yaml' is there already, and is not overwritten\n   help: give another path with `--out`\n"
    )
    assert (tmp_path / "mine.yaml").read_text() == "mine"


@pytest.mark.parametrize("out", ["file/below.yaml", "folder"])
def test_a_place_that_cannot_be_written(out: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    answer = pipelinegen("init", "--out", out, cwd=tmp_path)
    assert answer.code == 2
    assert answer.err.startswith(f"error PG088: '{out}")


def test_a_template_there_is_not(tmp_path: Path) -> None:
    answer = pipelinegen("init", "etl_onl", cwd=tmp_path)
    assert answer.code == 2
    assert answer.err == (
        "error PG088: there is no template 'etl_onl'\n"
        "   help: did you mean 'etl_only'? templates: batch_recommender, etl_only\n"
    )

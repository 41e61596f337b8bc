"""`init`: a spec to start from is whole, is written once, and generates."""

from pathlib import Path

import pytest

from pipelinegen.assets import templates_folder
from pipelinegen.starters import read_starters
from tests.cli.process import pipelinegen, tree
from tests.compiling import REFERENCE_SPEC, ROOT

EXAMPLES = ROOT / "specs" / "examples"
STARTERS = read_starters(templates_folder() / "init")


@pytest.mark.parametrize("name", STARTERS)
def test_a_starter_validates_and_generates(name: str, tmp_path: Path) -> None:
    answer = pipelinegen("init", name, cwd=tmp_path)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"wrote specs/{name}.yaml\n")
    assert sorted(tree(tmp_path)) == sorted(f"specs/{path}" for path in [f"{name}.yaml", *STARTERS[name].code])
    assert pipelinegen("validate", cwd=tmp_path).err == ""
    generated = pipelinegen("generate", cwd=tmp_path)
    assert (generated.code, generated.err) == (0, "")
    assert pipelinegen("check", cwd=tmp_path).code == 0


def test_the_recommender_is_the_reference() -> None:
    assert STARTERS["batch_recommender"].text == REFERENCE_SPEC.read_text(encoding="utf-8")


def test_examples_are_what_init_writes() -> None:
    """specs/examples/ holds what `init` writes, but for the recommender: that is the reference spec."""
    made = {}
    for name, starter in STARTERS.items():
        if name != "batch_recommender":
            text = starter.text.replace("$schema=../generated", "$schema=../../generated")
            made.update({f"{name}.yaml": text, **starter.code})
    found = {path.relative_to(EXAMPLES).as_posix(): path.read_text() for path in EXAMPLES.rglob("*") if path.is_file()}
    assert {path: text for path, text in found.items() if "__pycache__" not in path} == made


def test_two_starters_share_their_code(tmp_path: Path) -> None:
    assert pipelinegen("init", "tabular_scoring", cwd=tmp_path).code == 0
    second = pipelinegen("init", "approved_monthly", cwd=tmp_path)
    assert second.out == "wrote specs/approved_monthly.yaml\nnext: pipelinegen validate specs/approved_monthly.yaml\n"
    (tmp_path / "specs/approved_monthly.yaml").unlink()
    (tmp_path / "specs/models/price/train.py").write_text("mine")
    refused = pipelinegen("init", "approved_monthly", cwd=tmp_path)
    assert (refused.code, refused.err.splitlines()[0]) == (
        2,
        "error PG088: 'specs/models/price/train.py' is there already, and is not overwritten",
    )
    assert not (tmp_path / "specs/approved_monthly.yaml").exists()


def test_starters_are_listed(tmp_path: Path) -> None:
    answer = pipelinegen("init", "--list", cwd=tmp_path)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "approved_monthly   A monthly model that a person approves before it is promoted and used.\n"
        "batch_recommender  Daily recommendations: extract, train, judge, promote, score, load into Redis, serve.\n"
        "etl_only           Tables of a warehouse, checked and written to S3 each day; no model.\n"
        "online_endpoint    A model behind a real-time endpoint: train, judge, promote, deploy, ask once.\n"
        "tabular_scoring    Prices predicted for a whole table each night: train, judge, promote, batch transform.\n"
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
        "   help: did you mean 'etl_only'? "
        "templates: approved_monthly, batch_recommender, etl_only, online_endpoint, tabular_scoring\n"
    )

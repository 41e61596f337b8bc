"""Answers are kept by everything they depend on; a folder that cannot be used does no harm."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipelinegen.sql.question import Question, answer

QUESTION = Question("SELECT x, y FROM a", {"a": {"x": "string"}}, {}, {"x": "string"}, {"run_date": "date"})


def test_an_answer_is_kept_and_read_again(tmp_path: Path) -> None:
    first = answer(QUESTION, tmp_path / "new")
    (path,) = (tmp_path / "new").iterdir()
    assert [item.id for item in first.findings] == ["PG082"]
    assert first.origins == {"x": (("a", "x"),)}
    assert answer(QUESTION, tmp_path / "new") == first
    document = json.loads(path.read_text())
    document["findings"][0]["message"] = "from the file"
    path.write_text(json.dumps(document))
    assert answer(QUESTION, tmp_path / "new").findings[0].message == "from the file"


@pytest.mark.parametrize(
    "other",
    [
        replace(QUESTION, sql="SELECT x FROM a"),
        replace(QUESTION, inputs={"a": {"x": "string", "y": "int"}}),
        replace(QUESTION, output={"x": "int"}),
        replace(QUESTION, dropped={"a": ("y",)}),
    ],
)
def test_another_question_has_an_answer_of_its_own(tmp_path: Path, other: Question) -> None:
    answer(QUESTION, tmp_path)
    assert answer(other, tmp_path) == answer(other, None)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"findings": 1}', '{"findings": [{"id": 1}], "origins": {}}', "\x00"]
)
def test_a_spoilt_file_is_made_anew(tmp_path: Path, content: str) -> None:
    first = answer(QUESTION, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_text(content)
    assert answer(QUESTION, tmp_path) == first
    assert answer(QUESTION, tmp_path) == first


def test_a_folder_that_cannot_be_made_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert answer(QUESTION, tmp_path / "file") == answer(QUESTION, None)

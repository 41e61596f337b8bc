"""Folders of users' code: what is read, what is refused."""

from pathlib import Path

import pytest

from pipelinegen.code_folders import MAX_CODE_BYTES, CodeError, code_beside


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    (tmp_path / "project/code/inner").mkdir(parents=True)
    (tmp_path / "project/code/handler.py").write_bytes(b"a = 1\r\n")
    (tmp_path / "project/code/inner/part.py").write_text("b = 2\n")
    return tmp_path / "project" / "spec.yaml"


def refused(spec: Path, folder: str = "code") -> str:
    with pytest.raises(CodeError) as caught:
        code_beside(spec)(folder)
    assert caught.value.help
    return str(caught.value)


def test_files_are_texts_by_relative_path(spec: Path) -> None:
    assert code_beside(spec)("code") == {"handler.py": "a = 1\n", "inner/part.py": "b = 2\n"}


def test_hidden_and_compiled_files_do_not_count(spec: Path) -> None:
    for name in (".env", "handler.pyc", "__pycache__/handler.py", ".git/config"):
        (spec.parent / "code" / name).parent.mkdir(exist_ok=True)
        (spec.parent / "code" / name).write_text("x")
    assert sorted(code_beside(spec)("code")) == ["handler.py", "inner/part.py"]


def test_nothing_outside_of_the_specs_folder_is_read(spec: Path) -> None:
    (spec.parents[1] / "outside").mkdir()
    (spec.parents[1] / "outside/key").write_text("k")
    (spec.parent / "link").symlink_to(spec.parents[1] / "outside")
    (spec.parent / "code/linked.py").symlink_to(spec.parents[1] / "outside/key")
    assert refused(spec, "link") == "there is no folder 'link' beside the spec"
    assert refused(spec, "../outside") == "there is no folder '../outside' beside the spec"
    assert refused(spec) == "'linked.py' points out of 'code'"


def test_what_cannot_be_generated_is_refused(spec: Path) -> None:
    (spec.parent / "empty").mkdir()
    assert refused(spec, "empty") == "the folder 'empty' has no files"
    (spec.parent / "code/model.bin").write_bytes(b"\xff\xfe")
    assert refused(spec) == "'model.bin' in 'code' is not UTF-8 text"
    (spec.parent / "code/model.bin").write_bytes(b"x" * MAX_CODE_BYTES)
    assert refused(spec) == "the folder 'code' has more than 500 files or 2 MiB"

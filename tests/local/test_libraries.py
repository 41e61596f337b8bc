"""What functions require, locally: a wheel that pip installs from a folder, without a network."""

import zipfile
from pathlib import Path

import pytest

from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.libraries import image_libraries, library_files


def make_wheel(folder: Path) -> None:
    """A package `greeting_for_tests` of version 1.2."""
    about = "greeting_for_tests-1.2.dist-info"
    files = {
        "greeting_for_tests.py": "WORD = 'hello'\n",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: greeting-for-tests\nVersion: 1.2\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": "",
    }
    with zipfile.ZipFile(folder / "greeting_for_tests-1.2-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)


def test_what_is_here_in_the_right_version_is_not_installed(tmp_path: Path) -> None:
    nothing = ("# a comment\n\n", "pydantic\n", "pydantic>=2,<3\nboto3>1\n")
    assert [list(library_files("f", text, tmp_path, ("false",))) for text in nothing] == [[], [], []]


def test_what_pip_cannot_have_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match="what function 'count' requires cannot be installed: pip gave no reason"):
        list(library_files("count", "pydantic<2", tmp_path, ("false",)))
    assert list((tmp_path / "libraries").iterdir()) == []


@pytest.mark.slow
def test_the_rest_is_installed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_wheel(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    found = dict(library_files("count", "greeting-for-tests==1.2\n", tmp_path / "cache"))
    assert found["greeting_for_tests.py"].read_text(encoding="utf-8") == "WORD = 'hello'\n"
    again = dict(library_files("count", "greeting-for-tests==1.2\n", tmp_path / "cache", ("false",)))
    assert again == found
    dockerfile = 'FROM x\n\nRUN pip install --no-cache-dir "greeting-for-tests==1.2"\n'
    folder = image_libraries("training_own", dockerfile, tmp_path / "cache")
    assert folder is not None
    assert found["greeting_for_tests.py"].is_relative_to(folder)
    assert image_libraries("serving", 'RUN pip install "uvicorn>=0.32,<1"\n', tmp_path / "cache") is None

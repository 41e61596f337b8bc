"""Small specs, one feature each, and every byte that is generated from them. The runtime's code does not count."""

import shutil
from pathlib import Path

import pytest

from pipelinegen.code_folders import code_beside
from tests.compiling import files_of

HERE = Path(__file__).parent / "golden"
CASES = sorted(path.parent.name for path in HERE.glob("*/spec.yaml"))


@pytest.mark.parametrize("name", CASES)
def test_every_byte_is_as_it_was(name: str, update_golden: bool) -> None:
    folder = HERE / name / "expected"
    spec = HERE / name / "spec.yaml"
    environments = files_of(spec.read_text(encoding="utf-8"), code_beside(spec))
    made = {
        f"{environment}/{path}": text for environment, files in environments.items() for path, text in files.items()
    }
    if update_golden:
        shutil.rmtree(folder, ignore_errors=True)
        for path, text in made.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text.encode())
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert sorted(made) == sorted(found), "files are missing or new; see --update-golden"
    for path, text in made.items():
        assert text == found[path].decode(), f"{path} has changed; see --update-golden"

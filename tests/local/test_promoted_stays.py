"""What was promoted and published before stays in service, whatever the next day brings."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.local.command_line import Finished, processes_that_name, run_command

pytestmark = pytest.mark.slow
SPEC, STATE = "specs/promoted.yaml", Path(".pipelinegen/promoted/dev")


@pytest.fixture(scope="module")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after a good day."""
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(Path(__file__).parent / "promoted_specs", project / "specs")
    assert run_command("generate", folder=project).code == 0
    done = run_command("run", SPEC, "--date", "2026-11-20", folder=project)
    assert done.code == 0, done.out
    return project


def model_of(project: Path) -> Path:
    (found,) = (project / STATE / "cloud/s3/promoted-dev-models-111111111111").rglob("model.tar.gz")
    return found


def truncate(project: Path) -> None:
    path = model_of(project)
    path.write_bytes(path.read_bytes()[:1000])


def age(project: Path) -> None:
    """Gives the model a feature contract of an earlier schema."""
    path, buffer = model_of(project), io.BytesIO()
    with tarfile.open(path) as old, tarfile.open(fileobj=buffer, mode="w:gz") as new:
        for member in old.getmembers():
            file = old.extractfile(member)
            assert file is not None
            body = file.read()
            if member.name.endswith("contract.json"):
                body = json.dumps({**json.loads(body), "schema_version": 0}).encode()
                member.size = len(body)
            new.addfile(member, io.BytesIO(body))
    path.write_bytes(buffer.getvalue())


def untouched(project: Path) -> None:
    """Leaves the model as it is."""


FAULTS: dict[str, tuple[Callable[[Path], None], list[str], str, str]] = {
    "a corrupt model": (truncate, [], "train", "model.tar.gz cannot be unpacked"),
    "an older contract": (age, [], "train", "has schema_version 0, this program reads 1"),
    "no Parquet": (untouched, ["--parameter", "how=garbage"], "publish", "part-00099.parquet"),
}


def served(project: Path) -> list[Any]:
    answer = run_command("serve", SPEC, "--port", 0, "--ask", "u1", folder=project)
    assert answer.code == 0, answer.err
    return [line for line in answer.out.splitlines() if '"run_date"' in line or '"model_version"' in line]


@pytest.fixture(scope="module")
def before(first_day: Path) -> list[Any]:
    """What the API answers after the good day."""
    return served(first_day)


@pytest.mark.parametrize("name", FAULTS)
def test_the_next_day_fails_and_the_last_good_one_serves(
    first_day: Path, before: list[Any], tmp_path: Path, name: str
) -> None:
    spoil, words, step, cause = FAULTS[name]
    project = tmp_path / "project"
    shutil.copytree(first_day, project)
    spoil(project)
    done: Finished = run_command(
        "run", SPEC, "--date", "2026-11-21", "--continue", *words, "--report", "r.json", folder=project
    )
    assert done.code == 1
    (day,) = json.loads((project / "r.json").read_text(encoding="utf-8"))["days"]
    assert str(day["failed_state"]).lower().startswith(step)
    assert cause in done.out
    pointers = (project / STATE / "cloud/parameters.jsonl").read_text(encoding="utf-8").splitlines()
    first = (first_day / STATE / "cloud/parameters.jsonl").read_text(encoding="utf-8").splitlines()
    if step == "train":
        assert pointers == first, "the pointer to the promoted model"
    assert before == served(project), "what the API answers"
    assert list(processes_that_name(str(project))) == []


def test_broken_rows_are_left_out_and_counted(first_day: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(first_day, project)
    words = ["--date", "2026-11-21", "--continue", "--parameter", "how=rows", "--report", "r.json"]
    done = run_command("run", SPEC, *words, folder=project)
    assert done.code == 0, done.out
    (day,) = json.loads((project / "r.json").read_text(encoding="utf-8"))["days"]
    assert day["output"]["steps"]["publish"] == {"rows": 16}
    said = run_command("logs", "2026-11-21", "publish", folder=project).out
    assert '"rows": 16, "rejects": 2, "reasons": {' in said


def test_the_same_date_again_gives_the_same_model(first_day: Path, tmp_path: Path) -> None:
    """A run of a date whose model is promoted goes on from what that one went on from, not from itself."""
    project = tmp_path / "project"
    shutil.copytree(first_day, project)
    done = run_command("run", SPEC, "--date", "2026-11-20", "--continue", folder=project)
    assert done.code == 0, done.out
    lines = (project / STATE / "cloud/parameters.jsonl").read_text(encoding="utf-8").splitlines()
    nothing, first, again = [json.loads(json.loads(line)["value"]) for line in lines]
    assert nothing == first["before"] == again["before"]
    assert (first["run_date"], first["metrics"]) == (again["run_date"], again["metrics"])
    assert first["version"] != again["version"]

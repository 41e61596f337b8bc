"""Every diagnostic a spec can cause, as the user sees it: the whole standard error, with place, line and caret."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelinegen.catalogue import CATALOGUE
from tests.compiling import ENVIRONMENT, ROOT

HERE = Path(__file__).parent / "errors"
CASES = sorted(path.name for path in HERE.iterdir() if re.match(r"PG[0-9]{3}-", path.name))

#: Ids that no spec can cause, and the test that holds each.
ELSEWHERE = {
    "PG030": "unit/test_write.py::test_a_foreign_file_is_refused",
    "PG031": "unit/test_write.py::test_a_file_edited_by_hand_is_refused_unless_forced",
    "PG032": "unit/test_write.py::test_a_folder_that_cannot_be_made_leaves_everything_as_it_was",
    "PG033": "cli/test_check.py::test_every_difference_is_named",
    "PG106": "cli/test_lint_asl.py::test_faults_are_at_their_states",
    "PG107": "cli/test_lint_asl.py::test_what_is_no_machine_is_named",
    "PG088": "cli/test_init.py::test_nothing_is_overwritten",
    "PG034": "unit/render/test_env.py::test_an_override_at_fault_is_named",
    "PG035": "cli/test_package.py::test_requirements_that_cannot_be_had_are_named",
    "PG144": "cli/test_validate_spark.py::test_without_spark_such_a_query_is_not_valid",
    "PG160": "cli/test_validate_against.py::test_a_move_of_region_is_announced_before_anything_runs",
    "PG161": "cli/test_validate_against.py::test_what_the_pipeline_no_longer_has_is_announced",
    "PG162": "cli/test_validate_against.py::test_a_rename_is_announced_by_validate_generate_and_check",
    "PG163": "cli/test_deploy.py::test_everything_that_is_missing_is_said_before_anything_starts",
    "PG164": "cli/test_deploy.py::test_where_nobody_can_be_asked_nothing_is_applied",
    "PG165": "cli/test_deploy.py::test_a_command_that_fails_stops_everything_after_it",
    "PG166": "cli/test_deploy.py::test_a_rollback_applies_what_was_deployed_before",
    "PG167": "cli/test_deploy.py::test_a_rollback_needs_what_it_goes_back_to",
    "PG168": "cli/test_deploy.py::test_a_run_that_fails_is_a_failed_deployment",
    "PG050": "contract/test_step_kinds.py::test_a_broken_plug_in_is_named",
}


#: Runs every case below the current folder through the real command line; one process is enough for all of them.
RUN_ALL = """
import contextlib, io, json, os, sys
from pipelinegen.cli import main
here, answers = os.getcwd(), {}
for name in sorted(os.listdir(here)):
    os.chdir(os.path.join(here, name))
    given = open("arguments.txt").read().split() if os.path.exists("arguments.txt") else ["validate", "spec.yaml"]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(given)
    answers[name] = [code, out.getvalue(), err.getvalue()]
json.dump(answers, sys.stdout)
"""


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str]]:
    """Exit code, standard output and standard error of every case."""
    folder = tmp_path_factory.mktemp("errors")
    for name in CASES:
        shutil.copytree(HERE / name, folder / name)
    command = [sys.executable, "-c", RUN_ALL]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=True)
    found: dict[str, tuple[int, str, str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_whole_standard_error(name: str, answers: dict[str, tuple[int, str, str]], update_golden: bool) -> None:
    expected = HERE / name / "expected.txt"
    code, out, err = answers[name]
    if update_golden:
        expected.write_text(err, encoding="utf-8")
    assert out == ""
    assert err == expected.read_text(encoding="utf-8")
    assert code == (2 if name.startswith("PG001") else 1)
    assert f"error {name[:5]}: " in err


def test_every_id_has_a_case_or_another_test() -> None:
    assert sorted({*(name[:5] for name in CASES), *ELSEWHERE}) == sorted(CATALOGUE)
    for place in ELSEWHERE.values():
        path, function = place.split("::")
        assert f"def {function}(" in (ROOT / "tests" / path).read_text(encoding="utf-8"), place


def test_every_id_in_the_code_is_in_the_catalogue_and_the_other_way_round() -> None:
    used: set[str] = set()
    for path in (ROOT / "pipelinegen").rglob("*.py"):
        if path.name != "catalogue.py":
            constants = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
            used |= {str(value) for value in constants if re.fullmatch(r"PG[0-9]{3}", str(value))}
            used |= {found for value in constants for found in re.findall(r"error (PG[0-9]{3})", str(value))}
    assert sorted(used) == sorted(CATALOGUE)


def test_twenty_faults_of_different_sorts_are_all_shown_in_one_run() -> None:
    text = (HERE / "PG010-twenty-faults-at-once" / "expected.txt").read_text(encoding="utf-8")
    found = re.findall(r"^spec\.yaml:(\d+):\d+: error (PG\d+)", text, re.MULTILINE)
    assert len(found) >= 20
    assert len({id for _, id in found}) >= 12

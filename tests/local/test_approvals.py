"""A run that asks, and `pipelinegen approve` that answers from another process."""

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from pipelinegen.local.approvals import pending_anywhere
from tests.local.command_line import REPOSITORY, Finished, command, processes_that_name, run_command

DATE = "2026-11-20"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(Path(__file__).parent / "approvals", tmp_path / "specs")
    assert run_command("generate", folder=tmp_path).code == 0
    return tmp_path


def run_and_answer(project: Path, *words: str) -> tuple[Finished, Finished]:
    """How the run ended whose question was answered with these words, and what the answer printed."""
    start = command("run", "specs/asks.yaml", "--date", DATE, "--report", "report.json")
    with subprocess.Popen(
        start, cwd=project, env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as run:  # fmt: skip
        while not pending_anywhere(project / ".pipelinegen"):
            assert run.poll() is None, run.communicate()
            time.sleep(0.1)
        said = run_command("approve", *words, folder=project)
        out, err = run.communicate(timeout=120)
    return Finished(run.returncode, out, err), said


def run_named(said: Finished) -> str:
    return said.out.rpartition("(run ")[2].rstrip(")\n")


def day(project: Path) -> dict[str, object]:
    (found,) = json.loads((project / "report.json").read_text(encoding="utf-8"))["days"]
    return dict(found)


@pytest.mark.slow
def test_a_yes_lets_the_run_go_on(project: Path) -> None:
    run, said = run_and_answer(project, "--comment", "looks fine")
    assert (run.code, run.err) == (0, "")
    assert said.code == 0
    assert said.out.startswith("approved: May the letter be sent? (run 2026-11-20-")
    assert day(project)["output"] == {"run_date": DATE, "steps": {"permit": {"approved": True}}}
    assert "e-mail to tests@example.com: May the letter be sent?\n  | It is the one of 2026-11-20.\n" in run.out
    assert f"  pipelinegen approve {run_named(said)}\n" in run.out
    assert "e-mail to tests@example.com: Sent\n  | The letter of 2026-11-20 is on its way.\n" in run.out
    assert "told the owner: Sent: The letter of 2026-11-20 is on its way." in run.out
    assert pending_anywhere(project / ".pipelinegen") == []
    assert list(processes_that_name(str(project))) == []


@pytest.mark.slow
def test_a_no_fails_the_run_with_its_reason(project: Path) -> None:
    run, said = run_and_answer(project, "permit", "--reject", "--comment", "too early")
    assert run.code == 1
    assert said.out.startswith("rejected: May the letter be sent? (run 2026-11-20-")
    assert (day(project)["status"], day(project)["error"]) == ("FAILED", "Rejected")
    assert "state 'Permit' failed on 2026-11-20: Rejected" in run.out
    assert "too early" in run.out


@pytest.mark.slow
def test_a_no_may_lead_another_way(project: Path) -> None:
    spec = project / "specs/asks.yaml"
    text = spec.read_text(encoding="utf-8").replace("timeout_hours: 1", "on_reject: go_on")
    text = text.replace("needs: [permit]", 'if: {is: "${steps.permit.approved}"}')
    spec.write_text(text, encoding="utf-8")
    assert run_command("generate", folder=project).code == 0
    run, said = run_and_answer(project, "--reject")
    assert (run.code, said.out.startswith("rejected: ")) == (0, True)
    assert day(project)["output"] == {"run_date": DATE, "steps": {"permit": {"approved": False}}}
    assert "is on its way" not in run.out


@pytest.mark.slow
def test_a_question_that_nobody_answers_fails_the_run(project: Path) -> None:
    words = ("run", "specs/asks.yaml", "--date", DATE, "--answer-within", 1, "--report", "report.json")
    run = run_command(*words, folder=project)
    assert run.code == 1
    assert (day(project)["status"], day(project)["error"]) == ("FAILED", "States.Timeout")
    assert "state 'Permit' failed on 2026-11-20: States.Timeout" in run.out
    assert "failed in state Permit of step permit: States.Timeout" in run.out
    assert "told the owner: Sent" not in run.out
    assert pending_anywhere(project / ".pipelinegen") == []


@pytest.mark.slow
def test_unattended_runs_say_yes_by_themselves(project: Path) -> None:
    done = run_command("run", "specs/asks.yaml", "--date", DATE, "--approve", folder=project)
    assert done.code == 0, done.err


def test_nothing_to_answer_is_said(tmp_path: Path) -> None:
    done = run_command("approve", "--state", tmp_path)
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"error: no run below '{tmp_path}' waits for an approval\n   help: start one, or name its folder by --state\n"
    )

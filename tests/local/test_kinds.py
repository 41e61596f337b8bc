"""Kinds that need no data, run by the local cloud through the real command line."""

import json
import shutil
from pathlib import Path

import pytest

from tests.local.command_line import processes_that_name, run_command

KINDS = Path(__file__).parent / "kinds"
DATE = "2026-11-20"


def run(project: Path, word: str) -> tuple[int, str, dict[str, object]]:
    """The exit code, what was printed, and the day's report of one run with a word to count."""
    shutil.copytree(KINDS, project / "specs")
    spec = project / "specs" / "kinds.yaml"
    spec.write_text(spec.read_text(encoding="utf-8").replace("hello", word), encoding="utf-8")
    assert run_command("generate", folder=project).code == 0
    done = run_command("run", "specs/kinds.yaml", "--date", DATE, "--report", project / "report.json", folder=project)
    assert list(processes_that_name(str(project))) == []
    assert "Traceback" not in done.err
    (day,) = json.loads((project / "report.json").read_text(encoding="utf-8"))["days"]
    return done.code, done.out, day


@pytest.mark.slow
def test_wait_lambda_and_notify_run(tmp_path: Path) -> None:
    code, out, day = run(tmp_path, "hello")
    assert (code, day["status"]) == (0, "SUCCEEDED")
    result = {"letters": 5, "date": DATE, "secret": ["value"]}
    assert day["output"] == {"run_date": DATE, "steps": {"count": {"result": result}}}
    assert "told the owner: Counted: 5 letters on 2026-11-20." in out


@pytest.mark.slow
def test_fail_ends_the_run_with_its_own_error(tmp_path: Path) -> None:
    code, out, day = run(tmp_path, "farewell")
    assert (code, day["status"], day["error"]) == (1, "FAILED", "TooLong")
    assert "8 letters are too many." in out

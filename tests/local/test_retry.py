"""`run`, `runs`, `logs` and `retry` through the real command line, on kinds that need no data."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.local.command_line import Finished, processes_that_name, run_command

KINDS = Path(__file__).parent / "kinds"

SCHEDULES = """\
parameters: {word: {type: string, default: hello}}
schedules:
  early: {cron: "30 2 * * ? *", timezone: Europe/Berlin}
  late: {cron: "0 20 25 * ? *", timezone: Europe/Berlin, parameters: {word: farewell}}
steps:
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Runs twice on 2026-10-25, when clocks go back: at 02:30, and in the evening with a word that is too long."""
    shutil.copytree(KINDS, tmp_path / "specs")
    change(tmp_path, "steps:\n", SCHEDULES)
    change(tmp_path, "word: hello, date", 'word: "${parameters.word}", date')
    return tmp_path


def change(project: Path, old: str, new: str) -> None:
    spec = project / "specs" / "kinds.yaml"
    text = spec.read_text(encoding="utf-8")
    assert old in text
    spec.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert run_command("generate", folder=project).code == 0


def listed(project: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run_command("runs", "--format", "json", folder=project).out)
    return found


def retry(project: Path, *arguments: str) -> Finished:
    done = run_command("retry", *arguments, folder=project)
    assert "Traceback" not in done.err
    assert list(processes_that_name(str(project))) == []
    return done


@pytest.mark.slow
def test_a_failed_run_is_gone_on_with_and_so_is_what_was_to_follow(project: Path) -> None:
    assert "there are no runs yet" in run_command("runs", folder=project).out
    run = run_command("run", "specs/kinds.yaml", "--days", 2, "--date", "2026-10-26", folder=project)
    assert (run.code, run.err) == (1, "")
    first, failed = listed(project)
    assert [(item["date"], item["status"], item["failed_step"], item["error"]) for item in (first, failed)] == [
        ("2026-10-25", "SUCCEEDED", None, None),
        ("2026-10-25", "FAILED", "refuse", "TooLong"),
    ]
    assert f"once it is mended: `pipelinegen retry {failed['run']}`" in run.out
    folder = project / failed["folder"]
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["input"] == {"scheduled_time": "2026-10-25T19:00:00Z", "parameters": {"word": "farewell"}}
    shown = run_command("logs", failed["run"], "count", folder=project)
    assert shown.out.count("REPORT RequestId") == 1
    unknown = run_command("logs", "last", "cuont", folder=project)
    assert (unknown.code, unknown.err) == (
        1,
        f"error: the run '{failed['run']}' has no log of a step 'cuont'\n"
        "   help: did you mean 'count'? steps with logs: count\n",
    )

    change(project, "above: 5", "above: 9")
    again = retry(project)
    assert again.code == 0, again.out + again.err
    assert [(item["status"], item["retries"]) for item in listed(project)] == [
        ("SUCCEEDED", 0),
        ("SUCCEEDED", 1),
        # The change of the clock is over: half past two in Berlin is 01:30 again.
        ("SUCCEEDED", 0),
    ]
    # The function was not called again, and the execution's own identity is the same.
    assert (folder / "logs" / "count.log").read_text(encoding="utf-8").count("REPORT RequestId") == 1
    nothing = retry(project)
    assert (nothing.code, "succeeded; there is nothing to retry" in nothing.err) == (1, True)

    more = run_command("run", "specs/kinds.yaml", "--continue", "--date", "2026-10-27", folder=project)
    assert more.code == 0, more.out + more.err
    assert len(listed(project)) == 4


def test_runs_that_are_not_there_are_named(tmp_path: Path) -> None:
    for words in (["logs", "last"], ["retry"], ["retry", "2026-10-25"]):
        done = run_command(*words, folder=tmp_path)
        assert (done.code, done.err.split("\n")[0]) == (1, "error: there are no runs yet")

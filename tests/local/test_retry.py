"""`run`, `runs`, `logs` and `retry` through the real command line, on kinds that need no data."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipelinegen.local.prepare import locked
from pipelinegen.local.run_folders import read_lines
from tests.local.command_line import REPOSITORY, Finished, command, processes_that_name, run_command
from tests.local.report_runs import Story

DATE = "2026-10-25"
CHECKED = ("Start run: check input", "Start run: fits?")
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
    # As after a redrive on AWS: the end of the failed run is run again, and leads back to the step that failed.
    way = ("Refuse", "Notify failure", "Pipeline failed", "Go on after redrive", "Done")
    assert [state for state in entered(project, failed) if state in way] == [*way[:3], *way[2:]]
    # The function was not called again, and the execution's own identity is the same.
    assert (folder / "logs" / "count.log").read_text(encoding="utf-8").count("REPORT RequestId") == 1
    nothing = retry(project)
    assert (nothing.code, "succeeded; there is nothing to retry" in nothing.err) == (1, True)

    more = run_command("run", "specs/kinds.yaml", "--continue", "--date", "2026-10-27", folder=project)
    assert more.code == 0, more.out + more.err
    assert len(listed(project)) == 4


@pytest.mark.slow
def test_a_part_is_run_over_the_results_of_what_lies_before(project: Path) -> None:
    words = ("run", "specs/kinds.yaml", "--date", DATE)
    none = run_command(*words, "--from", "count", folder=project)
    assert (none.code, none.err.split("\n")[0]) == (1, "error: nothing was run here yet")
    unknown = run_command(*words, "--from", "cuont", folder=project)
    assert (unknown.code, unknown.err) == (
        1,
        "error: there is no step 'cuont', as --from would have it\n"
        "   help: did you mean 'count'? steps: settle, morning, count, announce, refuse\n",
    )
    behind = run_command(*words, "--from", "count", "--until", "settle", folder=project)
    assert "'settle' does not follow from 'count'" in behind.err

    first = run_command(*words, "--until", "count", folder=project)
    assert first.code == 0, first.out + first.err
    assert "told the owner" not in first.out
    assert entered(project, listed(project)[-1]) == ["Start run", *CHECKED, "Settle", "Morning", "Count"]

    rest = run_command(*words, "--from", "announce", folder=project)
    assert rest.code == 0, rest.out + rest.err
    assert "told the owner: Counted: 5 letters on 2026-10-25." in rest.out
    found = listed(project)[-1]
    record = json.loads((project / found["folder"] / "run.json").read_text(encoding="utf-8"))
    assert (record["reused_run"], record["reused_steps"]) == (listed(project)[0]["run"], ["settle", "morning", "count"])
    assert not {"Settle", "Morning", "Count"} & set(entered(project, found))
    assert {"Announce", "Done"} <= set(entered(project, found))
    elsewhere = run_command("run", "specs/kinds.yaml", "--date", "2026-10-20", "--from", "count", folder=project)
    assert "there is no run of 2026-10-20 whose results 'count' could start from" in elsewhere.err
    assert "help: there are runs of 2026-10-25;" in elsewhere.err


@pytest.mark.slow
def test_past_dates_are_filled_one_after_another_or_at_once(project: Path) -> None:
    words = ("backfill", "specs/kinds.yaml", "--from", "2026-10-01")
    wrong = run_command(*words, "--to", "2026-09-30", folder=project)
    assert (wrong.code, wrong.err) == (
        1,
        "error: 2026-09-30 is before 2026-10-01\n   help: give --from 2026-09-30 --to 2026-10-01\n",
    )
    done = run_command(*words, "--to", "2026-10-02", folder=project)
    assert done.code == 0, done.out + done.err
    assert [(item["date"], item["status"]) for item in listed(project)] == [
        ("2026-10-01", "SUCCEEDED"),
        ("2026-10-02", "SUCCEEDED"),
    ]
    at_once = run_command(*words, "--to", "2026-10-03", "--max-parallel", 2, folder=project)
    assert at_once.code == 0, at_once.out + at_once.err
    assert at_once.out.count("   started") == 3
    assert sorted(item["date"] for item in listed(project)[2:]) == ["2026-10-01", "2026-10-02", "2026-10-03"]
    assert list(processes_that_name(str(project))) == []


def entered(project: Path, item: dict[str, Any]) -> list[str]:
    """The states that a run entered, in their order."""
    events = read_lines(project / item["folder"] / "history.jsonl")
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def test_runs_that_are_not_there_are_named(tmp_path: Path) -> None:
    for words in (["logs", "last"], ["retry"], ["retry", "2026-10-25"]):
        done = run_command(*words, folder=tmp_path)
        assert (done.code, done.err.split("\n")[0]) == (1, "error: there are no runs yet")


@pytest.mark.slow
def test_logs_are_followed_until_the_command_is_over(tmp_path: Path) -> None:
    """What a running step adds, and what steps after it say; other runs have finished logs."""
    folder = Story(tmp_path).failure("2026-11-20", "nothing to learn from")
    first = folder.path / "logs" / "train.log"
    words = command("logs", "last", "--follow", "--state", tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with locked(tmp_path / "shop/dev"):
        listener = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
        assert listener.stdout
        said = [listener.stdout.readline() for _ in range(3)]
        with first.open("a", encoding="utf-8") as file:
            file.write("one more")
            file.flush()
            (folder.path / "logs" / "publish.log").write_text("loading\n", encoding="utf-8")
            said += [listener.stdout.readline() for _ in range(2)]
            file.write(" line\n")
    rest, _ = listener.communicate(timeout=30)
    assert said == [
        f"==> {first} <==\n",
        "Traceback\n",
        "ValueError: nothing to learn from\n",
        f"==> {folder.path / 'logs/publish.log'} <==\n",
        "loading\n",
    ]
    assert rest == f"==> {first} <==\none more line\n"
    assert listener.returncode == 0

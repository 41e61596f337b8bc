"""Loops, run by the local cloud through the real command line."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.local.command_line import run_command

FLOW = Path(__file__).parent / "flow"
DATE = "2026-11-20"


def run(project: Path, *options: str) -> tuple[str, dict[str, Any]]:
    """What was printed, and the day's report of one run."""
    shutil.copytree(FLOW, project / "specs")
    assert run_command("generate", folder=project).code == 0
    report = project / "report.json"
    done = run_command("run", "specs/flow.yaml", "--date", DATE, "--report", report, *options, folder=project)
    assert "Traceback" not in done.err
    (day,) = json.loads(report.read_text(encoding="utf-8"))["days"]
    return done.out, day


@pytest.mark.slow
def test_loops_over_a_list_files_batches_and_partitions(tmp_path: Path) -> None:
    out, day = run(tmp_path, "--event", "words/a.txt")
    assert day["status"] == "SUCCEEDED"
    # Steps inside of a distributed Map are seen, too.
    assert not [line for line in out.splitlines() if "not reached" in line and "Sweep" not in line]
    steps = day["output"]["steps"]
    assert {name: steps[name]["count"] for name in ("chunks", "files", "parts")} == {
        "chunks": 3,
        "files": 3,
        "parts": 3,
    }
    given = steps["combine"]["result"]
    assert given["source"] == "word-inbox/words/a.txt"
    assert given["values"] == [
        {"word": "one", "letters": 3},
        {"word": "three", "letters": 5},
        {"word": "fifteen", "letters": 7},
    ]
    assert given["sizes"] == [3, 5, 7]
    stored = tmp_path / ".pipelinegen/flow/dev/cloud/s3"
    manifest = json.loads((stored / given["batches"].removeprefix("s3://")).read_text(encoding="utf-8"))
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    assert file["Key"].startswith(f"batches/date={DATE}/")
    results = json.loads((stored / manifest["DestinationBucket"] / file["Key"]).read_text(encoding="utf-8"))
    assert results == [{"values": ["one", "three"], "date": DATE}, {"values": ["fifteen"], "date": DATE}]
    folder = f"s3://flow-dev-data-111111111111/pages/text/date={DATE}"
    assert given["parts"] == [{"values": str(part), "date": f"{folder}/part={part}/"} for part in range(3)]


@pytest.mark.slow
def test_a_failed_round_is_told_by_its_own_step_and_cleaned_up_after(tmp_path: Path) -> None:
    out, day = run(tmp_path, "--parameter", 'words=["fine", "broken"]')
    assert (day["status"], day["error"]) == ("FAILED", "ValueError")
    assert re.search(r"Sweep +done", out)
    assert "broken is chunk 1: ValueError" in out
    assert "failed in state Count of step count: ValueError" in out


MANY = """\
version: 1
name: many
description: More folders than one page of a listing holds.
owner: {team: tests, email: tests@example.com}
steps:
  write: {kind: sagemaker_processing, code: code/many, outputs: {rows: folder}}
  parts:
    kind: for_each
    partitions: ${steps.write.rows}
    as: part
    of: {shop: string}
    max_parallel: 4
    steps:
      look: {kind: asl, states: {Look: {Type: Pass, End: true}}}
    collect: ${part.shop}
environments:
  dev: {account_id: "111111111111", region: eu-central-1}
"""
WRITE_MANY = """\
import os
from pathlib import Path
out = Path(os.environ["SAGEMAKER_BASE_DIR"]) / "processing/output/rows"
for number in range(1002):
    folder = out / f"shop={number:04}"
    folder.mkdir(parents=True)
    (folder / "x.txt").write_text("x")
"""


@pytest.mark.slow
def test_no_folder_is_lost_between_the_pages_of_a_listing(tmp_path: Path) -> None:
    (tmp_path / "specs/code/many").mkdir(parents=True)
    (tmp_path / "specs/many.yaml").write_text(MANY, encoding="utf-8")
    (tmp_path / "specs/code/many/main.py").write_text(WRITE_MANY, encoding="utf-8")
    assert run_command("generate", folder=tmp_path).code == 0
    report = tmp_path / "report.json"
    done = run_command("run", "specs/many.yaml", "--date", DATE, "--report", report, folder=tmp_path)
    assert done.code == 0, done.out
    (day,) = json.loads(report.read_text(encoding="utf-8"))["days"]
    assert day["output"]["steps"]["parts"]["count"] == 1002

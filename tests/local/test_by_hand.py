"""Permissions by hand and instances, run by the local cloud through the real command line."""

import json
import shutil
from pathlib import Path

import pytest

from tests.local.command_line import run_command

BY_HAND = Path(__file__).parent / "by_hand"


@pytest.mark.slow
def test_what_is_added_lets_one_instance_through_and_what_is_taken_away_stops_the_other(tmp_path: Path) -> None:
    shutil.copytree(BY_HAND, tmp_path / "specs")
    assert run_command("generate", folder=tmp_path).code == 0
    words = ("run", "specs/by_hand.yaml", "--date", "2026-11-20", "--instance")
    done = run_command(*words, "germany", "--report", tmp_path / "report.json", folder=tmp_path)
    assert done.code == 0, done.err
    (day,) = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["days"]
    assert day["output"]["steps"]["keep"] == {"result": {"key": "kept/DE.txt"}}
    assert "by hand: byhand-germany-dev-keep-lambda may also s3:PutObject on" in done.out
    # The other instance has its own parameters, bucket and role, and an override that takes the right away.
    stopped = run_command(*words, "austria", folder=tmp_path)
    line = 1 + (BY_HAND / "by_hand.yaml").read_text(encoding="utf-8").split("{deny:")[0].count("\n")
    assert stopped.code == 1
    assert (
        "denied: the role 'byhand-austria-dev-keep-lambda' may not s3:PutObject on "
        "arn:aws:s3:::byhand-austria-dev-data-111111111111/kept/AT.txt\n"
        f"   specs/by_hand.yaml:{line}: `iam: {{narrow: …}}` takes it away (deny): Nothing is kept there."
    ) in stopped.out + stopped.err

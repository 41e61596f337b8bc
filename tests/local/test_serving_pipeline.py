"""A whole pipeline with an endpoint, a transform job, and a function that asks the endpoint through boto3."""

import json
import shutil
from pathlib import Path

import pytest

from tests.local.command_line import processes_that_name, run_command

DATE = "2026-11-20"


@pytest.mark.slow
def test_a_model_is_served_and_asked(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parent / "endpoint_specs", tmp_path / "specs")
    assert run_command("generate", folder=tmp_path).code == 0
    done = run_command("run", "specs/answers.yaml", "--days", 2, "--date", DATE, "--report", "r.json", folder=tmp_path)
    assert (done.code, done.err) == (0, ""), done.out
    days = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["days"]
    asked = [day["output"]["steps"]["ask"]["result"] for day in days]
    # Fifteen users and what is popular; the endpoint was made on the first day and moved on the second.
    assert asked == [{"best": [3, 3], "users": 16}] * 2
    assert list(processes_that_name(str(tmp_path))) == []

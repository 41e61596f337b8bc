"""The starters run on this machine, through the real command line, from the warehouse to what they are for."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.compiling import ROOT
from tests.local.command_line import processes_that_name, run_command

DATE = "2026-11-20"
#: What the run of each example tells its owner at the end.
TOLD = {
    "approved_monthly": "A new model of prices waits: Its error is 0.",
    "etl_only": "The demand for vehicles is known: The demand of 2026-11-20 lies in S3.",
    "online_endpoint": "The endpoint has a new model: A vehicle of 2019 with 60,000 km costs ",
    "tabular_scoring": "Prices are ready: The prices of 2026-11-20 are in s3://vehicle-prices-dev-data-111111111111/score/",
}


def run_example(name: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """What is printed, and the day's report."""
    spec, out = ROOT / "specs/examples" / f"{name}.yaml", folder / "generated"
    assert run_command("generate", spec, "--out", out, folder=folder).code == 0
    report = folder / "report.json"
    options = ("--out", out, "--date", DATE, "--approve", "--report", report)
    done = run_command("run", spec, *options, folder=folder)
    assert (done.code, done.err) == (0, ""), done.out
    assert list(processes_that_name(str(folder))) == []
    (day,) = json.loads(report.read_text(encoding="utf-8"))["days"]
    return done.out, day


@pytest.mark.slow
@pytest.mark.parametrize("name", TOLD)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    out, day = run_example(name, tmp_path)
    assert day["status"] == "SUCCEEDED"
    assert TOLD[name] in out

"""Programs of one's own, training on two hosts, evaluations, calls and raw states: one pipeline, run for two days."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.local.command_line import run_command

LEARNING = Path(__file__).parent / "learning"
DATES = ("2026-11-20", "2026-11-21")


def fill(folder: Path) -> None:
    """Three days of clicks: every user has one make, and takes its items."""
    rng = np.random.default_rng(7)
    start = int(datetime(2026, 11, 18, tzinfo=UTC).timestamp() * 1e6)
    users, n_items = rng.integers(60, size=6000), 80
    items = (users % 8) + 8 * rng.integers(n_items // 8, size=6000)
    moments = start + np.sort(rng.integers(3 * 86_400_000_000, size=6000))
    clicks = {
        "user_id": [f"u{user}" for user in users],
        "item_id": [f"i{item}" for item in items],
        "clicked_at": pa.array(moments, pa.timestamp("us")),
    }
    offered = {
        "item_id": [f"i{item}" for item in range(n_items)],
        "make": [f"m{item % 8}" for item in range(n_items)],
        "price": [float(item) for item in range(n_items)],
    }
    folder.mkdir()
    pq.write_table(pa.table(clicks), folder / "shop.clicks.parquet")
    pq.write_table(pa.table(offered), folder / "shop.items.parquet")


@pytest.mark.slow
def test_own_programs_evaluations_and_calls_run_for_two_days(tmp_path: Path) -> None:
    shutil.copytree(LEARNING, tmp_path / "specs")
    fill(tmp_path / "specs/tables")
    assert run_command("generate", folder=tmp_path).code == 0
    report = tmp_path / "report.json"
    words = ("run", "specs/learning.yaml", "--date", DATES[1], "--days", 2, "--report", report)
    done = run_command(*words, "--state", tmp_path / "state", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    first, second = (day["output"]["steps"] for day in json.loads(report.read_text(encoding="utf-8"))["days"])
    check_day(first, DATES[0])
    check_day(second, DATES[1])
    cold, warm = first["measure"]["metrics"], second["measure"]["metrics"]
    assert "promoted_ndcg_at_20" not in cold
    assert cold["ndcg_at_20"] > cold["popular_ndcg_at_20"]
    # The model of the day before is measured on the very same clicks.
    assert warm["promoted_ndcg_at_20"] > warm["popular_ndcg_at_20"]
    (log,) = (tmp_path / "state").rglob(f"{DATES[1]}-*/logs/own.log")
    assert sorted(line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("hello")) == [
        "hello from algo-1 of 2",
        "hello from algo-2 of 2",
    ]
    starts = [next((tmp_path / "state").rglob(f"{date}-*/logs/own.log")).read_text(encoding="utf-8") for date in DATES]
    assert ["a model to start from: True" in start for start in starts] == [False, True]
    (log,) = (tmp_path / "state").rglob(f"{DATES[1]}-*/logs/train.log")
    assert log.read_text(encoding="utf-8").count('"processes": 2') == 2


def check_day(steps: dict[str, Any], date: str) -> None:
    assert steps["known"]["metrics"] == {"strangers": 0}
    assert (steps["measured"]["accepted"], steps["familiar"]["accepted"]) == (True, True)
    assert steps["own"]["metrics"] == {"loss": 0.25}
    assert steps["search"]["metrics"] == {"loss": 0.125}
    pointer = json.loads(steps["pointer"]["result"]["value"])
    assert (pointer["run_date"], ":model-package/learning-dev/" in pointer["package"]) == (date, True)
    assert steps["raw"]["result"] == {"name": "/learning/dev/promoted-model", "date": date}

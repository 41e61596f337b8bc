"""The evaluation program: candidate, promoted and popular measured on the very same events."""

import json
from pathlib import Path

import pytest

from runtime.evaluation import recommender
from tests.taste_market import Market
from tests.training_job import TrainingJob, click_table, item_table, pack, write

DAYS = list(Market(users=120, items=150, clicks_a_day=1500, turnover=0.1, seed=3).days(3))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The models of the first day, and of the second on top of it."""
    first = TrainingJob(tmp_path_factory.mktemp("first")).give(*DAYS[0])
    assert first.train() == 0
    second = TrainingJob(tmp_path_factory.mktemp("second")).give(*DAYS[1]).promote(first.base / "model")
    assert second.train() == 0
    return first.base / "model", second.base / "model"


def evaluated(base: Path, model: Path | None, promoted: Path | None) -> dict[str, float] | str:
    """The metrics of the third day, or why there are none."""
    inputs = base / "processing/input"
    write(inputs / "interactions", click_table(DAYS[2][0]))
    write(inputs / "items", item_table(DAYS[2][1]))
    for name, folder in (("model", model), ("promoted", promoted)):
        if folder:
            pack(folder, inputs / name / "model.tar.gz")
    code = recommender.main(["--top_k", "10"], {"SAGEMAKER_BASE_DIR": str(base)})
    if code:
        return (base / "output/failure").read_text(encoding="utf-8")
    document = json.loads((base / "processing/output/metrics/metrics.json").read_text(encoding="utf-8"))
    assert document["schema_version"] == 1
    metrics: dict[str, float] = document["metrics"]
    return metrics


def test_all_are_measured_on_the_same_events(tmp_path: Path, models: tuple[Path, Path]) -> None:
    first, second = models
    metrics = evaluated(tmp_path / "a", second, first)
    assert isinstance(metrics, dict)
    names = {f"{prefix}{what}_at_10" for prefix in ("", "popular_", "promoted_") for what in ("ndcg", "recall")}
    assert set(metrics) == names
    assert metrics["ndcg_at_10"] > metrics["promoted_ndcg_at_10"]
    assert metrics["ndcg_at_10"] > metrics["popular_ndcg_at_10"]
    alone = evaluated(tmp_path / "b", second, None)
    assert isinstance(alone, dict)
    assert alone["ndcg_at_10"] == metrics["ndcg_at_10"]
    assert "promoted_ndcg_at_10" not in alone
    itself = evaluated(tmp_path / "c", second, second)
    assert isinstance(itself, dict)
    assert itself["promoted_ndcg_at_10"] == itself["ndcg_at_10"]


def test_without_a_model_the_reason_is_told(tmp_path: Path) -> None:
    assert evaluated(tmp_path, None, None) == "input 'model' holds no model.tar.gz"

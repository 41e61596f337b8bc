"""The training program end to end: real Parquet in, metrics and a model out."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from runtime.training import artifact
from runtime.training.checkpoint import CHECKPOINT_FILE
from runtime.training.data import InputError
from tests.taste_market import Market
from tests.training_job import TrainingJob, click_table, item_table, printed_metrics

MARKET = Market(users=120, items=150, clicks_a_day=1500, turnover=0.1, seed=3)
DAYS = list(MARKET.days(3))


@pytest.fixture(scope="module")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> TrainingJob:
    job = TrainingJob(tmp_path_factory.mktemp("first")).give(*DAYS[0])
    assert job.train() == 0
    return job


def stop_after(steps: int):
    """Asks to stop at the given step, as SIGTERM would."""
    calls = iter(range(1_000_000))
    return lambda: next(calls) + 1 >= steps


def test_cold_start_prints_the_metrics_of_candidate_and_crowd(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert TrainingJob(tmp_path).give(*DAYS[0]).train() == 0
    metrics = printed_metrics(capsys.readouterr().out)
    assert sorted(metrics) == [
        *("loss", "ndcg_at_20", "popular_ndcg_at_20", "popular_recall_at_20", "recall_at_20", "training_rows"),
    ]
    assert metrics["training_rows"] == 1500


def test_each_day_starts_from_the_promoted_model_and_measures_it(
    tmp_path: Path, first_day: TrainingJob, capsys: pytest.CaptureFixture[str]
) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[1]).promote(first_day.base / "model")
    assert job.train() == 0
    metrics = printed_metrics(capsys.readouterr().out)
    assert {"promoted_ndcg_at_20", "promoted_recall_at_20"} < metrics.keys()
    assert metrics["ndcg_at_20"] > 1.5 * metrics["popular_ndcg_at_20"]
    before, after = artifact.load(first_day.base / "model"), artifact.load(tmp_path / "model")
    contract = json.loads((tmp_path / "model/contract.json").read_text(encoding="utf-8"))
    assert contract["parent"] == before.version
    assert after.model.users.values[: len(before.model.users)].equals(before.model.users.values)
    assert after.model.items.values[: len(before.model.items)].equals(before.model.items.values)
    assert len(after.model.items) > len(before.model.items)


def test_rows_that_a_day_does_not_touch_are_kept_as_learned(tmp_path: Path, first_day: TrainingJob) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[1]).promote(first_day.base / "model")
    assert job.train("--replay_ratio", "0") == 0
    before, after = artifact.load(first_day.base / "model").model, artifact.load(tmp_path / "model").model
    absent = np.flatnonzero(after.users.rows(before.users.values) >= 0)
    absent = np.setdiff1d(absent, before.users.rows(DAYS[1][0].users))
    assert len(absent)
    old, new = before.towers.user_ids.weight[absent + 1], after.towers.user_ids.weight[absent + 1]
    assert old.equal(new)


def test_never_warm_still_measures_the_promoted_model(
    tmp_path: Path, first_day: TrainingJob, capsys: pytest.CaptureFixture[str]
) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[1]).promote(first_day.base / "model")
    assert job.train("--warm_start", "never") == 0
    assert "promoted_ndcg_at_20" in printed_metrics(capsys.readouterr().out)
    assert json.loads((tmp_path / "model/contract.json").read_text(encoding="utf-8"))["parent"] is None


def test_the_same_input_gives_the_same_bytes_whatever_the_order_of_rows(tmp_path: Path, first_day: TrainingJob) -> None:
    clicks, items = click_table(DAYS[0][0]), item_table(DAYS[0][1])
    mixed = np.random.default_rng(0).permutation(len(clicks))
    again = TrainingJob(tmp_path).give_tables(
        clicks.take(pa.array(mixed)), items.take(pa.array(range(len(items))[::-1]))
    )
    assert again.train() == 0
    assert again.model_bytes() == first_day.model_bytes()


@pytest.mark.parametrize("steps", [1, 7, 25, 38])
def test_an_interrupted_and_resumed_job_ships_the_same_bytes(
    tmp_path: Path, first_day: TrainingJob, steps: int
) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[0])
    assert job.train(stop=stop_after(steps)) == 143
    assert not (tmp_path / "output/failure").exists()
    assert job.train() == 0
    assert job.model_bytes() == first_day.model_bytes()


@pytest.mark.parametrize("damage", ["another job's", "torn"])
def test_a_checkpoint_that_does_not_fit_is_ignored(tmp_path: Path, first_day: TrainingJob, damage: str) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[0])
    assert job.train("--seed", "5", stop=stop_after(9)) == 143
    checkpoint = tmp_path / "checkpoints" / CHECKPOINT_FILE
    if damage == "torn":
        checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    assert job.train() == 0
    assert job.model_bytes() == first_day.model_bytes()


def test_exclude_seen_false_lets_users_be_shown_what_they_know(
    tmp_path: Path, first_day: TrainingJob, capsys: pytest.CaptureFixture[str]
) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[1]).promote(first_day.base / "model")
    assert job.train("--exclude_seen", "False", "--top_k", "5") == 0
    assert "ndcg_at_5" in printed_metrics(capsys.readouterr().out)
    assert artifact.load(tmp_path / "model").exclude_seen is False


def test_a_learning_rate_that_diverges_is_said_to_be_the_cause(tmp_path: Path) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[0])
    assert job.train("--learning_rate", "1e30") == 1
    assert job.failure == "training diverged, the loss is nan; lower the learning_rate"


@pytest.mark.parametrize(
    ("clicks", "items", "reason"),
    [
        (
            lambda t: t.drop(["time"]),
            lambda t: t,
            "channel 'interactions' lacks column 'time'; part-00000.parquet has: user, item",
        ),
        (
            lambda t: t,
            lambda t: t.drop(["fuel"]),
            "channel 'items' lacks column 'fuel'; part-00000.parquet has: item, make, model, price_eur, mileage_km",
        ),
        (lambda t: t.slice(0, 0), lambda t: t, "channel 'interactions' has 1 files but no rows"),
        (lambda t: t, lambda t: t.slice(0, 0), "channel 'items' has 1 files but no rows"),
        (
            lambda t: t.slice(0, 1),
            lambda t: t,
            "channel 'interactions' has 1 row; at least 2 are needed to train on one and test on another",
        ),
        (
            lambda t: t,
            lambda t: pa.concat_tables([t, t.slice(0, 1)]),
            "channel 'items' lists items more than once, such as v0000000",
        ),
        (
            lambda t: t.set_column(0, "user", pa.array([None] * len(t), pa.string())),
            lambda t: t,
            "channel 'interactions', column 'user': 1500 of 1500 rows are null",
        ),
        (
            lambda t: t.set_column(2, "time", pa.array(range(len(t)))),
            lambda t: t,
            "channel 'interactions', column 'time' is int64, not a timestamp",
        ),
        (
            lambda t: t,
            lambda t: t.slice(0, 1).set_column(0, "item", pa.array(["elsewhere"])),
            "none of the 300 held-out interactions names an item of channel 'items' that is new to its user: "
            "there is nothing to measure",
        ),
    ],
)
def test_bad_input_is_named_in_the_failure_file(tmp_path: Path, clicks, items, reason: str) -> None:
    job = TrainingJob(tmp_path).give_tables(clicks(click_table(DAYS[0][0])), items(item_table(DAYS[0][1])))
    assert job.train() == 1
    assert job.failure == reason


def test_a_missing_channel_is_named(tmp_path: Path) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[0])
    shutil.rmtree(tmp_path / "input/data/items")
    assert job.train() == 1
    assert job.failure == "channel 'items' is missing"


@pytest.mark.parametrize("setting", [{"WORLD_SIZE": "4"}, {"SM_HOSTS": '["a", "b", "c", "d"]'}])
def test_processes_that_do_not_know_which_they_are_train_nothing(tmp_path: Path, setting: dict[str, str]) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[0])
    job.environment = {**job.environment, **setting}
    assert job.train() == 1
    assert job.failure == (
        "there are several processes, and neither RANK nor SM_CURRENT_HOST says which of them this is"
    )


def test_a_number_column_of_words_is_named(tmp_path: Path) -> None:
    items = item_table(DAYS[0][1])
    place = items.schema.get_field_index("price_eur")
    words = items.set_column(place, "price_eur", pa.array(["dear"] * len(items)))
    job = TrainingJob(tmp_path).give_tables(click_table(DAYS[0][0]), words)
    assert job.train() == 1
    assert job.failure.startswith("channel 'items', column 'price_eur' is string, not a number: ")


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--epochs", "0"], "hyperparameters: argument --epochs: '0' is not a positive whole number"),
        (["--exclude_seen", "maybe"], "hyperparameters: argument --exclude_seen: 'maybe' is neither true nor false"),
        (["--flavour", "x"], "hyperparameters: unrecognized arguments: --flavour x"),
        (["--item_column", "user"], "column 'user' is used twice"),
    ],
)
def test_bad_hyperparameters_are_named_in_the_failure_file(tmp_path: Path, flags: list[str], reason: str) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[0])
    assert job.train(*flags) == 1
    assert job.failure == reason


def test_a_promoted_model_with_another_contract_is_refused(tmp_path: Path, first_day: TrainingJob) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[1]).promote(first_day.base / "model")
    assert job.train("--dimensions", "8", "--numeric_features", "mileage_km,price_eur") == 1
    assert job.failure == (
        "the promoted model has another feature contract: numeric_features was ['price_eur', 'mileage_km'] and now is "
        "['mileage_km', 'price_eur']; dimensions was 16 and now is 8; restore these or set warm_start to never"
    )
    assert job.train("--dimensions", "8", "--numeric_features", "mileage_km,price_eur", "--warm_start", "never") == 0


def test_a_promoted_model_that_cannot_be_measured_is_refused(tmp_path: Path, first_day: TrainingJob) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[1]).promote(first_day.base / "model")
    assert job.train("--numeric_features", "price_eur", "--warm_start", "never") == 1
    assert job.failure == (
        "the promoted model cannot be measured without the features mileage_km; "
        "add these or empty the pointer to the promoted model"
    )


def test_a_damaged_promoted_archive_is_refused(tmp_path: Path, first_day: TrainingJob) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[1]).promote(first_day.base / "model")
    archive = tmp_path / "input/data/promoted/model.tar.gz"
    archive.write_bytes(archive.read_bytes()[:2000])
    assert job.train() == 1
    assert job.failure.startswith("model.tar.gz cannot be unpacked: ")


def test_a_promoted_channel_with_strange_files_is_no_cold_start(tmp_path: Path) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[0])
    (tmp_path / "input/data/promoted").mkdir()
    (tmp_path / "input/data/promoted/model.zip").write_bytes(b"")
    assert job.train() == 1
    assert job.failure == "channel 'promoted' holds no model.tar.gz but: model.zip"


def test_an_old_model_is_replaced_only_when_the_new_one_is_complete(tmp_path: Path, first_day: TrainingJob) -> None:
    shutil.copytree(first_day.base / "model", tmp_path / "model")
    stored = artifact.load(tmp_path / "model")
    (tmp_path / "model/users.parquet").write_bytes(b"half a file")
    with pytest.raises(InputError, match=r"users\.parquet is damaged"):
        artifact.load(tmp_path / "model")
    version = artifact.save(stored.model, tmp_path / "model", parent=stored.version, exclude_seen=True, metrics={})
    assert artifact.load(tmp_path / "model").version == version

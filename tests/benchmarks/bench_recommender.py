"""Quality and speed of the recommender, day by day: each shipped model is measured on the whole next day, then replaced.

    python tests/benchmarks/bench_recommender.py                         # the synthetic market, and the programs' times
    python tests/benchmarks/bench_recommender.py --movielens DIRECTORY   # holding ml-100k.inter and ml-100k.item (RecBole)
"""

import argparse
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from tastes import COLUMNS, Market  # noqa: E402

from runtime.training.data import Catalogue, Columns, InputError, Interactions  # noqa: E402
from runtime.training.day import Day, train_and_measure  # noqa: E402
from runtime.training.evaluate import Quality, build_task, measure  # noqa: E402
from runtime.training.fit import Fit  # noqa: E402
from runtime.training.options import Options, parse  # noqa: E402
from runtime.training.ranking import Ranker  # noqa: E402
from runtime.training.recommender import Recommender, Trust  # noqa: E402
from runtime.training.train import prepare_torch  # noqa: E402

Days = Iterable[tuple[Interactions, Catalogue]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--movielens", type=Path)
    parser.add_argument("--days", type=int, default=6, help="days of the synthetic market")
    parser.add_argument("--without-programs", action="store_true", help="quality only")
    known, flags = parser.parse_known_args()
    if known.movielens:
        columns, days = Columns("user", "item", "time", ("class",), ("year",)), movielens(known.movielens)
    else:
        columns, days = COLUMNS, Market().days(known.days)
    options = replace(parse(flags), columns=columns)
    compare(days, options)
    if not known.movielens and not known.without_programs:
        time_programs(Market())


def compare(days: Days, options: Options) -> dict[str, Quality]:
    """Test-then-train over the days; prints and returns the mean quality over all users of all days but the first."""
    device = prepare_torch(options.seed, os.environ)
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
    found = {name: Quality(*(total[:2] / total[2])) for name, total in sums.items()}
    print(f"{'next day, all users':24} NDCG@{options.top_k}  Recall@{options.top_k}  (of min(k, wanted))")
    for name, quality in found.items():
        print(f"{name:24} {quality.ndcg:.4f}   {quality.recall:.4f}     {sums[name][3] / sums[name][2]:.4f}")
    print(f"CPU seconds: first day {cpu[0]:.1f}, then {np.mean(cpu[1:]):.2f} a day; {sums['hybrid'][2]:.0f} users measured")
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
    wishes = np.bincount(task.wanted[0], minlength=users)
    capped = (wishes / np.minimum(wishes, options.top_k))[:, None]

    def add(name: str, trust: Trust, score: Callable[[Ranker], Callable[[np.ndarray], torch.Tensor]]) -> None:
        ranker = Ranker(replace(model, trust=trust), catalogue, device)
        quality = measure(ranker, score(ranker), task, options.top_k)
        ratio = float(capped.mean()) if users else 0.0
        row = np.array([quality.ndcg * users, quality.recall * users, users, quality.recall * users * ratio])
        sums[name] = sums.get(name, np.zeros(4)) + row

    add("most popular", model.trust, lambda ranker: ranker.popularity)
    add("hybrid", model.trust, lambda ranker: ranker.scores)
    add("towers alone", Trust(1.0, 0.0), lambda ranker: ranker.scores)
    add("neighbours alone", Trust(0.0, 1.0), lambda ranker: ranker.scores)


def movielens(folder: Path, periods: int = 10) -> Days:
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
    return [(events.slice(start, stop), catalogue) for start, stop in zip(edges, edges[1:], strict=False)]


def time_programs(market: Market) -> None:
    """Runs the two programs as SageMaker does, two days long, and prints their times, imports included."""
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        for day, (interactions, catalogue) in enumerate(market.days(2)):
            write_channels(base, interactions, catalogue)
            flags = ["--user_column", "user", "--item_column", "item", "--time_column", "time"]
            flags += ["--categorical_features", ",".join(COLUMNS.categorical)]
            flags += ["--numeric_features", ",".join(COLUMNS.numeric)]
            timed(f"train, day {day}", ["-m", "runtime.training.train", *flags], base)
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
    for folder, table in (("input/data/interactions", clicks), ("input/data/items", items), ("processing/input/items", items)):
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
    print(f"{title:16} wall {wall:.1f} s, CPU {cpu:.1f} s, peak memory {after.ru_maxrss / 1024:.0f} MiB (largest so far)")


if __name__ == "__main__":
    main()

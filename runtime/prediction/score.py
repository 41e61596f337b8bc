"""The batch scoring program: the best available items of every user the model knows, and of everybody else."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from runtime.common.logs import log
from runtime.common.names import FALLBACK_USER
from runtime.prediction.output import PredictionWriter
from runtime.training import artifact
from runtime.training.artifact import Artifact
from runtime.training.data import InputError, read_catalogue
from runtime.training.ending import exit_code
from runtime.training.folders import base_folder
from runtime.training.options import truth
from runtime.training.ranking import Ranker, TopLists, hide, top_lists
from runtime.training.train import prepare_torch
from runtime.training.vocabulary import UNKNOWN

#: Rows of one Parquet file: small enough for a Lambda to load within its time limit.
ROWS_PER_FILE = 100_000


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """`exclude_seen`: None means as the model was measured."""

    top_k: int
    exclude_seen: bool | None
    rows_per_file: int


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code: 0, or 1 with the reason in the failure file and in the job's exit message."""
    return exit_code(lambda: run(_parse(arguments), environment), base_folder(environment))


def run(chosen: ScoreOptions, environment: Mapping[str, str]) -> int:
    """Writes the predictions and returns how many rows. Raises: InputError if the model or the items are unusable."""
    processing = base_folder(environment) / "processing"
    stored = _stored(processing / "input" / "model")
    catalogue = read_catalogue(processing / "input" / "items", stored.model.columns)
    device = prepare_torch(0, len(stored.model.users) * len(catalogue), environment)
    ranker = Ranker(stored.model, catalogue, device)
    exclude = stored.exclude_seen if chosen.exclude_seen is None else chosen.exclude_seen
    with PredictionWriter(processing / "output" / "predictions", chosen.rows_per_file) as writer:
        writer.write(pa.array([FALLBACK_USER]), catalogue.items, popular(ranker, chosen.top_k))
        for users, lists in recommend(ranker, chosen.top_k, exclude):
            writer.write(users, catalogue.items, lists)
    log("predicted", rows=writer.rows, files=writer.files, skipped_users=writer.skipped, items=len(catalogue))
    return writer.rows


def popular(ranker: Ranker, top_k: int) -> TopLists:
    """The list for those the model does not know: one row, what the crowd takes."""
    return top_lists(ranker.popularity(np.array([UNKNOWN])), top_k)


def recommend(ranker: Ranker, top_k: int, exclude_seen: bool) -> Iterator[tuple[pa.StringArray, TopLists]]:
    """The users of the model block by block, in the model's order, with their lists."""
    known = ranker.model.users.values
    for start in range(0, len(known), ranker.block_users):
        rows = np.arange(start, min(len(known), start + ranker.block_users))
        scores = ranker.scores(rows)
        if exclude_seen:
            owners, items = ranker.model.histories.seen(rows)
            hide(scores, owners, ranker.places[items])
        yield known[start : rows[-1] + 1], top_lists(scores, top_k)


def _stored(folder: Path) -> Artifact:
    with tempfile.TemporaryDirectory() as scratch:
        found = artifact.find(folder, Path(scratch))
    if found is None:
        raise InputError("input 'model' holds no model.tar.gz")
    return found


def _parse(arguments: Sequence[str]) -> ScoreOptions:
    parser = argparse.ArgumentParser(description="Scores all known users against the available items.")
    parser.add_argument("--top_k", type=int, default=20)
    parser.add_argument("--exclude_seen", type=truth, default=None, help="default: as the model was measured")
    parser.add_argument("--rows_per_file", type=int, default=ROWS_PER_FILE)
    return ScoreOptions(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

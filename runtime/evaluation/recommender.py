"""Measures a recommender, the promoted one and popularity on one held-out table; what comes out is metrics.json.

`metrics.json` is `{"schema_version": 1, "metrics": {name: number}}`. Those of the candidate have plain names
(`ndcg_at_20`, `recall_at_20`), those of the promoted model, where there is one, begin with `promoted_`, those of the
most popular items with `popular_`; all are measured on the same events.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from runtime.common.logs import log
from runtime.common.names import SCHEMA_VERSION
from runtime.training import artifact
from runtime.training.artifact import Artifact
from runtime.training.data import Catalogue, InputError, Interactions, read_catalogue, read_interactions
from runtime.training.ending import exit_code
from runtime.training.evaluate import build_task, measure
from runtime.training.folders import base_folder
from runtime.training.ranking import Ranker
from runtime.training.train import prepare_torch

METRICS_FILE = "metrics.json"


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code: 0, or 1 with the reason in the failure file."""
    parser = argparse.ArgumentParser(description="Measures a recommender on held-out interactions.")
    parser.add_argument("--top_k", type=int, default=20)
    return exit_code(lambda: run(parser.parse_args(arguments).top_k, environment), base_folder(environment))


def run(top_k: int, environment: Mapping[str, str]) -> dict[str, float]:
    """Writes and returns the metrics. Raises: InputError if the model or the data is unusable."""
    processing = base_folder(environment) / "processing"
    candidate = _stored(processing / "input" / "model", "model")
    if candidate is None:
        raise InputError("input 'model' holds no model.tar.gz")
    promoted = _stored(processing / "input" / "promoted", "promoted")
    columns = candidate.model.columns
    events = read_interactions(processing / "input" / "interactions", columns)
    catalogue = read_catalogue(processing / "input" / "items", columns)
    device = prepare_torch(0, len(candidate.model.users) * len(catalogue), environment)
    metrics = measured(candidate, promoted, (events, catalogue), top_k, device)
    target = processing / "output" / "metrics"
    target.mkdir(parents=True, exist_ok=True)
    document = {"schema_version": SCHEMA_VERSION, "metrics": metrics}
    (target / METRICS_FILE).write_text(json.dumps(document, allow_nan=False, sort_keys=True), encoding="utf-8")
    log("measured", rows=len(events), items=len(catalogue), metrics=json.dumps(metrics))
    return metrics


def measured(
    candidate: Artifact,
    promoted: Artifact | None,
    data: tuple[Interactions, Catalogue],
    top_k: int,
    device: torch.device,
) -> dict[str, float]:
    """Every model on the same task: what the users of the events took that was new to them."""
    events, catalogue = data
    model = candidate.model
    task = build_task(events, catalogue, (model.users, model.items, model.histories), candidate.exclude_seen)
    ranker = Ranker(model, catalogue, device)
    found = {"": measure(ranker, ranker.scores, task, top_k)}
    found["popular_"] = measure(ranker, ranker.popularity, task, top_k)
    if promoted is not None:
        artifact.check_measurable(promoted.model, model.columns)
        other = Ranker(promoted.model, catalogue, device)
        found["promoted_"] = measure(other, other.scores, task, top_k)
    metrics = {}
    for prefix, quality in found.items():
        metrics[f"{prefix}ndcg_at_{top_k}"] = quality.ndcg
        metrics[f"{prefix}recall_at_{top_k}"] = quality.recall
    return metrics


def _stored(folder: Path, name: str) -> Artifact | None:
    if not folder.is_dir():
        return None
    with tempfile.TemporaryDirectory() as scratch:
        found = artifact.find(folder, Path(scratch))
    if found is None and any(folder.iterdir()):
        raise InputError(f"input '{name}' holds no model.tar.gz")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

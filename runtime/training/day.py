"""One day of the recommender's life: learn the morning, be measured on the evening, then learn the evening too."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from runtime.training.blending import fitted_trust, sample_users
from runtime.training.data import Catalogue, InputError, IntArray, Interactions
from runtime.training.evaluate import Task, build_task, measure
from runtime.training.fit import Fit, FitSettings
from runtime.training.group import Group
from runtime.training.options import Options
from runtime.training.ranking import Ranker
from runtime.training.recommender import Recommender, Trust

#: The part of a day's events, the newest, that models are measured on.
HELD_OUT = 0.2

#: What is kept of the optimizer's accumulators from day to day: less would let a morning overwrite what months taught,
#: all of it would in the end let nothing be learned anew.
KEPT_OVERNIGHT = 0.7


@dataclass(frozen=True, slots=True)
class Day:
    """A day's data and what the job has been told about it."""

    interactions: Interactions
    catalogue: Catalogue
    options: Options
    device: torch.device
    group: Group = field(default_factory=Group)

    def split(self) -> tuple[Interactions, Interactions]:
        """The events to learn from and, none of them earlier, those to measure on. Raises: InputError if too few."""
        rows = len(self.interactions)
        if rows < 2:
            raise InputError(
                f"channel 'interactions' has {rows} row; at least 2 are needed to train on one and test on another"
            )
        cut = min(rows - 1, max(1, round(rows * (1 - HELD_OUT))))
        return self.interactions.slice(0, cut), self.interactions.slice(cut, rows)


def train_and_measure(
    day: Day, base: Recommender, promoted: Recommender | None, run_fit: Callable[[Fit], float]
) -> tuple[Recommender, dict[str, float]]:
    """The model to ship and the metrics of the job, all measured on the same held-out events.

    The held-out fifth is the newest data, which a model that serves tomorrow needs most. So once it has been used to
    measure, it is treated as one more batch of fresh data: counted, added to the histories, fitted for one short
    epoch, and used to say how far the towers are to be believed (`blending`). What ships is therefore the measured
    model after a continuation of the very process that was measured; tomorrow's job measures it, as `promoted`, before
    it is replaced.
    """
    options = day.options
    learned, held_out = day.split()
    model, places = base.grown(learned, day.catalogue).remembering(learned, options.half_life_days)
    for _, accumulator in model.towers.tables():
        accumulator.mul_(KEPT_OVERNIGHT)
    loss = run_fit(_fit(day, model, places, phase=0))
    task = build_task(held_out, day.catalogue, (model.users, model.items, model.histories), options.exclude_seen)
    candidate = Ranker(model, day.catalogue, day.device)
    metrics = _metrics(day, candidate, promoted, task)
    model = replace(model, trust=_trust(candidate, task, options.seed))
    model, places = model.grown(held_out, day.catalogue).remembering(held_out, options.half_life_days)
    _fit(day, model, places, phase=1).run()
    metrics |= {"training_rows": float(len(day.interactions)), "loss": loss}
    return model.forgetting(options.max_history), metrics


def _fit(day: Day, model: Recommender, places: IntArray, phase: int) -> Fit:
    options = day.options
    settings = FitSettings(
        epochs=options.epochs if phase == 0 else 1,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        negatives=options.negatives,
        replay_ratio=options.replay_ratio,
        seed=options.seed,
        phase=phase,
    )
    return Fit(model, places, model.items.rows(day.catalogue.items), settings, day.device, day.group)


def _metrics(day: Day, candidate: Ranker, promoted: Recommender | None, task: Task) -> dict[str, float]:
    """The promoted model is measured as it stands, with the histories and counts it would serve with."""
    top_k = day.options.top_k
    found = {"": measure(candidate, candidate.scores, task, top_k)}
    if promoted is not None:
        ranker = Ranker(promoted, day.catalogue, day.device)
        found["promoted_"] = measure(ranker, ranker.scores, task, top_k)
    found["popular_"] = measure(candidate, candidate.popularity, task, top_k)
    metrics = {}
    for prefix, quality in found.items():
        metrics[f"{prefix}ndcg_at_{top_k}"] = quality.ndcg
        metrics[f"{prefix}recall_at_{top_k}"] = quality.recall
    return metrics


def _trust(candidate: Ranker, task: Task, seed: int) -> Trust:
    chosen = sample_users(np.arange(len(task.users)), candidate.block_users, seed)
    users = candidate.model.users.rows(task.users)[chosen]
    return fitted_trust(candidate, users, _of(task.wanted, chosen), _of(task.seen, chosen))


def _of(pairs: tuple[IntArray, IntArray], chosen: IntArray) -> tuple[IntArray, IntArray]:
    rows, places = pairs
    index = np.searchsorted(chosen, rows)
    kept = chosen[np.minimum(index, len(chosen) - 1)] == rows
    return index[kept], places[kept]

"""Fits the towers: sampled softmax over in-batch and uniform negatives, on the day's events and a small replay."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from runtime.training.data import FloatArray, InputError, IntArray
from runtime.training.group import Group
from runtime.training.optimizer import RowAdagrad
from runtime.training.ranking import log_popularity
from runtime.training.recommender import Recommender
from runtime.training.vocabulary import UNKNOWN

#: How often ids are hidden while training: new items live by their content, new and rare users by their history.
ITEM_ID_DROPOUT: Final = 0.1
USER_ID_DROPOUT: Final = 0.5

#: Lists are made once a day, so a day's newest events are not known when its items are chosen. Training hides up to so
#: many of the events just before the one to predict.
MAX_HIDDEN_EVENTS: Final = 20


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How to fit. `phase` numbers the fits of one job, so that no two draw the same random numbers."""

    epochs: int
    batch_size: int
    learning_rate: float
    negatives: int
    replay_ratio: float
    seed: int
    phase: int


@dataclass(slots=True)
class Position:
    """How far a fit has come; with the towers it is all that a checkpoint needs."""

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    rows: int = 0

    def advance(self, loss: float, rows: int, *, last: bool) -> None:
        """Counts a step; the `last` one of an epoch begins the next. `loss_sum`, `rows`: of the running epoch."""
        if self.step == 0:
            self.loss_sum, self.rows = 0.0, 0
        self.loss_sum += loss * rows
        self.rows += rows
        self.epoch, self.step = (self.epoch + 1, 0) if last else (self.epoch, self.step + 1)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one step: of users, of the items they took, of the items they are told from, and of what came before."""

    users: IntArray
    targets: IntArray
    negatives: IntArray
    history: IntArray
    rng: np.random.Generator


@dataclass(slots=True)
class Fit:
    """A fit that can stop after any step and go on elsewhere: every step draws from a generator of its own number."""

    model: Recommender
    places: IntArray
    available: IntArray
    settings: FitSettings
    device: torch.device
    group: Group = field(default_factory=Group)
    position: Position = field(default_factory=Position)
    optimizer: RowAdagrad = field(init=False)

    def __post_init__(self) -> None:
        self.model.towers.to(self.device)
        self.optimizer = RowAdagrad(self.model.towers.tables(), self.settings.learning_rate)

    def run(self, after_step: Callable[["Fit"], None] = lambda fit: None) -> float:
        """Trains to the end and returns the mean loss of the last epoch. `after_step` may raise to interrupt."""
        histories = self.model.histories
        owners, old = histories.users(), _others(len(histories.items), self.places)
        prior = torch.from_numpy(log_popularity(self.model, np.arange(len(self.model.items)))).to(self.device)
        features = self.model.features.to(self.device)
        self.model.towers.train()
        position, size = self.position, self.settings.batch_size
        while position.epoch < self.settings.epochs:
            order, expected = self._epoch(old)
            for start in range(position.step * size, len(order), size):
                rows = order[start : start + size]
                loss = self._learn(self._batch(rows, owners), features, prior, expected)
                if not math.isfinite(loss):
                    raise InputError(f"training diverged, the loss is {loss}; lower the learning_rate")
                position.advance(loss, len(rows), last=start + size >= len(order))
                after_step(self)
        self.model.towers.eval()
        return position.loss_sum / max(1, position.rows)

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds: tensors and numbers only."""
        return {
            "towers": self.model.towers.state_dict(),
            "position": [self.position.epoch, self.position.step, self.position.loss_sum, self.position.rows],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from a state."""
        self.model.towers.load_state_dict(state["towers"])
        self.position = Position(*state["position"])

    def _epoch(self, old: IntArray) -> tuple[IntArray, FloatArray]:
        """The shuffled events of an epoch, fresh and replayed, and how often each item is a candidate of a step."""
        settings = self.settings
        rng = np.random.default_rng((settings.seed, settings.phase, self.position.epoch))
        replayed = min(len(old), int(settings.replay_ratio * len(self.places)))
        order = rng.permutation(np.concatenate([self.places, rng.choice(old, replayed, replace=False)]))
        counts = np.bincount(self.model.histories.items[order], minlength=len(self.model.items))
        expected = counts * (settings.batch_size / len(order))
        expected[self.available] += min(1.0, settings.negatives / len(self.available))
        return order, expected.astype(np.float32)

    def _batch(self, places: IntArray, owners: IntArray) -> Batch:
        settings, histories = self.settings, self.model.histories
        rng = np.random.default_rng((settings.seed, settings.phase, self.position.epoch, self.position.step, 1))
        users = owners[places]
        hidden = rng.integers(np.minimum(places - histories.offsets[users], MAX_HIDDEN_EVENTS) + 1)
        return Batch(
            users=users,
            targets=histories.items[places],
            negatives=self._negatives(rng),
            history=histories.before(users, places - hidden, self.model.towers.shape.history_length),
            rng=rng,
        )

    def _negatives(self, rng: np.random.Generator) -> IntArray:
        if len(self.available) <= self.settings.negatives:
            return self.available
        return self.available[rng.integers(len(self.available), size=self.settings.negatives)]

    def _learn(self, batch: Batch, features: Any, prior: Tensor, expected: FloatArray) -> float:
        """One step; the loss before it. Every rank knows the whole batch, and learns from its share of the users.

        The candidates are the batch's own items and uniform negatives. A candidate's logit is lowered by the log of how
        often it is a candidate (logQ correction), which makes the sampled softmax an estimate of the full one.
        """
        candidates = np.concatenate([batch.targets, batch.negatives])
        known = batch.history != UNKNOWN
        needed, where = np.unique(np.concatenate([candidates, batch.history[known]]), return_inverse=True)
        history = np.zeros(batch.history.shape, np.int64)
        history[known] = where[len(candidates) :]
        towers, rows = self.model.towers, self._on_device(needed)
        keep_items = self._on_device((batch.rng.random(len(needed)) >= ITEM_ID_DROPOUT).astype(np.float32))
        keep_users = self._on_device((batch.rng.random(len(batch.users)) >= USER_ID_DROPOUT).astype(np.float32))
        items = towers.item_vectors(rows, features.rows(rows), keep_items)
        own = self.group.share(len(batch.users))
        users = towers.user_vectors(
            self._on_device(batch.users[own]),
            items[self._on_device(history[own])],
            self._on_device(known[own]),
            keep_users[own],
        )
        correction = prior[self._on_device(candidates)] - self._on_device(np.log(expected[candidates]))
        logits = users @ items[self._on_device(where[: len(candidates)])].T + correction
        hits = _accidental_hits(batch.targets, candidates)[own]
        logits = logits.masked_fill(self._on_device(hits), -torch.inf)
        right = torch.arange(len(batch.targets), device=self.device)[own]
        loss = functional.cross_entropy(logits, right, reduction="sum") / len(batch.targets)
        loss.backward()
        self.group.sum_gradients([parameter for parameter, _ in self.optimizer.tables])
        self.optimizer.step()
        return self.group.total([float(loss.detach())])[0]

    def _on_device(self, values: Any) -> Tensor:
        return torch.from_numpy(values).to(self.device)


def _accidental_hits(targets: IntArray, candidates: IntArray) -> Any:
    """bool [n, candidates]: where a candidate is the very item that the row is about, other than in its own column."""
    same = targets[:, None] == candidates[None, :]
    np.fill_diagonal(same, False)
    return same


def _others(length: int, places: IntArray) -> IntArray:
    mask = np.ones(length, bool)
    mask[places] = False
    return np.flatnonzero(mask)

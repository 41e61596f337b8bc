"""Exact top lists: blocks of users against all available items, ties broken by item id."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from runtime.training.data import Catalogue, FloatArray, IntArray
from runtime.training.neighbours import Neighbours
from runtime.training.recommender import Recommender
from runtime.training.vocabulary import UNKNOWN

#: Scores held at once: 4 million floats are 16 MB, and a few such matrices are alive at a time.
BLOCK_SCORES = 1 << 22

#: The neighbours' probability is mixed with the crowd's, three parts to seven, so that no item is impossible.
NEIGHBOUR_ODDS = 3 / 7


@dataclass(frozen=True, slots=True)
class TopLists:
    """Best first. `places`: int64 [users, k] in the catalogue, UNKNOWN past the end of a short list.

    `scores`: float32 [users, k].
    """

    places: IntArray
    scores: FloatArray


@dataclass(frozen=True, slots=True)
class Opinions:
    """What there is to say about some users and all available items, as log odds: the score is a weighted sum.

    `crowd`: float32 [available], log popularity; `towers`, `neighbours`: float32 [users, available].
    """

    crowd: Tensor
    towers: Tensor
    neighbours: Tensor


class Ranker:
    """Scores users against the items of a catalogue (ordered by id).

    score = log popularity
            + trust in towers · (user vector · item vector)
            + trust in neighbours · log(1 + NEIGHBOUR_ODDS · lift),
    where lift says how much likelier than in the crowd an item is after the user's last items. On data that neither
    suits, the trust falls and the score tends to popularity; see `runtime.training.blending`.
    """

    def __init__(self, model: Recommender, catalogue: Catalogue, device: torch.device) -> None:
        self.model, self.device = model, device
        self.n_items = len(catalogue)
        rows = model.items.rows(catalogue.items)
        self.places = np.full(len(model.items), UNKNOWN, np.int64)
        self.places[rows[rows != UNKNOWN]] = np.flatnonzero(rows != UNKNOWN)
        self.crowd = torch.from_numpy(log_popularity(model, rows)).to(device)
        self.per_share = NEIGHBOUR_ODDS / torch.softmax(self.crowd, 0)
        self.neighbours = Neighbours(model.counts, self.places, self.n_items)
        self.towers = model.towers.to(device).eval()
        with torch.no_grad():
            features = model.encoded(catalogue).to(device)
            self.available_vectors = self.towers.item_vectors(torch.from_numpy(rows).to(device), features)
            every = torch.arange(len(model.items), device=device)
            self.known_vectors = self.towers.item_vectors(every, model.features.to(device))

    @property
    def block_users(self) -> int:
        """How many users may be scored at once."""
        return max(1, BLOCK_SCORES // max(1, self.n_items))

    def opinions(self, users: IntArray) -> Opinions:
        """What the parts say of users, given by row; UNKNOWN is somebody without id and history."""
        history = self._history(users)
        vectors = self._user_vectors(users, history)
        return Opinions(self.crowd, vectors @ self.available_vectors.T, self._neighbour_opinion(history))

    def scores(self, users: IntArray) -> Tensor:
        """float32 [users, available] of at most `block_users` users."""
        history, trust = self._history(users), self.model.trust
        vectors = self._user_vectors(users, history).mul_(trust.towers)
        scores = torch.addmm(self.crowd, vectors, self.available_vectors.T)
        return scores.add_(self._neighbour_opinion(history), alpha=trust.neighbours)

    def popularity(self, users: IntArray) -> Tensor:
        """float32 [users, available]: the same for everybody, what the crowd takes."""
        return self.crowd.expand(len(users), -1).clone()

    def _history(self, users: IntArray) -> IntArray:
        return self.model.histories.latest(users, self.towers.shape.history_length)

    def _user_vectors(self, users: IntArray, history: IntArray) -> Tensor:
        known = history != UNKNOWN
        with torch.no_grad():
            vectors: Tensor = self.towers.user_vectors(
                torch.from_numpy(users).to(self.device),
                _rows_or_zero(self.known_vectors, torch.from_numpy(np.where(known, history, 0)).to(self.device)),
                torch.from_numpy(known).to(self.device),
            )
        return vectors

    def _neighbour_opinion(self, history: IntArray) -> Tensor:
        return self.neighbours.probabilities(history).to(self.device).mul_(self.per_share).log1p_()


def log_popularity(model: Recommender, rows: IntArray) -> FloatArray:
    """float32 [n]: log of each item's share of the faded counts, one imaginary event added to each."""
    counted = np.concatenate([model.counts.popularity, np.zeros(len(model.items) - len(model.counts.popularity) + 1)])
    popularity = counted[rows] + 1.0  # UNKNOWN is -1: the appended zero
    shares: FloatArray = np.log(popularity / popularity.sum()).astype(np.float32)
    return shares


def top_lists(scores: Tensor, k: int) -> TopLists:
    """The k best of each row, best first; among equal scores the lower column, that is the lower item id, wins.

    Scores of minus infinity never enter a list.
    """
    k = min(k, scores.shape[1])
    values, places = torch.topk(scores, min(k + 1, scores.shape[1]), dim=1)
    # topk may take any of the columns that tie at the end of the list; those few rows are sorted in full.
    tied = values[:, k - 1] == values[:, -1] if values.shape[1] > k else torch.zeros(len(scores), dtype=torch.bool)
    values, places = values[:, :k], places[:, :k]
    if bool(tied.any()):
        full = torch.sort(scores[tied], dim=1, descending=True, stable=True)
        values[tied], places[tied] = full.values[:, :k], full.indices[:, :k]
    by_place = torch.argsort(places, dim=1)
    values, places = values.gather(1, by_place), places.gather(1, by_place)
    by_score = torch.argsort(values, dim=1, descending=True, stable=True)
    values, places = values.gather(1, by_score), places.gather(1, by_score)
    places = places.masked_fill(torch.isneginf(values), UNKNOWN)
    return TopLists(places.cpu().numpy(), values.cpu().numpy())


def hide(scores: Tensor, rows: IntArray, places: IntArray) -> None:
    """Takes the cells (row, place) out of the ranking; places that are UNKNOWN are ignored."""
    usable = places != UNKNOWN
    cells = (torch.from_numpy(rows[usable]).to(scores.device), torch.from_numpy(places[usable]).to(scores.device))
    scores[cells] = -torch.inf


def _rows_or_zero(table: Tensor, rows: Tensor) -> Tensor:
    if not len(table):
        return torch.zeros(*rows.shape, table.shape[1], device=table.device)
    return table[rows]

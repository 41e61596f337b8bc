"""What the co-occurrence counts say about a user: the items that go with their last items."""

import numpy as np
import torch
from torch import Tensor

from runtime.training.counts import Counts, DoubleArray
from runtime.training.data import IntArray
from runtime.training.vocabulary import UNKNOWN

#: An item's neighbours are believed fully once it has been taken much more often than this.
SHRINKAGE = 1.0


class Neighbours:
    """The counts of pairs as probabilities of available items, ready to be added up for blocks of users."""

    def __init__(self, counts: Counts, places: IntArray, n_available: int) -> None:
        """`places`: int64 [items], where an item of the vocabulary stands among the available ones, or UNKNOWN."""
        right = places[counts.right]
        usable = right != UNKNOWN
        left, weight = counts.left[usable], counts.weight[usable]
        self.n_available = n_available
        self.right = right[usable]
        self.starts = np.searchsorted(left, np.arange(len(places) + 1))
        self.probability: DoubleArray = weight / (np.bincount(left, weight, minlength=len(places))[left] + SHRINKAGE)

    def probabilities(self, history: IntArray) -> Tensor:
        """float32 [users, available]: how likely each item comes next; rows add up to at most 1.

        `history`: int64 [users, length], newest first, UNKNOWN where shorter; the k-th newest item weighs 1 / k.
        """
        weight = np.where(history != UNKNOWN, 1.0 / (1 + np.arange(history.shape[1])), 0.0)
        weight /= np.maximum(weight.sum(1, keepdims=True), 1e-9)
        user, rank = np.nonzero(history != UNKNOWN)
        item = history[user, rank]
        counts = self.starts[item + 1] - self.starts[item]
        event = np.repeat(np.arange(len(item)), counts)
        pair = np.arange(len(event)) + np.repeat(self.starts[item] - (np.cumsum(counts) - counts), counts)
        cells = user[event] * self.n_available + self.right[pair]
        shares = np.bincount(
            cells, self.probability[pair] * weight[user, rank][event], minlength=len(history) * self.n_available
        )
        return torch.from_numpy(shares.astype(np.float32).reshape(len(history), self.n_available))

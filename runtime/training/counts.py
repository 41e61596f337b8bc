"""Counts that a day's data updates exactly: how popular each item is, and which items are taken by the same users.

They forget by half-lives, so that old days fade without being read again: a count is exact whatever the number of runs.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runtime.training.data import MICROSECONDS_PER_DAY, IntArray
from runtime.training.vocabulary import UNKNOWN

DoubleArray = npt.NDArray[np.float64]

#: Neighbours kept of each item. More cost memory and change nothing that reaches a list of twenty.
MAX_NEIGHBOURS = 200


@dataclass(frozen=True, slots=True)
class Counts:
    """Faded counts as of `clock` (microseconds since 1970, UTC).

    `popularity`: float64 [items]. `left`, `right`: int64 [pairs], sorted by (left, right); `weight`: float64 [pairs],
    how often the users who took `left` took `right` within a few events of it, before or after.
    """

    clock: int
    popularity: DoubleArray
    left: IntArray
    right: IntArray
    weight: DoubleArray

    @classmethod
    def empty(cls) -> "Counts":
        """Nothing counted yet."""
        nothing = np.zeros(0, np.int64)
        return cls(0, np.zeros(0), nothing, nothing, np.zeros(0))

    def updated(
        self, items: IntArray, earlier: IntArray, times: IntArray, n_items: int, half_life_days: float
    ) -> "Counts":
        """These counts with events added.

        `items`: int64 [n]; `earlier`: int64 [n, window], what the same user took before, newest first, UNKNOWN where
        nothing; `times`: int64 [n], microseconds.
        """
        if not len(items):
            return self
        clock = max(self.clock, int(times.max()))
        worth = np.exp2((times - clock) / (half_life_days * MICROSECONDS_PER_DAY))
        fade = float(np.exp2((self.clock - clock) / (half_life_days * MICROSECONDS_PER_DAY)))
        popularity: DoubleArray = np.bincount(items, worth, minlength=n_items).astype(np.float64)
        popularity += np.pad(self.popularity * fade, (0, n_items - len(self.popularity)))
        left, right, weight = _pairs(items, earlier, worth)
        key, weight = _summed(
            np.concatenate([self.left * n_items + self.right, left * n_items + right, right * n_items + left]),
            np.concatenate([self.weight * fade, weight, weight]),
        )
        left, right, weight = _strongest(key // n_items, key % n_items, weight)
        return Counts(clock, popularity, left, right, weight)


def _pairs(items: IntArray, earlier: IntArray, worth: DoubleArray) -> tuple[IntArray, IntArray, DoubleArray]:
    """An event and what came k events before it weigh 1 / k: near events say more of a taste of the moment."""
    distance = np.broadcast_to(1.0 / (1 + np.arange(earlier.shape[1])), earlier.shape)
    target = np.broadcast_to(items[:, None], earlier.shape)
    usable = (earlier != UNKNOWN) & (earlier != target)
    return earlier[usable], target[usable], (distance * worth[:, None])[usable]


def _summed(key: IntArray, weight: DoubleArray) -> tuple[IntArray, DoubleArray]:
    distinct, place = np.unique(key, return_inverse=True)
    return distinct, np.bincount(place, weight, minlength=len(distinct)).astype(np.float64)


def _strongest(left: IntArray, right: IntArray, weight: DoubleArray) -> tuple[IntArray, IntArray, DoubleArray]:
    order = np.lexsort((right, -weight, left))
    starts = np.searchsorted(left[order], left[order], side="left")
    kept = np.sort(order[np.arange(len(order)) - starts < MAX_NEIGHBOURS])
    return left[kept], right[kept], weight[kept]

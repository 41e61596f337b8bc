"""What every user took last: the user tower's input, the filter of seen items and the replay, in one bounded store."""

from dataclasses import dataclass

import numpy as np

from runtime.training.data import IntArray
from runtime.training.vocabulary import UNKNOWN


@dataclass(frozen=True, slots=True)
class Histories:
    """The items of user u, oldest first, are `items[offsets[u]:offsets[u + 1]]`.

    `offsets`: int64 [users + 1]; `items`: int64 [events], rows of the item vocabulary.
    """

    offsets: IntArray
    items: IntArray

    @classmethod
    def empty(cls) -> "Histories":
        """No users yet."""
        return cls(np.zeros(1, np.int64), np.zeros(0, np.int64))

    @property
    def n_users(self) -> int:
        """How many users there are, with or without events."""
        return len(self.offsets) - 1

    def lengths(self) -> IntArray:
        """int64 [users]: events kept of each user."""
        return np.diff(self.offsets)

    def users(self) -> IntArray:
        """int64 [events]: whose event each one is."""
        return np.repeat(np.arange(self.n_users), self.lengths())

    def extended(self, users: IntArray, items: IntArray, n_users: int) -> tuple["Histories", IntArray]:
        """These histories with events appended, given oldest first, and int64 [n]: where each of them now stands."""
        owners = np.concatenate([self.users(), users])
        order = np.argsort(owners, kind="stable")
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        offsets = np.zeros(n_users + 1, np.int64)
        np.cumsum(np.bincount(owners, minlength=n_users), out=offsets[1:])
        return Histories(offsets, np.concatenate([self.items, items])[order]), places[len(self.items) :]

    def limited(self, limit: int) -> "Histories":
        """Only the newest `limit` events of each user."""
        from_end = np.repeat(self.offsets[1:], self.lengths()) - np.arange(len(self.items))
        kept = np.minimum(self.lengths(), limit)
        return Histories(np.concatenate([[0], np.cumsum(kept)]).astype(np.int64), self.items[from_end <= limit])

    def before(self, users: IntArray, places: IntArray, length: int) -> IntArray:
        """int64 [n, length]: what a user took before the event at a place, newest first, padded with UNKNOWN."""
        wanted = places[:, None] - 1 - np.arange(length)[None, :]
        known = wanted >= self.offsets[users][:, None]
        if not len(self.items):
            return np.full(wanted.shape, UNKNOWN, np.int64)
        return np.where(known, self.items[np.where(known, wanted, 0)], UNKNOWN)

    def latest(self, users: IntArray, length: int) -> IntArray:
        """int64 [n, length]: the newest items of each user, newest first, padded with UNKNOWN; users may be UNKNOWN."""
        known = (users >= 0) & (users < self.n_users)
        if not known.any():
            return np.full((len(users), length), UNKNOWN, np.int64)
        safe = np.where(known, users, 0)
        return np.where(known[:, None], self.before(safe, self.offsets[safe + 1], length), UNKNOWN)

    def seen(self, users: IntArray) -> tuple[IntArray, IntArray]:
        """Pairs (place in `users`, item) of all that these users took; users may be UNKNOWN."""
        known = np.flatnonzero((users >= 0) & (users < self.n_users))
        starts, lengths = self.offsets[users[known]], self.lengths()[users[known]]
        owners = np.repeat(known, lengths)
        within = np.arange(len(owners)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return owners, self.items[np.repeat(starts, lengths) + within]

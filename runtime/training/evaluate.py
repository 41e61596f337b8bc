"""Measures rankings on events that came after what the model was trained on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from torch import Tensor

from runtime.training.data import Catalogue, InputError, IntArray, Interactions
from runtime.training.histories import Histories
from runtime.training.ranking import Ranker, hide, top_lists
from runtime.training.vocabulary import UNKNOWN, Vocabulary


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be predicted: for each user the available items they took next, without those already seen if wished.

    `users`: string [n]; `wanted`, `seen`: pairs (index into users, place in the catalogue), each pair once.
    """

    users: pa.StringArray
    wanted: tuple[IntArray, IntArray]
    seen: tuple[IntArray, IntArray]


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over users: NDCG with binary gains, and the part of the wanted items that made it into the list."""

    ndcg: float
    recall: float


def build_task(
    events: Interactions, catalogue: Catalogue, known: tuple[Vocabulary, Vocabulary, Histories], exclude_seen: bool
) -> Task:
    """The task that held-out events pose. `known`: users, items and histories of the time before the events.

    Raises: InputError if no event can be predicted by anybody.
    """
    users, items, histories = known
    people = events.users.unique()
    owners, places = Vocabulary(people).rows(events.users), Vocabulary(catalogue.items).rows(events.items)
    wanted = _distinct(owners[places != UNKNOWN], places[places != UNKNOWN], len(catalogue))
    seen = np.zeros(0, np.int64)
    if exclude_seen:
        viewers, viewed = histories.seen(users.rows(people))
        viewed = Vocabulary(catalogue.items).rows(items.values)[viewed]
        seen = _distinct(viewers[viewed != UNKNOWN], viewed[viewed != UNKNOWN], len(catalogue))
        wanted = wanted[~np.isin(wanted, seen)]
    if not len(wanted):
        raise InputError(
            f"none of the {len(events)} held-out interactions names an item of channel 'items' that is new to its "
            "user: there is nothing to measure"
        )
    return _for_users_with_wishes(people, wanted, seen, len(catalogue))


def measure(ranker: Ranker, score: Callable[[IntArray], Tensor], task: Task, top_k: int) -> Quality:
    """The quality of a ranker's scores; `score` is one of its methods (user rows → float32 [users, available])."""
    rows = ranker.model.users.rows(task.users)
    discounts = 1 / np.log2(np.arange(2, top_k + 2))
    wishes = np.bincount(task.wanted[0], minlength=len(rows))
    ideal = np.cumsum(discounts)[np.minimum(wishes, top_k) - 1]
    gains, hits = np.zeros(len(rows)), np.zeros(len(rows))
    wanted = task.wanted[0] * ranker.n_items + task.wanted[1]
    for start in range(0, len(rows), ranker.block_users):
        block = slice(start, min(len(rows), start + ranker.block_users))
        scores = score(rows[block])
        hide(scores, *_within(task.seen, block))
        places = top_lists(scores, top_k).places
        cells = np.arange(block.start, block.stop)[:, None] * ranker.n_items + places
        hit = np.isin(cells, wanted) & (places != UNKNOWN)
        gains[block] = (hit * discounts[: places.shape[1]]).sum(1)
        hits[block] = hit.sum(1)
    return Quality(ndcg=float((gains / ideal).mean()), recall=float((hits / wishes).mean()))


def _distinct(rows: IntArray, places: IntArray, n_items: int) -> IntArray:
    cells: IntArray = np.unique(rows * n_items + places)
    return cells


def _within(pairs: tuple[IntArray, IntArray], block: slice) -> tuple[IntArray, IntArray]:
    rows, places = pairs
    low, high = np.searchsorted(rows, [block.start, block.stop])
    return rows[low:high] - block.start, places[low:high]


def _for_users_with_wishes(people: pa.StringArray, wanted: IntArray, seen: IntArray, n_items: int) -> Task:
    kept = np.unique(wanted // n_items)
    renumbered = np.full(len(people), UNKNOWN, np.int64)
    renumbered[kept] = np.arange(len(kept))
    seen = seen[renumbered[seen // n_items] != UNKNOWN]
    return Task(
        people.take(pa.array(kept)),
        (renumbered[wanted // n_items], wanted % n_items),
        (renumbered[seen // n_items], seen % n_items),
    )

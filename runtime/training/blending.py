"""How far the towers and the neighbours are to be believed, fitted on events that neither has seen."""

import numpy as np
import torch
from torch import Tensor

from runtime.training.data import IntArray
from runtime.training.ranking import Opinions, Ranker, hide
from runtime.training.recommender import Trust

NEWTON_STEPS = 8

#: Events that the previous trust counts for: a small day moves it a little, a large one by half at most.
PRIOR_EVENTS = 100.0


def fitted_trust(
    ranker: Ranker, users: IntArray, events: tuple[IntArray, IntArray], seen: tuple[IntArray, IntArray]
) -> Trust:
    """The trust under which the events are likeliest, averaged with the previous one against odd days.

    `users`: int64 [n], at most `ranker.block_users`; `events` and `seen`: pairs (index into users, place of an item).
    The likelihood is concave in the two weights, so a few Newton steps find it.
    """
    said = ranker.opinions(users)
    base = said.crowd.expand(len(users), -1).clone()
    hide(base, *seen)
    row, place = (torch.from_numpy(part).to(base.device) for part in events)
    previous = ranker.model.trust
    start = torch.tensor([previous.towers, previous.neighbours], dtype=torch.float64)
    weights = start.clone()
    for _ in range(NEWTON_STEPS):
        weights = (weights + _newton_step(said, base, row, place, weights, start)).clamp(0.0, 1.0)
    middle = (weights + start) / 2
    return Trust(round(float(middle[0]), 6), round(float(middle[1]), 6))


def _newton_step(said: Opinions, base: Tensor, row: Tensor, place: Tensor, weights: Tensor, start: Tensor) -> Tensor:
    scores = base + float(weights[0]) * said.towers + float(weights[1]) * said.neighbours
    chance = torch.softmax(scores, 1)
    parts = (said.towers, said.neighbours)
    expected = [(chance * part).sum(1)[row].double() for part in parts]
    observed = [part[row, place].double() for part in parts]
    slope = torch.stack([(o - e).sum() for o, e in zip(observed, expected, strict=True)]).cpu()
    bend = torch.zeros(2, 2, dtype=torch.float64)
    for i, j in ((0, 0), (0, 1), (1, 1)):
        product = (chance * parts[i] * parts[j]).sum(1)[row].double()
        bend[i, j] = bend[j, i] = (product - expected[i] * expected[j]).sum().cpu()
    pull = PRIOR_EVENTS * torch.eye(2, dtype=torch.float64)
    return torch.linalg.solve(bend + pull, slope - pull @ (weights - start))


def sample_users(users: IntArray, limit: int, seed: int) -> IntArray:
    """At most `limit` of the users, in order; the same ones for the same seed."""
    if len(users) <= limit:
        return users
    return np.sort(np.random.default_rng(seed).choice(users, limit, replace=False))

"""The parts of the recommender against plain, slow definitions of the same things."""

import math

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from runtime.training.blending import fitted_trust
from runtime.training.counts import Counts
from runtime.training.data import MICROSECONDS_PER_DAY, Catalogue, InputError, Interactions
from runtime.training.day import Day, train_and_measure
from runtime.training.evaluate import build_task, measure
from runtime.training.fit import Fit
from runtime.training.histories import Histories
from runtime.training.optimizer import RowAdagrad
from runtime.training.options import parse
from runtime.training.ranking import Ranker, top_lists
from runtime.training.recommender import Recommender, Scale
from runtime.training.vocabulary import UNKNOWN, Vocabulary
from tests.taste_market import MARKET_COLUMNS, Market
from tests.training_job import FLAGS

CPU = torch.device("cpu")
DAY = MICROSECONDS_PER_DAY

events_of_days = st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=12), max_size=4)


def arrays(events: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(events, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


@settings(max_examples=60, deadline=None)
@given(days=events_of_days, limit=st.integers(1, 5), length=st.integers(1, 4))
def test_histories_are_the_last_events_of_each_user(days: list[list[tuple[int, int]]], limit: int, length: int) -> None:
    histories = Histories.empty()
    expected: dict[int, list[int]] = {user: [] for user in range(5)}
    for day in days:
        users, items = arrays(day)
        longer, places = histories.extended(users, items, 5)
        assert longer.items[places].tolist() == items.tolist()
        before = longer.before(users, places, length)
        for row, (user, item) in enumerate(day):
            told = expected[user][::-1][:length]
            assert before[row].tolist() == told + [UNKNOWN] * (length - len(told))
            expected[user].append(item)
        histories = longer.limited(limit)
        expected = {user: items[-limit:] for user, items in expected.items()}
    asked = np.array([0, 4, UNKNOWN, 9])
    lists = [expected[0], expected[4], [], []]
    padded = [(kept[::-1] + [UNKNOWN] * length)[:length] for kept in lists]
    assert histories.latest(asked, length).tolist() == padded
    owners, seen = histories.seen(asked)
    assert sorted(zip(owners.tolist(), seen.tolist(), strict=True)) == sorted(
        (row, item) for row, kept in enumerate(lists) if histories.n_users for item in kept
    )


@settings(max_examples=40, deadline=None)
@given(days=events_of_days)
def test_counts_updated_daily_are_those_of_the_whole_past(days: list[list[tuple[int, int]]]) -> None:
    histories, counts = Histories.empty(), Counts.empty()
    popularity, pairs, clock = np.zeros(7), np.zeros((7, 7)), 0
    for number, day in enumerate(days):
        users, items = arrays(day)
        histories, places = histories.extended(users, items, 5)
        times = number * DAY + np.arange(len(day)) * 1000
        earlier = histories.before(users, places, 3)
        counts = counts.updated(items, earlier, times, 7, half_life_days=2.0)
        for item, before, moment in zip(items, earlier, times, strict=True):
            fade = 2 ** (-(int(moment) - clock) / (2 * DAY)) if moment > clock else 1.0
            popularity, pairs, clock = popularity * fade, pairs * fade, max(clock, int(moment))
            popularity[item] += 1
            for distance, other in enumerate(before.tolist(), start=1):
                if other not in (UNKNOWN, item):
                    pairs[item, other] += 1 / distance
                    pairs[other, item] += 1 / distance
    if histories.n_users and len(histories.items):
        np.testing.assert_allclose(counts.popularity, popularity, rtol=1e-9)
        dense = np.zeros((7, 7))
        dense[counts.left, counts.right] = counts.weight
        np.testing.assert_allclose(dense, pairs, rtol=1e-9)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_top_lists_break_ties_by_place(data: st.DataObject) -> None:
    rows, columns, k = (data.draw(st.integers(1, high)) for high in (4, 9, 6))
    values = st.sampled_from([0.0, 0.5, 1.0, -math.inf])
    scores = [[data.draw(values) for _ in range(columns)] for _ in range(rows)]
    lists = top_lists(torch.tensor(scores), k)
    for row, found in zip(scores, lists.places.tolist(), strict=True):
        wanted = sorted((place for place in range(columns) if row[place] > -math.inf), key=lambda p: (-row[p], p))[:k]
        assert found == wanted + [UNKNOWN] * (min(k, columns) - len(wanted))


def test_row_adagrad_moves_only_rows_with_a_gradient_and_equals_the_dense_rule() -> None:
    sparse, dense = nn.Embedding(4, 3, sparse=True), nn.Embedding(4, 3)
    dense.load_state_dict(sparse.state_dict())
    start = sparse.weight.detach().clone()
    optimizers = [RowAdagrad([(table.weight, torch.zeros(4))], 0.1) for table in (sparse, dense)]
    for rows in ([1, 3, 1], [1]):
        for table, optimizer in zip((sparse, dense), optimizers, strict=True):
            table(torch.tensor(rows)).pow(2).sum().backward()
            optimizer.step()
    assert torch.allclose(sparse.weight, dense.weight)
    assert sparse.weight[[0, 2]].equal(start[[0, 2]])
    assert not sparse.weight[[1, 3]].equal(start[[1, 3]])


def test_a_vocabulary_keeps_rows_while_it_grows() -> None:
    first = Vocabulary.of([]).grown(pa.array(["b", None, "a", "b"]))
    second = first.grown(pa.array(["c", "a"]))
    assert second.values.to_pylist() == ["b", "a", "c"]
    assert second.rows(pa.array(["c", "x", None, "b"])).tolist() == [2, UNKNOWN, UNKNOWN, 0]


@pytest.mark.parametrize(
    ("born_with", "value", "weights"),
    [
        ([0, 10, 20, 30, 40, 50, 60, 70, 80], 15, {1: 0.5, 2: 0.5}),
        ([0, 10, 20, 30, 40, 50, 60, 70, 80], 1e9, {8: 1.0}),
        ([7, 7, 7], 3, {0: 1.0}),
        ([7, 7, 7], math.nan, {9: 1.0}),
        ([math.nan], 3, {0: 1.0}),
    ],
)
def test_a_number_is_told_by_the_quantiles_around_it(
    born_with: list[float], value: float, weights: dict[int, float]
) -> None:
    scale = Scale.of(np.array(born_with, np.float32))
    told = scale.apply(np.array([value], np.float32))[0]
    assert {place: float(told[place]) for place in np.flatnonzero(told).tolist()} == weights


def small_model() -> tuple[Recommender, Interactions, Catalogue]:
    interactions, catalogue = next(Market(users=30, items=80, clicks_a_day=400, seed=1).days(1))
    past = interactions.slice(0, 300)
    model = Recommender.new(MARKET_COLUMNS, catalogue, 8, 5).grown(past, catalogue)
    return model.remembering(past, 14.0)[0], interactions.slice(300, 400), catalogue


@pytest.mark.parametrize("exclude_seen", [True, False])
def test_measures_are_those_of_the_textbook(exclude_seen: bool) -> None:
    model, later, catalogue = small_model()
    task = build_task(later, catalogue, (model.users, model.items, model.histories), exclude_seen)
    ranker = Ranker(model, catalogue, CPU)
    found = measure(ranker, ranker.scores, task, 7)
    place = {item: index for index, item in enumerate(catalogue.items.to_pylist())}
    ndcg, recall = [], []
    for user in later.users.unique().to_pylist():
        row = model.users.rows(pa.array([user]))
        seen = (
            {model.items.values[int(item)].as_py() for item in model.histories.seen(row)[1]} if exclude_seen else set()
        )
        clicked = {i for u, i in zip(later.users.to_pylist(), later.items.to_pylist(), strict=True) if u == user}
        wanted = {place[item] for item in clicked - seen if item in place}
        if not wanted:
            continue
        scores = ranker.scores(row)[0].tolist()
        order = [
            p
            for p in sorted(range(len(scores)), key=lambda p: (-scores[p], p))
            if catalogue.items[p].as_py() not in seen
        ]
        gain = sum(1 / math.log2(rank + 2) for rank, p in enumerate(order[:7]) if p in wanted)
        ndcg.append(gain / sum(1 / math.log2(rank + 2) for rank in range(min(7, len(wanted)))))
        recall.append(len(wanted & set(order[:7])) / len(wanted))
    assert found.ndcg == pytest.approx(np.mean(ndcg), rel=1e-6)
    assert found.recall == pytest.approx(np.mean(recall), rel=1e-6)


def test_an_untrained_model_ranks_like_the_crowd() -> None:
    model, _, catalogue = small_model()
    ranker = Ranker(model, catalogue, CPU)
    users = np.array([UNKNOWN])
    assert top_lists(ranker.scores(users), 5).places.tolist() == top_lists(ranker.popularity(users), 5).places.tolist()


def test_trust_grows_in_the_opinion_that_foresees_the_events() -> None:
    model, _, catalogue = small_model()
    ranker = Ranker(model, catalogue, CPU)
    users = np.arange(len(model.users))
    said = ranker.opinions(users)
    foreseen = said.neighbours.argmax(1).numpy()
    nothing = np.zeros(0, np.int64)
    trust = fitted_trust(ranker, users, (np.repeat(users, 20), np.repeat(foreseen, 20)), (nothing, nothing))
    assert trust.neighbours > model.trust.neighbours
    against = said.neighbours.argmin(1).numpy()
    trust = fitted_trust(ranker, users, (np.repeat(users, 20), np.repeat(against, 20)), (nothing, nothing))
    assert trust.neighbours < model.trust.neighbours


def test_new_items_are_recommended_by_their_content() -> None:
    days = list(Market(users=150, items=200, clicks_a_day=3000, turnover=0.15, seed=2).days(4))
    options = parse([*FLAGS, "--negatives", "128"])
    model = None
    for interactions, catalogue in days[:3]:
        base = model or Recommender.new(MARKET_COLUMNS, catalogue, 16, 20)
        torch.manual_seed(0)
        model, _ = train_and_measure(Day(interactions, catalogue, options, CPU), base, model, Fit.run)
    later, catalogue = days[3]
    assert model is not None
    unknown = np.flatnonzero(model.items.rows(catalogue.items) == UNKNOWN)
    chosen = pa.array(unknown)
    new_items = Catalogue(
        catalogue.items.take(chosen),
        {name: values.take(chosen) for name, values in catalogue.categorical.items()},
        {name: values[unknown] for name, values in catalogue.numeric.items()},
    )
    task = build_task(later, new_items, (model.users, model.items, model.histories), exclude_seen=True)
    ranker = Ranker(model, new_items, CPU)
    by_content, by_chance = measure(ranker, ranker.scores, task, 5), measure(ranker, ranker.popularity, task, 5)
    assert by_content.ndcg > 1.3 * by_chance.ndcg


def test_there_must_be_something_to_measure() -> None:
    model, later, catalogue = small_model()
    unheard = Interactions(later.users, pa.array(["elsewhere"] * len(later)), later.times)
    with pytest.raises(InputError, match="none of the 100 held-out interactions names an item"):
        build_task(unheard, catalogue, (model.users, model.items, model.histories), exclude_seen=True)

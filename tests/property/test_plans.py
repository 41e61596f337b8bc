"""Plans of random orders: every constraint holds, no step is lost, and no level schedule is shorter."""

import random
import time
from collections.abc import Mapping

import pytest

from pipelinegen.ir.graph import topological_order
from pipelinegen.ir.plan import Parallel, Plan, Series, added_waits, plan_steps

Needs = dict[str, list[str]]


def random_graph(rng: random.Random, steps: int) -> Needs:
    """Steps that need some of those before them: few or many, near or anywhere."""
    most, reach = rng.choice([1, 2, 3, 6]), rng.choice([3, 10, steps])
    needs: Needs = {}
    for index in range(steps):
        near = range(max(0, index - reach), index)
        needs[f"s{index}"] = [f"s{other}" for other in rng.sample(near, min(len(near), rng.randint(0, most)))]
    names = list(needs)
    rng.shuffle(names)
    return {name: needs[name] for name in names}


def done_before(plan: Plan, done: frozenset[str] = frozenset()) -> dict[str, frozenset[str]]:
    """What is over when each step of a plan starts."""
    if isinstance(plan, str):
        return {plan: done}
    found: dict[str, frozenset[str]] = {}
    for part in plan.branches if isinstance(plan, Parallel) else plan.parts:
        inside = done_before(part, done)
        assert not set(found) & set(inside)
        found.update(inside)
        if isinstance(plan, Series):
            done |= set(inside)
    return found


def length(plan: Plan, weights: Mapping[str, float]) -> float:
    if isinstance(plan, str):
        return weights[plan]
    if isinstance(plan, Series):
        return sum(length(part, weights) for part in plan.parts)
    return max(length(branch, weights) for branch in plan.branches)


def level_schedules(needs: Needs, weights: Mapping[str, float]) -> list[float]:
    """How long it takes level by level, each step as early, and each as late, as it can be."""
    order = topological_order(needs)
    early: dict[str, int] = {}
    for name in order:
        early[name] = max((early[need] + 1 for need in needs[name]), default=0)
    late = dict.fromkeys(order, 0)
    for name in reversed(order):
        for need in needs[name]:
            late[need] = max(late[need], late[name] + 1)
    return [
        sum(max(weights[name] for name in order if level[name] == number) for number in set(level.values()))
        for level in (early, late)
    ]


def check(seed: int, steps: int) -> None:
    rng = random.Random(seed)
    needs = random_graph(rng, steps)
    weights = {name: 1.0 if seed % 2 else float(rng.choice([1, 5, 30, 60, 300])) for name in needs}
    plan = plan_steps(needs, weights)
    assert plan is not None
    done = done_before(plan)
    assert set(done) == set(needs)
    assert all(set(needs[name]) <= done[name] for name in needs), seed
    assert length(plan, weights) <= min(level_schedules(needs, weights)), seed
    for first, second in added_waits(plan, needs):
        assert first in done[second]


@pytest.mark.parametrize("seed", range(20))
def test_a_random_order_of_200_steps(seed: int) -> None:
    check(seed, 200)


@pytest.mark.slow
def test_1000_random_orders_of_200_steps() -> None:
    spent = []
    for seed in range(1000, 2000):
        started = time.process_time()
        check(seed, 200)
        spent.append(time.process_time() - started)
    print(f"seconds of CPU for planning and checking one: {sum(spent) / 1000:.3f} on average, {max(spent):.3f} at most")


def test_no_plan_of_a_small_order_is_shorter_than_the_exact_one() -> None:
    # b and c take long: with both sources alone in front, c would wait for b, and the run take 20.
    needs: Needs = {"a": [], "b": [], "c": ["a"], "d": ["a", "b"]}
    weights = {"a": 1.0, "b": 10.0, "c": 10.0, "d": 1.0}
    plan = plan_steps(needs, weights)
    assert plan is not None
    assert length(plan, weights) == 11 + 1
    assert added_waits(plan, needs) == [("a", "b")]

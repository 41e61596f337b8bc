"""Order of steps: every constraint holds, whatever the graph, and equal graphs give equal plans."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelinegen.ir.graph import ancestors, find_cycle, topological_order
from pipelinegen.ir.plan import Parallel, Plan, Series, plan_steps

Needs = dict[str, list[str]]


@st.composite
def graphs(draw: st.DrawFn) -> Needs:
    """A graph without cycles, its steps listed in any order."""
    count = draw(st.integers(0, 9))
    names = [f"s{index}" for index in range(count)]
    needs: Needs = {
        name: draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else []
        for index, name in enumerate(names)
    }
    return {name: needs[name] for name in draw(st.permutations(names))}


def intervals(plan: Plan, start: int = 0) -> tuple[dict[str, tuple[int, int]], int]:
    """When each step of a plan starts and ends, each taking one unit, and when the plan ends."""
    if isinstance(plan, str):
        return {plan: (start, start + 1)}, start + 1
    found: dict[str, tuple[int, int]] = {}
    ends = [start]
    for part in plan.parts if isinstance(plan, Series) else plan.branches:
        inside, end = intervals(part, ends[-1] if isinstance(plan, Series) else start)
        found.update(inside)
        ends.append(end)
    return found, max(ends)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(graphs())
def test_every_constraint_holds_and_every_step_runs_once(needs: Needs) -> None:
    plan = plan_steps(needs)
    if plan is None:
        assert needs == {}
        return
    times, _ = intervals(plan)
    assert sorted(times) == sorted(needs)
    assert [(name, need) for name in needs for need in needs[name] if times[need][1] > times[name][0]] == []


@settings(derandomize=True, max_examples=200, deadline=None)
@given(graphs())
def test_the_order_is_topological_and_ties_keep_the_order_of_the_spec(needs: Needs) -> None:
    order = topological_order(needs)
    place = {name: index for index, name in enumerate(order)}
    assert sorted(order) == sorted(needs)
    assert all(place[need] < place[name] for name in needs for need in needs[name])
    before = ancestors(needs)
    for first, second in pairwise(order):
        assert first in before[second] or list(needs).index(first) < list(needs).index(second)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(graphs(), st.data())
def test_a_cycle_is_found_where_there_is_one_and_only_there(needs: Needs, data: st.DataObject) -> None:
    assert find_cycle(needs) is None
    if needs:
        first = data.draw(st.sampled_from(sorted(needs)))
        last = data.draw(st.sampled_from(sorted({first, *(name for name in needs if first in ancestors(needs)[name])})))
        cycle = find_cycle({**needs, first: [*needs[first], last]})
        assert cycle is not None
        assert cycle[0] == cycle[-1]
        closed = {**needs, first: [*needs[first], last]}
        assert all(after in closed[before] for before, after in pairwise(cycle))


@pytest.mark.parametrize(
    ("needs", "cycle"),
    [
        ({"a": ["a"]}, ("a", "a")),
        ({"a": ["b"], "b": ["a"]}, ("a", "b", "a")),
        ({"x": ["a"], "a": ["b"], "b": ["c"], "c": ["a"]}, ("a", "b", "c", "a")),
        ({"a": ["elsewhere"]}, None),
    ],
)
def test_cycles_by_name(needs: Needs, cycle: tuple[str, ...] | None) -> None:
    assert find_cycle(needs) == cycle


@pytest.mark.parametrize(
    ("needs", "plan"),
    [
        ({}, None),
        ({"a": []}, "a"),
        ({"b": ["a"], "a": []}, Series(("a", "b"))),
        ({"a": [], "b": []}, Parallel(("a", "b"))),
        ({"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}, Series(("a", Parallel(("b", "c")), "d"))),
        ({"a": [], "b": ["a"], "c": []}, Parallel((Series(("a", "b")), "c"))),
        # an 'N': c needs a, d needs a and b; no composition is exact, so both sources come first
        ({"a": [], "b": [], "c": ["a"], "d": ["a", "b"]}, Series((Parallel(("a", "b")), Parallel(("c", "d"))))),
    ],
)
def test_plans_by_name(needs: Mapping[str, list[str]], plan: Plan | None) -> None:
    assert plan_steps(needs) == plan


def test_a_long_chain_and_a_dense_graph_are_planned() -> None:
    chain: Needs = {f"s{index}": [f"s{index - 1}"] if index else [] for index in range(400)}
    assert plan_steps(chain) == Series(tuple(chain))
    dense: Needs = {f"s{index}": [f"s{before}" for before in range(index)] for index in range(60)}
    assert plan_steps(dense) == Series(tuple(dense))

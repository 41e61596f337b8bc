"""Order of steps: cycles, a stable topological order, and the least waiting a state machine can express."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Graph = Mapping[str, Iterable[str]]


@dataclass(frozen=True, slots=True)
class Series:
    """Parts that run one after another."""

    parts: tuple["Plan", ...]


@dataclass(frozen=True, slots=True)
class Parallel:
    """Parts that run at the same time."""

    branches: tuple["Plan", ...]


#: A step's name, or a composition of plans.
Plan = str | Series | Parallel


def find_cycle(needs: Graph) -> tuple[str, ...] | None:
    """One cycle as `(a, b, …, a)` where each needs the next, or None; deterministic."""
    done: set[str] = set()
    for start in needs:
        path: list[str] = []
        stack = [(start, iter(needs[start]))] if start not in done else []
        path.extend(name for name, _ in stack)
        while stack:
            following = next((name for name in stack[-1][1] if name in needs and name not in done), None)
            if following is None:
                done.add(path.pop())
                stack.pop()
            elif following in path:
                return (*path[path.index(following) :], following)
            else:
                path.append(following)
                stack.append((following, iter(needs[following])))
    return None


def topological_order(needs: Graph) -> tuple[str, ...]:
    """Every step after what it needs; among equals the order of the mapping. The graph has no cycle."""
    ordered: dict[str, None] = {}
    waiting = list(needs)
    while waiting:
        ready = next(name for name in waiting if all(need in ordered for need in needs[name]))
        ordered[ready] = None
        waiting.remove(ready)
    return tuple(ordered)


def ancestors(needs: Graph) -> dict[str, frozenset[str]]:
    """Everything each step needs, directly or through others."""
    found: dict[str, frozenset[str]] = {}
    for name in topological_order(needs):
        direct = frozenset(needs[name])
        found[name] = direct.union(*(found[need] for need in direct)) if direct else direct
    return found


def plan_steps(needs: Graph) -> Plan | None:
    """The composition of Series and Parallel that keeps every order constraint; None for no steps.

    Exact for series-parallel orders. Where the order is none (an 'N'), one barrier is added: the steps that need
    nothing run first, together.
    """
    order = topological_order(needs)
    return _plan(order, ancestors(needs)) if order else None


def _plan(names: Sequence[str], before: Mapping[str, frozenset[str]]) -> Plan:
    if len(names) == 1:
        return names[0]
    groups = _components(names, before)
    if len(groups) > 1:
        return Parallel(tuple(_plan(group, before) for group in groups))
    return _series([_plan(part, before) for part in _split(names, before)])


def _series(parts: Iterable[Plan]) -> Series:
    flat: list[Plan] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Series) else [part])
    return Series(tuple(flat))


def _components(names: Sequence[str], before: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Groups of steps that are connected by order; groups and members keep the given order."""
    groups: list[list[str]] = []
    for name in names:
        joined = [group for group in groups if any(other in before[name] for other in group)]
        merged = [member for group in joined for member in group]
        groups = [group for group in groups if group not in joined]
        groups.append([*merged, name])
    position = {name: index for index, name in enumerate(names)}
    ordered = [sorted(group, key=position.__getitem__) for group in groups]
    return sorted(ordered, key=lambda group: position[group[0]])


def _split(names: Sequence[str], before: Mapping[str, frozenset[str]]) -> list[Sequence[str]]:
    """Parts in series, cut wherever all that is behind needs all in front; else two parts with a barrier between."""
    cuts, least = [len(names)], len(names)
    for index in range(len(names) - 1, 0, -1):
        least = min(least, _prefix(names, before[names[index]]))
        if least >= index:
            cuts.append(index)
    if len(cuts) > 1:
        starts = [0, *reversed(cuts)]
        return [names[start:end] for start, end in pairwise(starts)]
    inside = frozenset(names)
    first = [name for name in names if not before[name] & inside]
    return [first, [name for name in names if name not in first]]


def _prefix(names: Sequence[str], needed: frozenset[str]) -> int:
    """How many of the first names are needed without a gap."""
    return next((index for index, name in enumerate(names) if name not in needed), len(names))

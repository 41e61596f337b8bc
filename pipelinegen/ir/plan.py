"""The least waiting that a state machine can express: any order of steps as a composition of Series and Parallel."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelinegen.ir.graph import Graph, ancestors, topological_order

#: Up to so many steps that no series or parallel fits, every barrier is tried.
_EXACT = 9


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


def plan_steps(needs: Graph, weights: Mapping[str, float] | None = None) -> Plan | None:
    """The composition that keeps every order constraint; None for no steps.

    Exact for series-parallel orders. Where the order is none (an 'N'), a barrier is added: the one with the shortest
    critical path of all for few steps, else the best of some; never longer than running level by level. `weights` are
    how long steps take, 1 for those not in it.
    """
    order = topological_order(needs)
    return _Planner(order, needs, weights or {}).plan((1 << len(order)) - 1) if order else None


def added_waits(plan: Plan | None, needs: Graph) -> list[tuple[str, str]]:
    """The pairs `(a, b)` of neighbours in which `b` waits for `a` without needing it: where barriers were added."""
    before = ancestors(needs)
    return [(a, b) for a, b in _neighbours(plan) if a not in before[b]] if plan else []


def _neighbours(plan: Plan) -> Iterator[tuple[str, str]]:
    if isinstance(plan, Parallel):
        for branch in plan.branches:
            yield from _neighbours(branch)
    if isinstance(plan, Series):
        for part in plan.parts:
            yield from _neighbours(part)
        for first, second in zip(plan.parts, plan.parts[1:], strict=False):
            yield from ((a, b) for a in _ends(first, -1) for b in _ends(second, 0))


def _ends(plan: Plan, side: int) -> list[str]:
    """The steps a plan starts (0) or ends (-1) with."""
    if isinstance(plan, str):
        return [plan]
    parts = (plan.parts[side],) if isinstance(plan, Series) else plan.branches
    return [name for part in parts for name in _ends(part, side)]


class _Planner:
    """Sets of steps are bits of a number, in topological order; every set that is planned is convex."""

    def __init__(self, order: Sequence[str], needs: Graph, weights: Mapping[str, float]) -> None:
        self._names = order
        place = {name: index for index, name in enumerate(order)}
        self._weights = [weights.get(name, 1.0) for name in order]
        self._direct = [[place[need] for need in needs[name]] for name in order]
        self._before = [0] * len(order)
        self._after = [0] * len(order)
        for index, direct in enumerate(self._direct):
            for need in direct:
                self._before[index] |= self._before[need] | 1 << need
        for index, before in enumerate(self._before):
            for other in _bits(before):
                self._after[other] |= 1 << index
        self._known: dict[int, tuple[float, Plan]] = {}

    def plan(self, steps: int) -> Plan:
        """The plan of a set."""
        return self._best(steps)[1]

    def _best(self, steps: int) -> tuple[float, Plan]:
        """How long the plan of a set takes, and the plan."""
        if steps not in self._known:
            self._known[steps] = self._made(steps)
        return self._known[steps]

    def _made(self, steps: int) -> tuple[float, Plan]:
        if steps & (steps - 1) == 0:
            index = steps.bit_length() - 1
            return self._weights[index], self._names[index]
        parts = self._components(steps)
        if len(parts) > 1:
            found = [self._best(part) for part in parts]
            return max(length for length, _ in found), Parallel(tuple(plan for _, plan in found))
        parts = self._cuts(steps)
        if len(parts) == 1:
            parts = self._barrier(steps)
        return self._series(parts)

    def _series(self, parts: Iterable[int]) -> tuple[float, Plan]:
        length, flat = 0.0, list[Plan]()
        for part in parts:
            more, plan = self._best(part)
            length += more
            flat.extend(plan.parts if isinstance(plan, Series) else [plan])
        return length, Series(tuple(flat))

    def _components(self, steps: int) -> list[int]:
        """Sets that no order connects, in the order of their first steps."""
        parts = []
        while steps:
            part, new = 0, steps & -steps
            while new:
                part |= new
                touched = 0
                for index in _bits(new):
                    touched |= self._before[index] | self._after[index]
                new = touched & steps & ~part
            parts.append(part)
            steps &= ~part
        return parts

    def _cuts(self, steps: int) -> list[int]:
        """Parts in series, cut wherever all that is behind needs all in front."""
        parts, front, start = [], 0, 0
        indexes = list(_bits(steps))
        common = [0] * len(indexes)
        shared = steps
        for position in range(len(indexes) - 1, -1, -1):
            shared &= self._before[indexes[position]]
            common[position] = shared
        for position, index in enumerate(indexes):
            if position and front & ~common[position] == 0:
                parts.append(front & ~start)
                start = front
            front |= 1 << index
        return [*parts, steps & ~start]

    def _barrier(self, steps: int) -> list[int]:
        """The set in two or more parts, each of which waits for all of the one before it."""
        if steps.bit_count() <= _EXACT:
            lower = [(self._lengths(first, steps), -self._added(first, steps), first) for first in self._lower(steps)]
            return self._halves(min(lower, key=lambda item: (item[0], -item[1], item[2]))[2], steps)
        candidates = [self._halves(first, steps) for first in self._some_lower(steps)]
        best = min(candidates, key=lambda parts: sum(self._critical(part) for part in parts))
        levels = [self._levels(steps), self._levels_from_behind(steps)]
        shortest = min(levels, key=self._length_of_levels)
        return best if self._series(best)[0] <= self._length_of_levels(shortest) else shortest

    def _lengths(self, first: int, steps: int) -> float:
        return self._best(first)[0] + self._best(steps & ~first)[0]

    def _added(self, first: int, steps: int) -> int:
        """How many pairs a barrier keeps in order that need none."""
        second = steps & ~first
        return sum((first & ~self._before[index]).bit_count() for index in _bits(second))

    @staticmethod
    def _halves(first: int, steps: int) -> list[int]:
        return [first, steps & ~first]

    def _lower(self, steps: int) -> Iterator[int]:
        """Every part that needs nothing of the rest."""
        indexes = list(_bits(steps))
        found = {0}
        for index in indexes:
            found |= {part | 1 << index for part in found if self._before[index] & steps & ~part == 0}
        yield from sorted(found - {0, steps})

    def _some_lower(self, steps: int) -> list[int]:
        """Some of them: what is over by some moments, if every step starts as early as it can."""
        over = self._over(steps)
        moments = sorted(set(over.values()))
        chosen = {moments[len(moments) * share // 8] for share in range(1, 8)} - {moments[-1]} or {moments[0]}
        parts = [sum(1 << index for index, moment in over.items() if moment <= limit) for limit in sorted(chosen)]
        return [part for part in dict.fromkeys(parts) if part and part != steps] or [self._levels(steps)[0]]

    def _over(self, steps: int) -> dict[int, float]:
        """When each step of a set is over at the earliest."""
        over: dict[int, float] = {}
        for index in _bits(steps):
            start = max((over[need] for need in self._direct[index] if need in over), default=0.0)
            over[index] = start + self._weights[index]
        return over

    def _critical(self, steps: int) -> float:
        return max(self._over(steps).values())

    def _levels(self, steps: int) -> list[int]:
        """Step by step what needs nothing of the rest."""
        level: dict[int, int] = {}
        for index in _bits(steps):
            level[index] = max((level[need] + 1 for need in self._direct[index] if need in level), default=0)
        return _grouped(level)

    def _levels_from_behind(self, steps: int) -> list[int]:
        """The same from behind: each step as late as it can be."""
        level: dict[int, int] = {}
        for index in reversed(list(_bits(steps))):
            level.setdefault(index, 0)
            for need in self._direct[index]:
                if steps >> need & 1:
                    level[need] = max(level.get(need, 0), level[index] + 1)
        return _grouped({index: -behind for index, behind in level.items()})

    def _length_of_levels(self, levels: Sequence[int]) -> float:
        return sum(max(self._weights[index] for index in _bits(level)) for level in levels)


def _grouped(level: Mapping[int, int]) -> list[int]:
    return [sum(1 << index for index in level if level[index] == number) for number in sorted(set(level.values()))]


def _bits(steps: int) -> Iterator[int]:
    """The places of a number's ones, lowest first."""
    while steps:
        lowest = steps & -steps
        yield lowest.bit_length() - 1
        steps ^= lowest

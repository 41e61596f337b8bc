"""Order of steps: cycles, a stable topological order, and what comes before what."""

from collections.abc import Iterable, Mapping
from heapq import heappop, heappush

Graph = Mapping[str, Iterable[str]]


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
    place = {name: index for index, name in enumerate(needs)}
    followers: dict[str, list[str]] = {name: [] for name in needs}
    missing = dict.fromkeys(needs, 0)
    for name, direct in needs.items():
        for need in set(direct):
            followers[need].append(name)
            missing[name] += 1
    ready = [place[name] for name, count in missing.items() if not count]
    names, ordered = tuple(needs), list[str]()
    while ready:
        name = names[heappop(ready)]
        ordered.append(name)
        for follower in followers[name]:
            missing[follower] -= 1
            if not missing[follower]:
                heappush(ready, place[follower])
    return tuple(ordered)


def ancestors(needs: Graph) -> dict[str, frozenset[str]]:
    """Everything each step needs, directly or through others."""
    found: dict[str, frozenset[str]] = {}
    for name in topological_order(needs):
        direct = frozenset(needs[name])
        found[name] = direct.union(*(found[need] for need in direct)) if direct else direct
    return found

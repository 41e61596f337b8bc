"""Variables of a state machine: each is assigned on every way that leads to its use."""

import re
from collections.abc import Iterator
from typing import Any, Final

from pipelinegen.asl_lint.expressions import PROVIDED, expressions, free_variables
from pipelinegen.asl_lint.structure import Machine, State, sub_machines

Names = frozenset[str]

#: A redriven run goes on at the state that it came through before it failed (emit/asl_end.py): whatever was assigned
#: on the way there still is, so that this way back takes nothing away.
_WAY_BACK: Final = re.compile(r'\{% \$resume\.at = "[^"]*" %\}')


def _edges(state: State, known: Names) -> Iterator[tuple[str, Names]]:
    """(next state, variables assigned on arrival) for each way out of a state entered with `known`."""
    after = known | set(state.get("Assign", {}))
    for field in ("Next", "Default"):
        if field in state:
            yield state[field], after
    for rule in state.get("Choices", []):
        if _WAY_BACK.fullmatch(str(rule.get("Condition"))):
            continue
        # A rule's own Assign takes the place of the state's, which counts for the Default only.
        yield rule["Next"], known | set(rule.get("Assign", {}))
    for rule in state.get("Catch", []):
        yield rule["Next"], known | set(rule.get("Assign", {}))


def known_on_entry(machine: Machine, outer: Names) -> dict[str, Names]:
    """State → variables that are assigned whichever way it is reached."""
    known: dict[str, Names] = {machine["StartAt"]: outer}
    waiting = [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        for target, arriving in _edges(machine["States"][name], known[name]):
            agreed = arriving & known[target] if target in known else arriving
            if known.get(target) != agreed:
                known[target] = agreed
                waiting.append(target)
    return known


def _unknown(state_name: str, value: Any, known: Names) -> Iterator[str]:
    for place, text in expressions(value, state_name):
        try:
            missing = sorted(free_variables(text) - known)
        except ValueError:
            continue  # reported as an expression that does not parse
        for name in missing:
            yield f"{place}: ${name} is not assigned on every way here"


def _assignments(state: State) -> Iterator[str]:
    yield from state.get("Assign", {})
    for field in ("Choices", "Catch"):
        for rule in state.get(field, []):
            yield from rule.get("Assign", {})


def _machine_faults(machine: Machine, outer: Names, taken: Names) -> Iterator[str]:
    """`outer`: what the machines around this one have assigned by now; `taken`: what they assign at any time."""
    known = known_on_entry(machine, outer)
    own = frozenset(name for state in machine["States"].values() for name in _assignments(state))
    for name, state in machine["States"].items():
        yield from _unknown(name, state, known[name])
        for variable in _assignments(state):
            if variable in taken:
                yield f"{name}: ${variable} belongs to the machine around this one and cannot be assigned here"
            if variable in PROVIDED:
                yield f"{name}: ${variable} is a function of JSONata; a variable of that name would hide it"
        for inner in sub_machines(state):
            alone = inner.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
            # Rounds of a distributed Map are executions of their own, which see no variable from outside.
            yield from _machine_faults(inner, frozenset() if alone else known[name], taken | own)


def variable_faults(machine: Machine) -> list[str]:
    """Uses of variables that may not be assigned yet, functions that do not exist, and assignments across scopes."""
    return list(_machine_faults(machine, frozenset(), frozenset()))

"""Which completed states of an execution still count when it is retried, or when another run starts from a step.

All functions are pure. An entry is a line of states.jsonl: `scope`, `state`, `output`, `assigned`, `caught`, `next`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]
#: What the resource of the task that ends a failed run ends with.
ENDS_BADLY = "aws-sdk:sfn:sendTaskFailure.waitForTaskToken"
_VARIABLE = re.compile(r"\{% \$(\w+) %\}")


def valid_entries(lines: Sequence[Entry]) -> list[Entry]:
    """The entries without those of branches and iterations that were begun anew, in their order."""
    kept: list[Entry] = []
    for line in lines:
        again = line.get("begin")
        if again is None:
            kept.append(line)
        else:
            kept = [entry for entry in kept if not _within(entry["scope"], again)]
    return kept


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine, by scope without indices: "" is the whole, "/Both/Each" an iteration within a branch."""

    #: The states of a scope; the branches of a Parallel state share one, since names are unique in a whole machine.
    states: Mapping[str, Mapping[str, Any]]
    #: The step of a state, itself if it has none.
    step_of: Mapping[str, str]

    @classmethod
    def of(cls, definition: Mapping[str, Any], step_of: Mapping[str, str]) -> "Machine":
        """The machine of a definition."""
        found: dict[str, dict[str, Any]] = {}
        for scope, state, body in _walk(definition, ""):
            found.setdefault(scope, {})[state] = body
        return cls(found, step_of)

    def doomed(self, scope: str) -> frozenset[str]:
        """States from which the scope can only fail."""
        states = self.states.get(_plain(scope), {})
        good = {name for name, state in states.items() if _ends_well(state)}
        while True:
            more = {name for name, state in states.items() if name not in good and good & set(_successors(state))}
            if not more:
                return frozenset(set(states) - good)
            good |= more

    def leads_back(self, scope: str) -> bool:
        """Whether the state that ends a failed execution goes on with what failed when it is run again."""
        return any(_ends_badly(state) for state in self.states.get(_plain(scope), {}).values())

    def polls(self, step: str | None) -> bool:
        """Whether a step starts something and then asks again and again whether it is over."""
        types = {
            state.get("Type")
            for states in self.states.values()
            for name, state in states.items()
            if step is not None and self.step_of.get(name) == step
        }
        return {"Task", "Wait"} <= types

    def inner_states(self, state: str) -> frozenset[str]:
        """The names of all states in the branches or iterations of a state."""
        return frozenset(
            name for scope, states in self.states.items() for name in states if state in scope.split("/")[1:]
        )


def entries_for_retry(lines: Sequence[Entry], machine: Machine) -> list[Entry]:
    """What of a failed or interrupted execution need not be run again.

    Of a failed execution all counts: it goes on in the state that it ended in, which leads back to the step that
    failed, as a redrive on AWS does. Within a branch or an iteration a failed state goes, together with all that was
    done about the failure, so that those beside it that were completed are not run again. A step that polls goes, if
    the execution ended in the middle of it: what it started lived in the memory of the local cloud.
    """
    entries = valid_entries(lines)
    gone: set[int] = set()
    for scope in dict.fromkeys(entry["scope"] for entry in entries):
        positions = [number for number, entry in enumerate(entries) if entry["scope"] == scope]
        keep = _kept_of_scope([entries[number] for number in positions], scope, machine)
        gone.update(positions[keep:])
    return [entry for number, entry in enumerate(entries) if number not in gone]


def _kept_of_scope(entries: Sequence[Entry], scope: str, machine: Machine) -> int:
    """How many of a scope's entries count."""
    doomed = machine.doomed(scope)
    end = next((number for number, entry in enumerate(entries) if entry["next"] in doomed), len(entries))
    if end < len(entries) and machine.leads_back(scope):
        return len(entries)
    if end < len(entries):
        failed = entries[end]["state"]
        step = machine.step_of.get(failed)
        # A decision, such as that a training job was stopped, was made on what the step's earlier states brought.
        whole = not entries[end]["caught"] or machine.polls(step)
        return _start_of_step(entries, end, step, machine) if whole else end
    resume = entries[-1]["next"] if entries else None
    step = machine.step_of.get(resume) if resume is not None else None
    return _start_of_step(entries, end, step, machine) if machine.polls(step) else end


def _start_of_step(entries: Sequence[Entry], end: int, step: str | None, machine: Machine) -> int:
    while step is not None and end and machine.step_of.get(entries[end - 1]["state"]) == step:
        end -= 1
    return end


def entries_for_start(lines: Sequence[Entry], machine: Machine, rerun: Set[str]) -> list[Entry]:
    """What a run that starts from a step takes over from an earlier one; `rerun`: that step and all that follow it."""
    again = {name for name, step in machine.step_of.items() if step in rerun}
    outer = {name for states in machine.states.values() for name in states if machine.inner_states(name) & again}
    doomed = frozenset(name for scope in machine.states for name in machine.doomed(scope))
    dropped = again | outer | doomed
    kept = []
    over: set[str] = set()
    for entry in valid_entries(lines):
        scope, state = entry["scope"], entry["state"]
        if state in dropped or entry["next"] in doomed:
            over.add(scope)
        # After the first state that is run again, only whole steps can be taken over: what is between them is cheap.
        elif scope not in over or state in machine.step_of:
            kept.append(entry)
    return kept


def scope_ends(machine: Machine, wanted: Set[str]) -> dict[str, dict[str, str]]:
    """The states at which a run up to some steps is over: those from which no state of a wanted step is reached.

    With each, what the branches beside it hand out: the keys of their outputs, and the variables that they have.
    """
    targets = {name for name, step in machine.step_of.items() if step in wanted}
    ends: dict[str, dict[str, str]] = {}
    for scope, states in machine.states.items():
        leading = {name for name in states if name in targets or machine.inner_states(name) & targets}
        while True:
            more = {name for name, state in states.items() if name not in leading and leading & set(_successors(state))}
            if not more:
                break
            leading |= more
        handed = _handed_out(states) if scope else {}
        ends |= {name: handed for name in states if name not in leading and name not in machine.doomed(scope)}
    return dict(sorted(ends.items()))


def _handed_out(states: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The variables that branches of a state give to it, by their keys in its result (emit/asl_weave.py)."""
    handed: dict[str, str] = {}
    for state in states.values():
        if state.get("End") and state["Type"] == "Pass" and isinstance(state.get("Output"), Mapping):
            found = ((key, _VARIABLE.fullmatch(str(text))) for key, text in state["Output"].items())
            handed |= {key: variable[1] for key, variable in found if variable}
    return handed


def _walk(machine: Mapping[str, Any], scope: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for name, state in machine.get("States", {}).items():
        yield scope, name, state
        for inner in [*state.get("Branches", []), state.get("ItemProcessor", {}), state.get("Iterator", {})]:
            yield from _walk(inner, f"{scope}/{name}")


def _successors(state: Mapping[str, Any]) -> Iterator[str]:
    if _ends_badly(state):
        return
    for holder in (state, *state.get("Choices", []), *state.get("Catch", [])):
        if "Next" in holder:
            yield holder["Next"]
    if "Default" in state:
        yield state["Default"]


def _ends_well(state: Mapping[str, Any]) -> bool:
    return bool(state.get("End")) or state.get("Type") == "Succeed"


def _ends_badly(state: Mapping[str, Any]) -> bool:
    """Whether it is the end of a failed run: a task that fails by its own token (emit/asl_end.py)."""
    return str(state.get("Resource", "")).endswith(ENDS_BADLY)


def _plain(scope: str) -> str:
    """A scope without its indices."""
    return "".join(f"/{part.rpartition('[')[0]}" for part in scope.split("/")[1:])


def _within(scope: str, outer: str) -> bool:
    return scope == outer or scope.startswith(f"{outer}/")

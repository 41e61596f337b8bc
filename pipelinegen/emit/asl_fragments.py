"""Fragments of the state machine: states that run as one, put in series, their variables renamed."""

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from pipelinegen.ir.model import Jsonata, Step

#: Order of keys in a state, for readers.
_KEYS = (
    "Comment",
    "QueryLanguage",
    "Type",
    "Resource",
    "Arguments",
    "Output",
    "Assign",
    "TimeoutSeconds",
    "Branches",
    "Items",
    "ItemReader",
    "ItemSelector",
    "ItemBatcher",
    "ItemProcessor",
    "MaxConcurrency",
    "ToleratedFailurePercentage",
    "Label",
    "Choices",
    "Default",
    "Error",
    "Cause",
)
_LAST_KEYS = ("Retry", "Catch", "Next", "End")
#: A state's result stays in variables; what is handed on is always the execution's input, so that no payload grows.
PASSED_ON = Jsonata("$states.input")

#: What a variable's name starts with inside a branch of a Parallel state.
INNER = "branch_"

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fragment:
    """States that run as one: where they start, and the states after which the next fragment follows."""

    start: str
    states: Mapping[str, State]
    exits: tuple[str, ...]


def exits(states: Mapping[str, State]) -> tuple[str, ...]:
    """The states that neither go on nor end."""
    return tuple(
        name
        for name, state in states.items()
        if state["Type"] not in ("Choice", "Succeed", "Fail") and not {"Next", "End"} & set(state)
    )


def state_names(machine: Mapping[str, Any]) -> list[str]:
    """Every state of a machine and of its branches, outer ones first."""
    names: list[str] = []
    for name, state in machine["States"].items():
        names.append(name)
        for branch in (*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else ())):
            names.extend(state_names(branch))
    return names


def belongs_to(state: str, step: Step) -> bool:
    """Whether a state is one of a step's: it is named like the step, or like it and something after a colon."""
    return state == step.title or state.startswith(f"{step.title}: ")


def renamed(fragment: Fragment, variables: Iterable[str]) -> Fragment:
    """The fragment of a branch with its own variables under names of their own.

    AWS refuses a variable that is assigned both inside a branch and outside of it, where it is handed out to
    (Step Functions guide, 'Passing data between states with variables', on scope).
    """
    names = set(variables)
    used = re.compile(rf"\$((?:{INNER})*(?:{'|'.join(sorted(names))}))\b")

    def rename(value: Any) -> Any:
        if isinstance(value, dict):
            inner = {key: rename(item) for key, item in value.items()}
            return {**inner, "Assign": _rename_keys(inner["Assign"], names)} if "Assign" in inner else inner
        if isinstance(value, list):
            return [rename(item) for item in value]
        is_expression = isinstance(value, str) and value.startswith("{%")
        return used.sub(rf"${INNER}\1", value) if is_expression else value

    return Fragment(fragment.start, {name: rename(state) for name, state in fragment.states.items()}, fragment.exits)


def _rename_keys(assign: State, names: Set[str]) -> State:
    """Names of deeper branches grow with them, so that no two levels share one."""
    return {f"{INNER}{key}" if key.replace(INNER, "") in names else key: value for key, value in assign.items()}


def link(fragments: Iterable[Fragment], *, end: bool = False) -> dict[str, State]:
    """One mapping of states: the exits of each fragment go to the start of the next; the last ones end, if so asked.

    A fragment without exits fails for certain; what would come after it is left out, for AWS refuses states that
    nothing leads to. Steps are never among it (`resolve.checks`).
    """
    states: dict[str, State] = {}
    open_exits: tuple[str, ...] = ()
    for fragment in fragments:
        if states and not open_exits:
            break
        for name in open_exits:
            # A choice that ends a fragment goes on where none of its rules holds.
            key = "Default" if states[name]["Type"] == "Choice" else "Next"
            states[name] = {**states[name], key: fragment.start}
        states.update(fragment.states)
        open_exits = fragment.exits
    for name in open_exits if end else ():
        states[name] = {**states[name], "End": True}
    return {name: ordered(state) for name, state in states.items()}


def ordered(state: State) -> State:
    """The state with its keys in the order readers expect."""
    middle = [key for key in state if key not in _KEYS and key not in _LAST_KEYS]
    keys = [*(key for key in _KEYS if key in state), *middle, *(key for key in _LAST_KEYS if key in state)]
    return {key: state[key] for key in keys}

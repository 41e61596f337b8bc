"""The query language of the whole machine: JSONata, unless a user's raw states are in JSONPath."""

from collections.abc import Iterator, Mapping
from typing import Any

State = dict[str, Any]


def in_one_language(states: Mapping[str, State]) -> tuple[str, dict[str, State]]:
    """The machine's language, and its states, each of which names its own where the machine's is JSONPath.

    AWS takes JSONata states in a machine of JSONPath, and never the other way round (Step Functions guide,
    "Transforming data with JSONata").
    """
    if not any(state.get("QueryLanguage") == "JSONPath" for state in _all_states(states)):
        return "JSONata", dict(states)
    return "JSONPath", _named(states)


def _named(states: Mapping[str, State]) -> dict[str, State]:
    found = {}
    for name, state in states.items():
        marked: State = {"QueryLanguage": "JSONata", **state}
        if "Branches" in marked:
            marked["Branches"] = [{**branch, "States": _named(branch["States"])} for branch in marked["Branches"]]
        for key in ("ItemProcessor", "Iterator"):
            if key in marked:
                marked[key] = {**marked[key], "States": _named(marked[key]["States"])}
        found[name] = marked
    return found


def _all_states(states: Mapping[str, State]) -> Iterator[State]:
    for state in states.values():
        yield state
        for machine in _machines(state):
            yield from _all_states(machine["States"])


def _machines(state: State) -> list[State]:
    return [*state.get("Branches", ()), *(state[key] for key in ("ItemProcessor", "Iterator") if key in state)]

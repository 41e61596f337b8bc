"""The shape of a state machine: fields per type, transitions, reachability, retriers and catchers."""

import re
from collections.abc import Iterator
from typing import Any, Final

Machine = dict[str, Any]
State = dict[str, Any]

_EVERYWHERE: Final = {"Type", "Comment", "QueryLanguage"}
_MOVING: Final = _EVERYWHERE | {"Next", "End", "Output", "Assign"}
_FALLIBLE: Final = _MOVING | {"Arguments", "Retry", "Catch"}
_MAP: Final = {"Items", "ItemReader", "ItemSelector", "ItemBatcher", "ItemProcessor", "ResultWriter", "MaxConcurrency"}
_TOLERANCE: Final = {"ToleratedFailurePercentage", "ToleratedFailureCount", "Label"}
_FIELDS: Final = {
    "Task": _FALLIBLE | {"Resource", "TimeoutSeconds", "HeartbeatSeconds", "Credentials"},
    "Parallel": _FALLIBLE | {"Branches"},
    "Map": (_FALLIBLE - {"Arguments"}) | _MAP | _TOLERANCE,
    "Pass": _MOVING,
    "Wait": _MOVING | {"Seconds", "Timestamp"},
    "Choice": _EVERYWHERE | {"Choices", "Default", "Output", "Assign"},
    "Succeed": _EVERYWHERE | {"Output"},
    "Fail": _EVERYWHERE | {"Error", "Cause"},
}
#: The same in JSONPath mode.
_PATHS: Final = _EVERYWHERE | {"InputPath", "OutputPath"}
_PATHS_MOVING: Final = _PATHS | {"Next", "End", "Assign"}
_PATHS_RESULT: Final = _PATHS_MOVING | {"Parameters", "ResultPath", "ResultSelector", "Retry", "Catch"}
_JSONPATH_FIELDS: Final = {
    "Task": _PATHS_RESULT
    | {"Resource", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath", "Credentials"},
    "Parallel": _PATHS_RESULT | {"Branches"},
    "Map": _PATHS_RESULT
    | (_MAP - {"Items"})
    | _TOLERANCE
    | {"ItemsPath", "Iterator", "MaxConcurrencyPath", "ToleratedFailurePercentagePath", "ToleratedFailureCountPath"},
    "Pass": _PATHS_MOVING | {"Parameters", "Result", "ResultPath"},
    "Wait": _PATHS_MOVING | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Choice": _PATHS | {"Choices", "Default", "Assign"},
    "Succeed": _PATHS,
    "Fail": _EVERYWHERE | {"Error", "ErrorPath", "Cause", "CausePath"},
}
_REQUIRED: Final = {"Task": ("Resource",), "Parallel": ("Branches",), "Map": ("ItemProcessor",), "Choice": ("Choices",)}
_MACHINE_FIELDS: Final = {
    "Comment",
    "QueryLanguage",
    "StartAt",
    "States",
    "TimeoutSeconds",
    "Version",
    "ProcessorConfig",
}
_ENDING: Final = {"Succeed", "Fail"}
#: Errors that Step Functions itself raises (developer guide, "Error names").
_OWN_ERRORS: Final = {
    "States.ALL",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.Http.Socket",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultPathMatchFailure",
    "States.ResultWriterFailed",
    "States.Runtime",
    "States.TaskFailed",
    "States.Timeout",
}
#: What an HTTP task raises for an answer of 4xx or 5xx.
_HTTP_STATUS: Final = re.compile(r"States\.Http\.StatusCode\.[45][0-9]{2}")
_LONGEST_NAME: Final = 80


def is_jsonpath(state: State) -> bool:
    """Whether a state's expressions are JSONPath; ours say which they are wherever they are not all JSONata."""
    return state.get("QueryLanguage") == "JSONPath"


def sub_machines(state: State) -> list[Machine]:
    """The machines inside a Parallel or Map state."""
    inner: list[Machine] = list(state.get("Branches", []))
    return [*inner, *(state[field] for field in ("ItemProcessor", "Iterator") if field in state)]


def all_states(machine: Machine) -> Iterator[tuple[str, State]]:
    """Every state of the machine and of the machines inside it."""
    for name, state in machine.get("States", {}).items():
        yield name, state
        for inner in sub_machines(state):
            yield from all_states(inner)


def targets(state: State) -> list[str]:
    """The states that may follow, in the order of the text."""
    found = [state[field] for field in ("Next", "Default") if field in state]
    return found + [rule["Next"] for field in ("Choices", "Catch") for rule in state.get(field, []) if "Next" in rule]


def _field_faults(name: str, state: State, language: str) -> Iterator[str]:
    kind = state.get("Type")
    if not isinstance(kind, str) or kind not in _FIELDS:
        yield f"{name}: there is no state type {kind!r}"
        return
    known = (_FIELDS if language == "JSONata" else _JSONPATH_FIELDS)[kind]
    for field in state:
        if field not in known:
            yield f"{name}: a {kind} state in {language} mode has no field {field!r}"
    for field in _REQUIRED.get(kind, ()):
        if not state.get(field) and not (field == "ItemProcessor" and state.get("Iterator")):
            yield f"{name}: a {kind} state needs {field!r}"
    if "Next" in known and ("Next" in state) == (state.get("End") is True):
        yield f"{name}: exactly one of Next and End is needed"
    if len(name) > _LONGEST_NAME:
        yield f"{name}: {len(name)} characters, a state's name has at most {_LONGEST_NAME}"


def _choice_faults(name: str, state: State, language: str) -> Iterator[str]:
    if language != "JSONata":
        return
    for index, rule in enumerate([] if is_jsonpath(state) else state.get("Choices", [])):
        for field in ("Condition", "Next"):
            if field not in rule:
                yield f"{name}.Choices[{index}]: {field!r} is missing"
        for field in rule:
            if field not in {"Condition", "Next", "Assign", "Output", "Comment"}:
                yield f"{name}.Choices[{index}]: a choice in JSONata mode has no field {field!r}"


def _error_faults(name: str, state: State) -> Iterator[str]:
    for field in ("Retry", "Catch"):
        rules = state.get(field, [])
        for index, rule in enumerate(rules):
            place = f"{name}.{field}[{index}]"
            errors = rule.get("ErrorEquals", [])
            if not errors:
                yield f"{place}: ErrorEquals is empty"
            if "States.ALL" in errors and (len(errors) > 1 or index < len(rules) - 1):
                yield f"{place}: States.ALL must stand alone and last"
            for error in errors:
                if error.startswith("States.") and error not in _OWN_ERRORS and not _HTTP_STATUS.fullmatch(error):
                    yield f"{place}: Step Functions raises no {error!r}"


def _graph_faults(place: str, machine: Machine) -> Iterator[str]:
    states = machine.get("States") or {}
    start = str(machine.get("StartAt"))
    if start not in states:
        yield f"{place}: StartAt names {start!r}, which is no state"
        return
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        for target in targets(states[name]):
            if target in states:
                waiting.append(target)
            else:
                yield f"{name}: leads to {target!r}, which is no state here"
    for name in states:
        if name not in reached:
            yield f"{name}: no state leads here"
    if not any(states[name].get("End") or states[name].get("Type") in _ENDING for name in reached):
        yield f"{place}: no state ends the machine"


def _machine_faults(place: str, machine: Machine, language: str) -> Iterator[str]:
    for field in machine:
        if field not in _MACHINE_FIELDS:
            yield f"{place}: a machine has no field {field!r}"
    if not isinstance(machine.get("TimeoutSeconds", 1), int):
        yield f"{place}: TimeoutSeconds must be a number"
    yield from _graph_faults(place, machine)
    for name, state in (machine.get("States") or {}).items():
        own = state.get("QueryLanguage", language)
        yield from _field_faults(name, state, own)
        yield from _choice_faults(name, state, own)
        yield from _error_faults(name, state)
        for inner in sub_machines(state):
            yield from _machine_faults(name, inner, own)


def _repeated_names(machine: Machine) -> Iterator[str]:
    names = [name for name, _ in all_states(machine)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name}: the name is used {names.count(name)} times; names are unique in the whole machine"


def structure_faults(machine: Machine) -> list[str]:
    """What is wrong with the shape of the machine."""
    broken = list(_broken_parts("state machine", machine))
    if broken:  # nothing else can be said of what is no machine
        return broken
    return [*_machine_faults("state machine", machine, language_of(machine)), *_repeated_names(machine)]


def language_of(machine: Machine) -> str:
    """JSONata, or JSONPath, which is what a machine has that names none."""
    return str(machine.get("QueryLanguage", "JSONPath"))


def _broken_parts(place: str, machine: object) -> Iterator[str]:
    """Places where the States Language wants an object and something else is."""
    states = machine.get("States") if isinstance(machine, dict) else None
    if not isinstance(machine, dict) or not isinstance(states, dict) or not states:
        yield f"{place}: a machine is an object with StartAt and States"
        return
    for name, state in states.items():
        if not isinstance(state, dict):
            yield f"{name}: a state is an object"
            continue
        for field in ("Retry", "Catch", "Choices", "Branches"):
            rules = state.get(field, [])
            if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
                yield f"{name}: {field} is a list of objects"
                return
        if state.get("Type") == "Task" and not isinstance(state.get("Resource", ""), str):
            yield f"{name}: Resource is a text"
        for inner in sub_machines(state):
            yield from _broken_parts(name, inner)

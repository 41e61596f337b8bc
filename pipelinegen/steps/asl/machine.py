"""Raw states, held against the language: where they lead, the fields they may have, and whether JSONata parses."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pipelinegen.asl_lint.timing import timing_faults
from pipelinegen.aws.models import find_service, service_names
from pipelinegen.errors import Diagnostic, suggest
from pipelinegen.source import SpanTree
from pipelinegen.steps.asl.fields import ENDING, JSONATA, JSONPATH, REQUIRED

State = Mapping[str, Any]
Path = tuple[str | int, ...]

#: With the step's title before it, a state's name has at most 80 characters (AWS Step Functions).
LONGEST_NAME: Final = 48
#: States that the compiler puts around those of any step.
_TAKEN: Final = frozenset({"due?", "failed, going on", "keep result", "run states", "skipped", "tell of failure"})
RESOURCE: Final = re.compile(
    r"arn:aws[a-z-]*:states:[a-z0-9-]*:[0-9]*:(?P<sdk>aws-sdk:)?(?P<service>[A-Za-z0-9-]+):(?P<action>[A-Za-z0-9]+)(?:\.(?:sync|sync:2|waitForTaskToken))?"
)
_FUNCTION: Final = re.compile(
    r"arn:aws[a-z-]*:(lambda:[a-z0-9-]+:[0-9]{12}:function|states:[a-z0-9-]+:[0-9]{12}:activity):.+"
)
_EXPRESSION: Final = re.compile(r"\{%(.*)%\}", re.DOTALL)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


def _is_list_of_mappings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _leads_by_text(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, dict) and _is_text(item.get("Next")) and isinstance(item.get("Assign", {}), dict)
        for item in value
    )


_FORMS: Final[Mapping[str, Callable[[object], bool]]] = {
    "Assign": _is_mapping,
    "Branches": _is_list_of_mappings,
    "Catch": _leads_by_text,
    "Choices": _leads_by_text,
    "Default": _is_text,
    "ItemProcessor": _is_mapping,
    "Iterator": _is_mapping,
    "Next": _is_text,
    "Resource": _is_text,
    "Retry": _is_list_of_mappings,
}
_FORM_NOUNS: Final[Mapping[str, str]] = {
    "Assign": "a mapping of names to values",
    "Branches": "a list of machines",
    "Catch": "a list of mappings, each with `Next`, and `Assign` a mapping",
    "Choices": "a list of mappings, each with `Next`, and `Assign` a mapping",
    "Default": "a state's name",
    "ItemProcessor": "a machine",
    "Iterator": "a machine",
    "Next": "a state's name",
    "Resource": "an ARN",
    "Retry": "a list of mappings",
}


@dataclass(slots=True)
class MachineCheck:
    """Collects what is wrong with a machine and the machines inside it, and the variables its states set."""

    spans: SpanTree
    jsonpath: bool
    faults: list[Diagnostic] = field(default_factory=list)
    variables: dict[str, Path] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def check(self, machine: Mapping[str, Any], path: Path) -> None:
        """Notes every fault of a machine, which stands at `path`; `StartAt` and `States` are there."""
        states = machine.get("States")
        if not isinstance(states, dict) or not states:
            self._fault("a machine has `States`, a mapping of states by their names", "give it some", path)
            return
        for name, state in states.items():
            self._check_name(name, (*path, "States", name))
            if isinstance(state, dict):
                self._check_state(name, state, (*path, "States", name), states)
            else:
                self._fault(
                    f"state '{name}' is no mapping", "write its fields as `Key: value`", (*path, "States", name)
                )
        self._check_ways(machine, states, path)

    def _check_name(self, name: str, path: Path) -> None:
        if len(name) > LONGEST_NAME:
            message = f"the state's name has {len(name)} characters; with the step's before it, {LONGEST_NAME} may be"
            self._fault(message, f"shorten it to {LONGEST_NAME} characters", path, label=True)
        if name in _TAKEN or name.startswith("hand out"):
            self._fault(f"a state of the step is named '{name}' already", "give it another name", path, label=True)
        if name in self.names:
            self._fault(f"two states are named '{name}'", "give one of them another name", path, label=True)
        self.names.add(name)

    def _check_state(self, name: str, state: State, path: Path, siblings: Mapping[str, Any]) -> None:
        kind: object = state.get("Type")
        if not isinstance(kind, str) or kind not in JSONATA:
            message = f"state '{name}' has no type that there is"
            self._fault(message, suggest(str(kind), JSONATA, "types"), (*path, "Type"))
            return
        self._check_fields(name, state, kind, path)
        if not self._check_forms(state, path):
            return
        for target, place in _targets(state):
            if target not in siblings:
                help = suggest(str(target), siblings, "states")
                self._fault(f"there is no state '{target}' here", help, (*path, *place))
        if kind == "Task" and state.get("Resource"):
            self._check_resource(state["Resource"], (*path, "Resource"))
            for key, fact, help in timing_faults(state):
                at = (*path, key) if key in state else path
                self._fault(f"state '{name}': {fact}", help, at, label=key not in state)
        self._check_texts(state, path)
        for inner, place in inner_machines(state):
            self.check(inner, (*path, *place))

    def _check_fields(self, name: str, state: State, kind: str, path: Path) -> None:
        own = state.get("QueryLanguage")
        by_path = self.jsonpath and own != "JSONata"
        if own == "JSONPath" and not self.jsonpath:
            self._fault("JSONPath in a machine of JSONata", "write `language: jsonpath`", (*path, "QueryLanguage"))
        fields = (JSONPATH if by_path else JSONATA)[kind]
        for key in state:
            if key not in fields:
                language = "JSONPath" if by_path else "JSONata"
                message = f"a {kind} state with {language} has no field '{key}'"
                self._fault(message, suggest(key, fields, "it may have"), (*path, key), label=True)
        for key in REQUIRED.get(kind, ()):
            if not state.get(key):
                self._fault(f"state '{name}' lacks '{key}'", f"add `{key}:`", path, label=True)
        if kind == "Map" and not {"ItemProcessor", "Iterator"} & set(state):
            self._fault(f"state '{name}' lacks 'ItemProcessor'", "add `ItemProcessor:`", path, label=True)
        if "Next" in fields and ("Next" in state) == (state.get("End") is True):
            self._fault(f"state '{name}' must have either 'Next' or 'End: true'", "give one of them", path, label=True)

    def _check_forms(self, state: State, path: Path) -> bool:
        """Whether every field that the other checks look into is of the form they expect."""
        wrong = [key for key, fits in _FORMS.items() if key in state and not fits(state[key])]
        for key in wrong:
            self._fault(f"'{key}' is not of the form that it has", f"write {_FORM_NOUNS[key]} here", (*path, key))
        return not wrong

    def _check_resource(self, resource: str, path: Path) -> None:
        found = RESOURCE.fullmatch(resource)
        if found is None:
            if not _FUNCTION.fullmatch(resource):
                help = "write arn:aws:states:::aws-sdk:<service>:<action>, or the ARN of a function"
                self._fault(f"'{resource[:80]}' is nothing that a task can call", help, path)
            return
        if not found["sdk"]:
            return
        service = find_service(found["service"])
        if service is None or service.sdk != found["service"]:
            help = (
                f"did you mean '{service.sdk}'?" if service else suggest(found["service"], service_names(), "services")
            )
            self._fault(f"the AWS SDK has no service '{found['service']}'", help, path)
        elif service.call(found["action"]) is None:
            help = suggest(found["action"], service.actions, "its actions")
            self._fault(f"service '{service.sdk}' has no action '{found['action']}'", help, path)

    def _check_texts(self, state: State, path: Path) -> None:
        """Whether JSONata parses, and what is assigned; machines inside are looked at by themselves."""
        assign = state.get("Assign")
        for key in assign if isinstance(assign, dict) else ():
            self.variables.setdefault(key.removesuffix(".$"), (*path, "Assign", key))
        inside = {"Branches", "ItemProcessor", "Iterator"}
        if self.jsonpath and state.get("QueryLanguage") != "JSONata":
            return
        for key, value in state.items():
            if key in inside:
                continue
            for place, text in texts(value, (*path, key)):
                wrong = _jsonata_fault(text)
                if wrong:
                    self._fault(f"the JSONata does not parse: {wrong}", "mend the expression", place)

    def _check_ways(self, machine: Mapping[str, Any], states: Mapping[str, Any], path: Path) -> None:
        start = machine.get("StartAt")
        if not isinstance(start, str) or start not in states:
            place = (*path, "StartAt") if "StartAt" in machine else path
            self._fault(f"there is no state '{start}' to start at", suggest(str(start), states, "states"), place)
            return
        reached: set[Any] = set()
        waiting: list[Any] = [start]
        while waiting:
            name = waiting.pop()
            if not isinstance(name, str) or name in reached or not isinstance(states.get(name), dict):
                continue
            reached.add(name)
            waiting.extend(target for target, _ in _targets(states[name]))
        for name in states:
            if name not in reached:
                place = (*path, "States", name)
                self._fault(f"no state leads to '{name}'", "lead to it, or remove it", place, label=True)
        ends = [name for name in reached if states[name].get("End") is True or str(states[name].get("Type")) in ENDING]
        if reached and not ends:
            self._fault("no state ends the machine", "write `End: true` in its last one", path, label=True)

    def _fault(self, message: str, help: str, path: Path, *, label: bool = False) -> None:
        tree = self.spans.at(*path)
        self.faults.append(Diagnostic(tree.label if label else tree.value, "PG125", message, help))


def inner_machines(state: State) -> Iterator[tuple[Mapping[str, Any], Path]]:
    """The machines inside a Parallel or Map state, and where they stand in it."""
    branches = state.get("Branches")
    for index, branch in enumerate(branches if isinstance(branches, list) else ()):
        if isinstance(branch, dict):
            yield branch, ("Branches", index)
    for key in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(key), dict):
            yield state[key], (key,)


def prefixed(machine: Mapping[str, Any], title: str, *, jsonpath: bool) -> dict[str, Any]:
    """The machine with the step's title before every state's name, and with texts that Terraform leaves alone."""
    states = {}
    for name, state in machine["States"].items():
        moved = {key: _moved(key, value, title, jsonpath=jsonpath) for key, value in state.items()}
        if jsonpath:
            moved.setdefault("QueryLanguage", "JSONPath")
        states[f"{title}: {_escaped(name)}"] = moved
    rest = {key: _escaped(value) for key, value in machine.items() if key not in ("StartAt", "States", "QueryLanguage")}
    return {**rest, "StartAt": f"{title}: {_escaped(machine['StartAt'])}", "States": states}


def _moved(key: str, value: Any, title: str, *, jsonpath: bool) -> Any:
    if key in ("Next", "Default"):
        return f"{title}: {_escaped(value)}"
    if key in ("Choices", "Catch"):
        return [
            {
                inner: _moved(inner, item, title, jsonpath=jsonpath) if inner == "Next" else _escaped(item)
                for inner, item in rule.items()
            }
            for rule in value
        ]
    if key == "Branches":
        return [prefixed(branch, title, jsonpath=jsonpath) for branch in value]
    if key in ("ItemProcessor", "Iterator"):
        return prefixed(value, title, jsonpath=jsonpath)
    return _escaped(value)


def _escaped(value: Any) -> Any:
    """The value with every `${` and `%{` as Terraform's `templatefile` wants it to leave it alone."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {_escaped(key): _escaped(item) for key, item in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list) else value


def _targets(state: State) -> Iterator[tuple[Any, Path]]:
    for key in ("Next", "Default"):
        if key in state:
            yield state[key], (key,)
    for key in ("Choices", "Catch"):
        rules = state.get(key)
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict) and "Next" in rule:
                yield rule["Next"], (key, index, "Next")


def texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text inside a value, and where it stands."""
    if isinstance(value, str):
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from texts(item, (*path, key))


def _jsonata_fault(text: str) -> str | None:
    """What is wrong with the expression in a text, None if there is none or it parses."""
    found = _EXPRESSION.fullmatch(text.strip())
    if found is None:
        return "the expression has no end" if text.startswith("{%") else None
    from jsonata import Jsonata

    try:
        Jsonata(found.group(1))
    except RecursionError:
        return "it nests too deeply"
    except Exception as error:  # the parser raises whatever it meets
        return str(error) or type(error).__name__
    return None

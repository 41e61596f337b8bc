"""What raw states in JSONata read and give: variables and functions, the step's inputs, the keys of its result."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipelinegen.errors import Diagnostic, Span, did_you_mean, suggest
from pipelinegen.source import SpanTree
from pipelinegen.steps.asl.fields import ENDING
from pipelinegen.steps.asl.machine import Path, State, inner_machines, texts

#: Hand on what they got, unless they have an `Output`.
_PASSING: Final = frozenset({"Choice", "Pass", "Succeed", "Wait"})
_INSIDE: Final = frozenset({"Branches", "ItemProcessor", "Iterator"})
#: Developer guide, "Transforming data with JSONata", and "Accessing execution data from the Context object".
_PARTS: Final = frozenset({"context", "errorOutput", "input", "result"})
_WITH_A_RESULT: Final = frozenset({"Map", "Parallel", "Task"})
_CONTEXT: Final[Mapping[str, frozenset[str]]] = {
    "Execution": frozenset({"Id", "Input", "Name", "RedriveCount", "RedriveTime", "RoleArn", "StartTime"}),
    "Map": frozenset({"Item"}),
    "State": frozenset({"EnteredTime", "Name", "RetryCount"}),
    "StateMachine": frozenset({"Id", "Name"}),
    "Task": frozenset({"Token"}),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A sound machine in JSONata: what its first state is given, what is known around it, what it is to give."""

    spans: SpanTree
    inputs: Collection[str]
    around: frozenset[str]
    #: Beginnings of names that belong to steps before this one.
    prefixes: tuple[str, ...]
    #: Keys of what it is to give, and where each is named.
    result: Mapping[str, Span]

    def faults(self, machine: Mapping[str, Any], path: Path) -> Iterator[Diagnostic]:
        """PG125 for every name that nothing stands for; `StartAt` and `States` are at `path`."""
        yield from self._unknown_variables(machine, path, self.around)
        given = _with_the_input(machine)
        for name in given:
            yield from self._unknown_inputs(machine["States"][name], (*path, "States", name))
        yield from self._lacking_results(machine, given)

    def _unknown_variables(self, machine: Mapping[str, Any], path: Path, outer: frozenset[str]) -> Iterator[Diagnostic]:
        from pipelinegen.asl_lint.expressions import PROVIDED, free_variables
        from pipelinegen.asl_lint.variables import known_on_entry

        known = known_on_entry(dict(machine), outer)
        for name, state in machine["States"].items():
            place = (*path, "States", name)
            for at, text in _expressions(state, place):
                yield from self._unknown_parts(state, at, text)
                for missing in sorted(free_variables(text) - known[name]):
                    if missing.startswith(self.prefixes):
                        continue
                    hint = did_you_mean(missing, known[name] | PROVIDED)
                    help = hint or "assign it in every state on the way here, or give it in `inputs:`"
                    yield self._fault(f"there is no variable or function '${missing}' here", help, at)
            for inner, where in inner_machines(state):
                config = inner.get("ProcessorConfig")
                alone = isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED"
                # Rounds of a distributed Map are executions of their own, which see no variable from outside.
                yield from self._unknown_variables(inner, (*place, *where), frozenset() if alone else known[name])

    def _unknown_parts(self, state: State, at: Path, text: str) -> Iterator[Diagnostic]:
        """Parts of `$states` that there are not, or not in this state, and of its `context`."""
        from pipelinegen.asl_lint.expressions import paths

        for names in paths(text):
            if names[0] != "states" or len(names) < 2:
                continue
            part = names[1]
            inside = _CONTEXT if part == "context" else {}
            if part not in _PARTS:
                yield self._fault(f"`$states` has no '{part}'", suggest(part, _PARTS, "it has"), at)
            elif part == "errorOutput" and "Catch" not in at:
                yield self._fault("`$states.errorOutput` is there in `Catch:` only", "move it there", at)
            elif part == "result" and state["Type"] not in _WITH_A_RESULT:
                help = f"use `$states.input`; there is one in {', '.join(sorted(_WITH_A_RESULT))}"
                yield self._fault(f"a {state['Type']} state has no `$states.result`", help, at)
            elif inside and len(names) > 2 and names[2] not in inside:
                yield self._fault(f"`$states.context` has no '{names[2]}'", suggest(names[2], inside, "it has"), at)
            elif inside and len(names) > 3 and names[3] not in inside[names[2]]:
                help = suggest(names[3], inside[names[2]], "it has")
                yield self._fault(f"`$states.context.{names[2]}` has no '{names[3]}'", help, at)

    def _unknown_inputs(self, state: State, path: Path) -> Iterator[Diagnostic]:
        from pipelinegen.asl_lint.expressions import paths

        for at, text in _expressions(state, path):
            for names in paths(text):
                if names[:2] == ("states", "input") and len(names) > 2 and names[2] not in self.inputs:
                    help = suggest(names[2], self.inputs, "its inputs")
                    yield self._fault(f"the step has no input '{names[2]}'", help, at)

    def _lacking_results(self, machine: Mapping[str, Any], given: Collection[str]) -> Iterator[Diagnostic]:
        """Keys of `result:` that no end of the machine gives; one that some ends lack is null there."""
        known: set[str] = set()
        for name, state in machine["States"].items():
            if state.get("End") is True or state["Type"] in ENDING:
                keys = _keys_at_end(state, self.inputs if name in given else None)
                if keys is None:
                    return
                known |= keys
        for key, span in self.result.items():
            if key not in known:
                help = suggest(key, known, "the last state gives")
                yield Diagnostic(span, "PG125", f"no state at the machine's end gives '{key}'", help)

    def _fault(self, message: str, help: str, path: Path) -> Diagnostic:
        return Diagnostic(self.spans.at(*path).value, "PG125", message, help)


def _expressions(state: State, path: Path) -> Iterator[tuple[Path, str]]:
    """Every expression of a state, machines inside it left out."""
    for key, value in state.items():
        if key not in _INSIDE:
            yield from ((at, text) for at, text in texts(value, (*path, key)) if text.strip().startswith("{%"))


def _with_the_input(machine: Mapping[str, Any]) -> frozenset[str]:
    """The states whose input is the machine's own whichever way they are reached."""
    states: Mapping[str, State] = machine["States"]
    found = set(states)
    ways = [(name, target, keeps) for name, state in states.items() for target, keeps in _ways(state)]
    while True:
        lost = {target for name, target, keeps in ways if target in found and not (keeps and name in found)}
        if not lost:
            return frozenset(found)
        found -= lost


def _ways(state: State) -> Iterator[tuple[str, bool]]:
    """Where a state leads, and whether its own input is handed on there."""
    keeps = state["Type"] in _PASSING and "Output" not in state and "Result" not in state
    for key in ("Next", "Default"):
        if key in state:
            yield state[key], keeps
    for rule in state.get("Choices", ()):
        yield rule["Next"], "Output" not in rule and "Output" not in state
    for rule in state.get("Catch", ()):
        yield rule["Next"], False


def _keys_at_end(state: State, inputs: Collection[str] | None) -> set[str] | None:
    """The keys of what the machine gives there; None where only the run knows."""
    if state["Type"] == "Fail":
        return set()
    output = state.get("Output")
    if isinstance(output, dict):
        return set(output)
    if output is None and state["Type"] in _PASSING:
        return None if inputs is None else set(inputs)
    return None if output is None or (isinstance(output, str) and output.strip().startswith("{%")) else set()

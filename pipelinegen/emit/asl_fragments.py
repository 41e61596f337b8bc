"""Fragments of the state machine: a step's states with guard and retries; fragments in series and in parallel."""

import json
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from pipelinegen.emit.base import Workbench
from pipelinegen.ir.expressions import comment
from pipelinegen.ir.graph import Parallel, Plan, Series
from pipelinegen.ir.model import Json, Jsonata, Step
from pipelinegen.render.literals import plain_json

#: Order of keys in a state, for readers.
_KEYS = (
    "Comment",
    "Type",
    "Resource",
    "Arguments",
    "Output",
    "Assign",
    "TimeoutSeconds",
    "Branches",
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


def fragments_of(bench: Workbench, steps: Mapping[str, Step], plan: Plan) -> list[Fragment]:
    """The top level of a plan, in series."""
    parts = plan.parts if isinstance(plan, Series) else (plan,)
    return [
        _parallel(bench, steps, part) if isinstance(part, Parallel) else _step(bench, steps, part) for part in parts
    ]


def _step(bench: Workbench, steps: Mapping[str, Step], part: Plan) -> Fragment:
    assert isinstance(part, str)
    step = steps[part]
    assert step.state is not None
    body = json.loads(bench.renderer.render(step.state.template, step.state.context, passed_on=PASSED_ON))
    place = bench.pipeline.cited(step.span)
    if "Type" in body:
        body = {"StartAt": step.title, "States": {step.title: body}}
    states: dict[str, State] = {}
    for name, state in body["States"].items():
        about = {"Comment": comment(f"{step.description} ({place})")} if name == step.title else {}
        states[name] = _retried(step, {**about, **state})
    return _guarded(step, _tolerant(step, Fragment(body["StartAt"], states, exits(states))))


def _retried(step: Step, state: State) -> State:
    """The state with the step's own retries after those of its service."""
    if step.retry is None or state["Type"] != "Task":
        return state
    retrier: State = {
        "ErrorEquals": ["States.TaskFailed", "States.Timeout"],
        "IntervalSeconds": step.retry.interval_seconds,
        "MaxAttempts": step.retry.max_attempts,
        "BackoffRate": step.retry.backoff_rate,
        "JitterStrategy": "FULL" if step.retry.jitter else "NONE",
    }
    return {**state, "Retry": [*state.get("Retry", ()), retrier]}


def _tolerant(step: Step, fragment: Fragment) -> Fragment:
    """The fragment of a step that may fail: its failure leads on, past it."""
    if not step.may_fail:
        return fragment
    failed = f"{step.title}: failed, going on"
    states: dict[str, State] = {}
    for name, state in fragment.states.items():
        catch = [{"ErrorEquals": ["States.ALL"], "Next": failed}]
        states[name] = {**state, "Catch": catch} if state["Type"] in ("Task", "Parallel") else state
        if state["Type"] == "Fail":
            states[name] = {"Type": "Pass", "Next": failed}
    states[failed] = {"Type": "Pass", "Assign": _without_result(step)}
    return _marked(step, Fragment(fragment.start, states, (*fragment.exits, failed)), fragment.exits)


def _guarded(step: Step, fragment: Fragment) -> Fragment:
    """The fragment behind a choice, where the step has a condition."""
    if step.guard is None:
        return fragment
    due, skipped = f"{step.title}: due?", f"{step.title}: skipped"
    marked = fragment if step.may_fail else _marked(step, fragment, fragment.exits)
    choice: State = {
        "Type": "Choice",
        "Choices": [{"Condition": plain_json(step.guard), "Next": marked.start}],
        "Default": skipped,
    }
    states = {due: choice, **marked.states, skipped: {"Type": "Pass", "Assign": _without_result(step)}}
    return Fragment(due, states, (*marked.exits, skipped))


def _marked(step: Step, fragment: Fragment, done: tuple[str, ...]) -> Fragment:
    """The fragment whose exits say that the step did its work."""
    states = dict(fragment.states)
    for name in done:
        states[name] = {**states[name], "Assign": {**states[name].get("Assign", {}), f"{step.ran}": True}}
    return Fragment(fragment.start, states, fragment.exits)


def _without_result(step: Step) -> State:
    """What the step's variables are when it did not do its work."""
    values: dict[str, Json] = {variable: step.otherwise.get(variable) for variable in step.assigns}
    assign: State = {**plain_json(values), f"{step.ran}": False}
    return assign


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
        for branch in state.get("Branches", ()):
            names.extend(state_names(branch))
    return names


def belongs_to(state: str, step: Step) -> bool:
    """Whether a state is one of a step's: it is named like the step, or like it and something after a colon."""
    return state == step.title or state.startswith(f"{step.title}: ")


def _parallel(bench: Workbench, steps: Mapping[str, Step], part: Parallel) -> Fragment:
    """One Parallel state; variables that its branches assign are handed out of it."""
    branches: list[State] = []
    assign: dict[str, Json] = {}
    names: list[str] = []
    for index, branch in enumerate(part.branches):
        inside = fragments_of(bench, steps, branch)
        members = _members(branch)
        variables = sorted({variable for name in members for variable in steps[name].variables})
        names.extend(steps[name].title for name in members)
        if variables:
            inside = [_renamed(fragment, variables) for fragment in inside]
            inside.append(_hand_out(_hand_out_title([steps[name].title for name in members]), variables))
            assign.update({variable: Jsonata(f"$states.result[{index}].{variable}") for variable in variables})
        branches.append({"StartAt": inside[0].start, "States": link(inside, end=True)})
    title = " and ".join(names) if len(" and ".join(names)) <= 70 else f"{names[0]} and {len(names) - 1} more"
    state: State = {"Type": "Parallel", "Branches": branches, "Output": plain_json(PASSED_ON)}
    if assign:
        state["Assign"] = plain_json(assign)
    return Fragment(title, {title: state}, (title,))


def _renamed(fragment: Fragment, variables: Iterable[str]) -> Fragment:
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


def _members(plan: Plan) -> list[str]:
    if isinstance(plan, str):
        return [plan]
    parts = plan.parts if isinstance(plan, Series) else plan.branches
    return [name for part in parts for name in _members(part)]


def _hand_out_title(titles: list[str]) -> str:
    """At most 76 characters; no branch inside this one has both its first and its last step."""
    return f"{titles[-1]}: hand out" + (f" from {titles[0]}" if len(titles) > 1 else "")


def _hand_out(title: str, variables: list[str]) -> Fragment:
    output = plain_json({variable: Jsonata(f"${INNER}{variable}") for variable in variables})
    return Fragment(title, {title: {"Type": "Pass", "Output": output}}, (title,))


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
            states[name] = {**states[name], "Next": fragment.start}
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

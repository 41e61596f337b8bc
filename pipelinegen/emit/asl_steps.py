"""A step's own states: rendered, with its retries, its guard, and what happens when it may fail."""

import json
import re

from pipelinegen.emit.asl_failure import led
from pipelinegen.emit.asl_fragments import PASSED_ON, Fragment, State, exits
from pipelinegen.emit.base import Workbench
from pipelinegen.ir.expressions import comment
from pipelinegen.ir.model import Json, Step
from pipelinegen.render.literals import plain_json

#: What the states are called that a step leaves behind which failed and may fail, or which had nothing to do.
WENT_ON, SKIPPED = "failed, going on", "skipped"
#: Calls that change nothing, or stop what is to be stopped: a second one does no harm.
_READING = re.compile(r":aws-sdk:[a-z0-9]+:(cancel|describe|get|list|stop)[A-Za-z0-9]*$")


def rendered(bench: Workbench, step: Step) -> Fragment:
    """The states of a step's template, with the step's own retries."""
    assert step.state is not None
    body = json.loads(bench.renderer.render(step.state.template, step.state.context, passed_on=PASSED_ON))
    place = bench.pipeline.cited(step.span)
    if "Type" in body:
        body = {"StartAt": step.title, "States": {step.title: body}}
    states: dict[str, State] = {}
    for name, state in body["States"].items():
        about = {"Comment": comment(f"{step.description} ({place})")} if name == step.title else {}
        states[name] = _retried(step, patient({**about, **state}))
    return Fragment(body["StartAt"], states, exits(states))


def tolerant(step: Step, fragment: Fragment) -> Fragment:
    """The fragment behind the step's condition, and past its failure where it may fail."""
    return _guarded(step, _tolerant(step, fragment))


def patient(state: State) -> State:
    """The state whose retries come at random moments, so that not all come at once; calls that only read have some."""
    if state["Type"] != "Task":
        return state
    given = state.get("Retry", [])
    if not given and _READING.search(state["Resource"]):
        given = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 2, "MaxAttempts": 4, "BackoffRate": 2.0}]
    return {**state, "Retry": [{"JitterStrategy": "FULL", **item} for item in given]} if given else state


def _retried(step: Step, state: State) -> State:
    """The state with the step's own retries after those of its service."""
    if step.retry is None or state["Type"] not in ("Task", "Parallel"):
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
    failed = f"{step.title}: {WENT_ON}"
    states = led(dict(fragment.states), failed)
    states[failed] = {"Type": "Pass", "Assign": _without_result(step)}
    return _marked(step, Fragment(fragment.start, states, (*fragment.exits, failed)), fragment.exits)


def _guarded(step: Step, fragment: Fragment) -> Fragment:
    """The fragment behind a choice, where the step has a condition."""
    if step.guard is None:
        return fragment
    due, skipped = f"{step.title}: due?", f"{step.title}: {SKIPPED}"
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

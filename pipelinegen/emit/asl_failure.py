"""Failures: each one is caught where it happens, told apart by step, state, error and cause, and led to one end."""

from collections.abc import Iterable

from pipelinegen.emit.asl_fragments import PASSED_ON, Fragment, State, exits, link
from pipelinegen.emit.base import Workbench
from pipelinegen.ir import arns
from pipelinegen.ir.expressions import FAILURE
from pipelinegen.ir.model import Json, Jsonata, Step
from pipelinegen.render.literals import plain_json

#: Stands for the place where failures of a level go, until that is known.
FAILS = "\0fails"
#: What holds rules that lead on from a state.
RULES = ("Catch", "Choices")
#: Characters of a cause that are kept: it is part of payloads and e-mails, which have limits.
_CAUSE_LENGTH = 8000
#: What the cause of a failure inside a branch or a round is: the whole failure, as JSON. Step Functions says before
#: it where an expression failed.
_INNER = '{"step":'
_IS_INNER = '/^(An error occurred while executing the state .*?[)][.] )?[{]"step":/'


def failing(fragment: Fragment, step: Step | None = None) -> Fragment:
    """The fragment, every failure of which is remembered and goes to `FAILS`."""
    states = {name: _failing(name, state, step) for name, state in fragment.states.items()}
    return Fragment(fragment.start, states, fragment.exits)


def _failing(name: str, state: State, step: Step | None) -> State:
    owner = step.name if step else None
    if state["Type"] == "Fail":
        failure = {"step": owner, "state": name, "error": state["Error"], "cause": state["Cause"]}
        return {"Type": "Pass", "Assign": {FAILURE: failure}, "Next": FAILS}
    own = state.get("Catch", [])
    if state["Type"] not in ("Task", "Parallel", "Map") or any("States.ALL" in item["ErrorEquals"] for item in own):
        return state
    cause = "$exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : ''"
    caught: Json = {
        "step": owner,
        "state": name,
        "error": Jsonata("$states.errorOutput.Error"),
        "cause": Jsonata(f"$substring({cause}, 0, {_CAUSE_LENGTH})"),
    }
    if state["Type"] != "Task":
        whole = (
            f'{{"step": {_text(owner)}, "state": {_text(name)}, '
            f'"error": $states.errorOutput.Error, "cause": $substring({cause}, 0, {_CAUSE_LENGTH})}}'
        )
        inner = f"$parse('{_INNER}' & $substringAfter($states.errorOutput.Cause, '{_INNER}'))"
        caught = Jsonata(f"$contains({cause}, {_IS_INNER}) ? {inner} : {whole}")
    return {
        **state,
        "Catch": [*own, {"ErrorEquals": ["States.ALL"], "Assign": {FAILURE: plain_json(caught)}, "Next": FAILS}],
    }


def _text(value: str | None) -> str:
    return "null" if value is None else f"'{value}'"


def led(states: dict[str, State], target: str) -> dict[str, State]:
    """The states, failures of which go to a state."""

    def lead(state: State) -> State:
        found = {**state, "Next": target} if state.get("Next") == FAILS else state
        for key in RULES:
            if any(rule["Next"] == FAILS for rule in found.get(key, ())):
                rules = [{**rule, "Next": target} if rule["Next"] == FAILS else rule for rule in found[key]]
                found = {**found, key: rules}
        return found

    return {name: lead(state) for name, state in states.items()}


def leads_to_failure(state: State) -> bool:
    """Whether a state may go to where failures go."""
    return state.get("Next") == FAILS or any(rule["Next"] == FAILS for key in RULES for rule in state.get(key, ()))


def ended_inside(fragments: Iterable[Fragment], title: str) -> list[Fragment]:
    """The fragments of a branch or round: their failure ends it, with all that is known of it as its cause."""
    found = list(fragments)
    if not any(leads_to_failure(state) for fragment in found for state in fragment.states.values()):
        return found
    end: State = {
        "Type": "Fail",
        "Error": f"{{% ${FAILURE}.error %}}",
        "Cause": f"{{% $string(${FAILURE}) %}}",
    }
    led_there = [Fragment(item.start, led(dict(item.states), title), item.exits) for item in found]
    last = led_there[-1]
    led_there[-1] = Fragment(last.start, {**last.states, title: end}, last.exits)
    return led_there


def handled(bench: Workbench, step: Step, fragment: Fragment, handlers: list[Fragment]) -> Fragment:
    """The fragment whose failure goes through the step's own notice and handlers first."""
    first = [_notice(bench, step)] if step.failure_notice else []
    chain = [*first, *(keeping(item) for item in handlers)]
    if not chain or not any(leads_to_failure(state) for state in fragment.states.values()):
        return fragment
    # Whatever the handlers do, what failed is still what failed.
    after = link(chain)
    for name in exits(after):
        after[name] = {**after[name], "Next": FAILS}
    return Fragment(fragment.start, {**led(dict(fragment.states), chain[0].start), **after}, fragment.exits)


def keeping(fragment: Fragment) -> Fragment:
    """Handlers that fail themselves do not hide what they were called for."""
    states = {}
    for name, state in fragment.states.items():
        catch = [
            {key: value for key, value in item.items() if key != "Assign"} if item["Next"] == FAILS else item
            for item in state.get("Catch", ())
        ]
        states[name] = {**state, "Catch": catch} if catch else state
    return Fragment(fragment.start, states, fragment.exits)


def _notice(bench: Workbench, step: Step) -> Fragment:
    title = f"{step.title}: tell of failure"
    topic = arns.arn("sns", bench.names.topic())
    subject = f"{bench.names.stem}: {step.name} failed"[:100]
    return Fragment(title, {title: publish(topic, subject, step.failure_notice, "What the step says of it.")}, (title,))


def publish(topic: str, subject: str, message: Json, about: str) -> State:
    """A state that tells the owner; that nobody can be told changes nothing."""
    return {
        "Comment": about,
        "Type": "Task",
        "Resource": "arn:${partition}:states:::sns:publish",
        "Arguments": plain_json({"TopicArn": topic, "Subject": subject, "Message": message}),
        "Output": plain_json(PASSED_ON),
        "TimeoutSeconds": 60,
        "Retry": [
            {
                "ErrorEquals": ["States.TaskFailed"],
                "IntervalSeconds": 2,
                "MaxAttempts": 3,
                "BackoffRate": 2.0,
                "JitterStrategy": "FULL",
            }
        ],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": FAILS}],
    }

"""How a run ends that failed: clean-up, one notification, and an end that a redrive leads back from.

A redrive goes on with the state that an execution failed in. Were that a Fail state, it would fail again at once
(Step Functions guide, "Restarting state machine executions with redrive"). So the last state is a task that fails by
its own token, with the error and cause of what failed; when it runs again it fails with `Redriven`, is caught, and the
run goes on at the start of the step that failed, with the variables of all that was done before.
"""

from collections.abc import Iterable, Sequence

from pipelinegen.emit.asl_failure import RULES, keeping, leads_to_failure, led, publish
from pipelinegen.emit.asl_fragments import Fragment, State, link
from pipelinegen.emit.asl_input import WRONG_INPUT
from pipelinegen.emit.asl_logs import log_of_failure
from pipelinegen.emit.base import Workbench
from pipelinegen.ir import arns
from pipelinegen.ir.expressions import FAILURE, FAILURE_SAID, quote
from pipelinegen.ir.model import Jsonata
from pipelinegen.render.literals import plain_json

START, FAILED = "Start run", "Pipeline failed"
_NOTIFY, _GO_ON = "Notify failure", "Go on after redrive"
_REDRIVEN = "Redriven"
#: The variable that says where a redriven run goes on, and how often it had been redriven when it failed.
_RESUME = "resume"
#: Step Functions guide, "Accessing execution data from the Context object".
_REDRIVES = "$states.context.Execution.RedriveCount"
#: The input of the execution, which states hand on.
_INPUT = Jsonata("$states.context.Execution.Input")


def failed_end(bench: Workbench, clean_up: list[Fragment], fragments: Sequence[Fragment]) -> dict[str, State]:
    """What comes after a failure of any of the fragments: the pipeline's own clean-up, one notification, the end."""
    notify: State = {"Comment": "Nobody is to be told.", "Type": "Pass"}
    if bench.pipeline.notify:
        log = log_of_failure({name: state for item in fragments for name, state in item.states.items()})
        notify = _notification(bench, log)
    chain = [*(keeping(item) for item in clean_up), Fragment(_NOTIFY, {_NOTIFY: notify}, (_NOTIFY,))]
    found = link(chain)
    # A clean-up that fails is not tried further; the notification comes all the same.
    found = {**led({key: state for key, state in found.items() if key != _NOTIFY}, _NOTIFY), _NOTIFY: found[_NOTIFY]}
    found[_NOTIFY] = {**led({_NOTIFY: found[_NOTIFY]}, FAILED)[_NOTIFY], "Next": FAILED}
    return {**found, FAILED: _end(), _GO_ON: _going_on(fragments)}


def _notification(bench: Workbench, log: Jsonata) -> State:
    where = "https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/"
    again = "aws stepfunctions redrive-execution --region ${region} --execution-arn "
    message = Jsonata(
        "'Run of ' & $run_date & ' failed in state ' & $failure.state"
        " & ($failure.step ? ' of step ' & $failure.step : '') & ': ' & $failure.error"
        f" & ($words := {FAILURE_SAID.text}; $words = '' ? '' : '\\n' & $words)"
        f" & '\\n' & {log.text} & '\\nThe run: {where}' & $states.context.Execution.Id"
        f" & ($failure.error = '{WRONG_INPUT}' ? '' : '\\nOnce it is mended, go on where it failed: {again}'"
        " & $states.context.Execution.Id)"
    )
    about = "Names the state, the error, where its log and the execution are, and what goes on with it."
    return publish(arns.arn("sns", bench.names.topic()), f"{bench.names.stem} failed", message, about)


def _end() -> State:
    error = Jsonata(f"{_REDRIVES} > ${_RESUME}.redrives ? '{_REDRIVEN}' : $substring(${FAILURE}.error, 0, 256)")
    return {
        "Comment": "Ends the run as failed, with what failed as its error. A redrive comes back here, and goes on.",
        "Type": "Task",
        "Resource": "arn:${partition}:states:::aws-sdk:sfn:sendTaskFailure.waitForTaskToken",
        "Arguments": {
            "TaskToken": "{% $states.context.Task.Token %}",
            "Error": plain_json(error),
            "Cause": f"{{% ${FAILURE}.state & ': ' & ${FAILURE}.cause %}}",
        },
        "TimeoutSeconds": 60,
        "Catch": [{"ErrorEquals": [_REDRIVEN], "Output": plain_json(_INPUT), "Next": _GO_ON}],
        "Next": _GO_ON,
    }


def _going_on(fragments: Iterable[Fragment]) -> State:
    """A choice of the state to go on with; a failure before all of them begins the run anew."""
    choices = [
        {"Condition": plain_json(Jsonata(f"${_RESUME}.at = {quote(item.start)}")), "Next": item.start}
        for item in fragments
        if _fails(item)
    ]
    return {"Type": "Choice", "Choices": choices, "Default": START}


def _fails(fragment: Fragment) -> bool:
    return any(leads_to_failure(state) for state in fragment.states.values())


def resumable(fragment: Fragment) -> Fragment:
    """The fragment of the outermost level, whose failures say where a redriven run goes on: at its start."""
    if not _fails(fragment):
        return fragment
    resume = {_RESUME: {"at": fragment.start, "redrives": plain_json(Jsonata(_REDRIVES))}}

    def noted(holder: State) -> State:
        known = holder.get("Assign", {})
        return {**holder, "Assign": {**known, **resume}} if FAILURE in known else holder

    states = {}
    for name, state in fragment.states.items():
        rules: State = {key: [noted(item) for item in state[key]] for key in RULES if key in state}
        states[name] = {**noted(state), **rules}
    return Fragment(fragment.start, states, fragment.exits)

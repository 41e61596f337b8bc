"""The first states of a run: its date, its parameters, whether they fit, and the pointer to the promoted model."""

from collections.abc import Sequence

from pipelinegen.emit.asl_failure import failing
from pipelinegen.emit.asl_fragments import PASSED_ON, Fragment, State
from pipelinegen.emit.asl_input import check_of_input
from pipelinegen.emit.base import Workbench
from pipelinegen.ir.expressions import RUN_DATE, RUN_ID, expression, quote
from pipelinegen.ir.model import Json, Jsonata, Trigger
from pipelinegen.render.literals import plain_json

#: What a run goes on from: the promoted model, or, when the same date runs again, what its first run went on from.
#: Otherwise a model would be trained on, and compared with one that has seen, the very data that it is measured by.
_POINTER = (
    "$pointer := $parse($states.result.Parameter.Value); "
    "$exists($pointer.before) and $pointer.run_date = $run_date ? $pointer.before : $pointer"
)


def start_of(bench: Workbench) -> list[Fragment]:
    """The values of the run, then the pointer to the promoted model where a step needs it."""
    triggers = bench.pipeline.triggers
    assign: dict[str, Json] = {
        RUN_ID.text[1:]: Jsonata("$states.context.Execution.Name"),
        RUN_DATE.text[1:]: _date(triggers),
    }
    parameters = bench.pipeline.parameters
    if parameters:
        chosen = "$type($states.input.parameters) = 'object' ? $states.input.parameters : {}"
        taken = "".join(f"{_is(trigger)} ? {expression(trigger.parameters)} : " for trigger in triggers)
        parts = [expression(parameters), *([f"({taken}{{}})"] if taken else []), chosen]
        assign["parameters"] = Jsonata(f"$merge([{', '.join(parts)}])")
    about = "The logical date is the execution's input, or else the UTC date of the scheduled time."
    if triggers:
        about = (
            "The logical date is the execution's input, or else what the trigger says, or that of the time it is about."
        )
    state: State = {"Comment": about, "Type": "Pass", "Assign": plain_json(assign)}
    fragments = [Fragment("Start run", {"Start run": state}, ("Start run",)), check_of_input(bench.pipeline)]
    if any(step.reads_promoted for step in bench.pipeline.steps):
        fragments.append(failing(_read_promoted(bench)))
    return fragments


def _read_promoted(bench: Workbench) -> Fragment:
    name = "Read promoted model"
    state: State = {
        "Type": "Task",
        "Resource": "arn:${partition}:states:::aws-sdk:ssm:getParameter",
        "Arguments": {"Name": bench.names.promoted_parameter()},
        "Assign": {"promoted": plain_json(Jsonata(f"({_POINTER})"))},
        "Output": plain_json(PASSED_ON),
        "TimeoutSeconds": 60,
        "Retry": [
            {
                "ErrorEquals": ["Ssm.InternalServerErrorException"],
                "IntervalSeconds": 2,
                "MaxAttempts": 4,
                "BackoffRate": 2.0,
                "JitterStrategy": "FULL",
            }
        ],
    }
    return Fragment(name, {name: state}, (name,))


def _date(triggers: Sequence[Trigger]) -> Jsonata:
    """The run's date: given, taken from an event, or the day of the scheduled time, the event or the start."""
    given = "$states.input.scheduled_time"
    started = f"$exists({given}) ? {given} : $states.context.Execution.StartTime"
    if not triggers:
        return Jsonata(f"$exists($states.input.date) ? $states.input.date : $substring({started}, 0, 10)")
    of_event = "$exists($states.input.event.time) ? $states.input.event.time"
    told = "".join(f"{_is(item)} ? {item.date.text} : " for item in triggers if item.date)
    moment = f"{told}$exists({given}) ? {given} : {of_event} : $states.context.Execution.StartTime"
    return Jsonata(f"$exists($states.input.date) ? $states.input.date : $substring($string({moment}), 0, 10)")


def _is(trigger: Trigger) -> str:
    return f"$states.input.trigger = {quote(trigger.label)}"

"""Where a person looks up what a failed state said: places in the console, by state."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pipelinegen.ir.expressions import quote
from pipelinegen.ir.model import Jsonata

_CONSOLE: Final = "https://${region}.console.aws.amazon.com/"
#: By the last words of a Task's Resource: the place in the console, to which the job's name or id is added.
_JOBS: Final[Mapping[str, str]] = {
    "sagemaker:createHyperParameterTuningJob.sync": "sagemaker/home?region=${region}#/hyper-tuning-jobs/",
    "sagemaker:createProcessingJob.sync": "sagemaker/home?region=${region}#/processing-jobs/",
    "sagemaker:createTrainingJob.sync": "sagemaker/home?region=${region}#/jobs/",
    "sagemaker:createTransformJob.sync": "sagemaker/home?region=${region}#/transform-jobs/",
}
_GLUE_JOB: Final = "gluestudio/home?region=${region}#/job/%s/run/"
_FUNCTION: Final = "cloudwatch/home?region=${region}#logsV2:log-groups/log-group/$252Faws$252Flambda$252F%s"
#: In the description of a job that is the cause of a failure.
_JOB_NAME: Final = (
    r'/"(?:Id|HyperParameterTuningJobName|ProcessingJobName|TrainingJobName|TransformJobName)": ?"([\w-]+)"/'
)


def log_of_failure(states: Mapping[str, Any]) -> Jsonata:
    """A line with the address of what the failed state said; empty for a state without a log of its own."""
    places = dict(_places(states))
    if not places:
        return Jsonata("''")
    listed = ", ".join(f"{quote(name)}: '{place}'" for name, place in places.items())
    return Jsonata(
        f"($place := $lookup({{{listed}}}, $failure.state); $job := $match($failure.cause, {_JOB_NAME}, 1).groups[0]; "
        f"$exists($place) ? '\\nIts log: {_CONSOLE}' & $place & $job : '')"
    )


def _places(states: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, state in states.items():
        place = _place(state)
        if place:
            yield name, place
        for inner in (*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else ())):
            yield from _places(inner["States"])


def _place(state: Mapping[str, Any]) -> str | None:
    """Where the log of a state's job or function is, up to the name that only the job's end tells."""
    call = str(state.get("Resource", "")).partition(":states:::")[2]
    arguments = state.get("Arguments")
    given = arguments if isinstance(arguments, Mapping) else {}
    if call == "glue:startJobRun.sync":
        return _named(_GLUE_JOB, given.get("JobName"))
    if call == "lambda:invoke":
        return _named(_FUNCTION, str(given.get("FunctionName")).rpartition(":function:")[2])
    return _JOBS.get(call)


def _named(place: str, name: object) -> str | None:
    """The place with a name in it; None where only the run tells the name."""
    return place % name if isinstance(name, str) and name and "{" not in name else None

"""Calls that nothing on this machine carries out are named before a run; moto would answer some with inventions."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.stand_ins import StandIns

#: Services that moto keeps as AWS does: what is put in comes out.
_KEPT: Final = frozenset(
    {"cloudwatch", "cloudwatchlogs", "dynamodb", "eventbridge", "events", "firehose", "kinesis", "s3"}
    | {"secretsmanager", "sfn", "sns", "sqs", "ssm", "states"}
)
#: Jobs and functions that run for real.
_RUN: Final = frozenset({"lambda:invoke", "glue:startJobRun.sync"})
#: Kinds whose states are calls of the user's choice.
_OF_THE_USER: Final = frozenset({"asl", "aws_api", "sql"})
#: Where requests to SageMaker name an image.
_IMAGES: Final = frozenset({"Image", "ImageUri", "TrainingImage"})
_RESOURCE: Final = re.compile(r"arn:[^:]*:states:[^:]*:[^:]*:(aws-sdk:)?(?P<service>[^:]+):(?P<action>.+)")


def refuse_calls(
    definition: Mapping[str, Any],
    steps: list[Mapping[str, Any]],
    needs: Mapping[str, Sequence[str]],
    wanted: Collection[str],
    stand_ins: StandIns,
) -> None:
    """Raises: LocalCloudError that names every step that is run with a call that has no local counterpart.

    `needs` are the steps before each; `wanted` those that are run; `stand_ins` answer for other people's servers.
    """
    steps_of = {state: step for step in steps for state in step["states"]}
    refused: dict[str, str] = {}
    origins: dict[str, None] = {}
    for name, state in _states(definition):
        step = steps_of.get(name)
        if step is None or step["name"] not in wanted:
            continue
        endpoint = _endpoint(state) if step["kind"] == "http_call" else ""
        if endpoint and stand_ins.address_of(endpoint):
            continue
        why = _why_not(step["kind"], state)
        if why:
            refused.setdefault(step["name"], why)
            if endpoint:
                origins["/".join(endpoint.split("/")[:3])] = None
    if refused:
        first = next(iter(refused))
        told = "; ".join(f"step '{name}' {why}" for name, why in refused.items())
        raise LocalCloudError(told, _help(needs.get(first, ()), list(origins), many=len(refused) > 1))


def _help(before: Sequence[str], origins: Sequence[str], *, many: bool) -> str:
    given = " ".join(f"--stand-in {origin}=http://127.0.0.1:{8000 + place}" for place, origin in enumerate(origins))
    words = [f"let a server of your own answer, `{given}`, "] if given else []
    if before:
        words.append(f"end before {'them' if many else 'it'} with `--until {before[0]}`, ")
    left, run = ("them", "them") if many else ("the step", "it")
    words.append(f"leave {left} out of an environment with `only_in:` and run that one, or run {run} in AWS")
    return "".join(words)


def _endpoint(state: Mapping[str, Any]) -> str:
    """The address that a state asks; empty if it asks none."""
    arguments = state.get("Arguments")  # one expression may make all of them
    return str(arguments.get("ApiEndpoint", "")) if isinstance(arguments, Mapping) else ""


def _why_not(kind: str, state: Mapping[str, Any]) -> str | None:
    """Why a state cannot run on this machine; None if it can."""
    call = _RESOURCE.fullmatch(str(state.get("Resource", "")))
    if call is None:
        return None
    if kind == "http_call":
        return f"asks {state['Arguments']['ApiEndpoint']}, and a local run leaves other people's servers alone"
    if kind == "pipeline":
        machine = str(state["Arguments"]["StateMachineArn"]).rpartition(":")[2]
        return f"starts '{machine}', and the local cloud holds one pipeline at a time"
    foreign = next(_foreign_images(state.get("Arguments")), None)
    if foreign:
        return f"runs the image {foreign}, which the pipeline does not build, and the local cloud pulls none"
    if kind not in _OF_THE_USER or _is_carried_out(call["service"], call["action"]):
        return None
    return f"calls {call['service']}:{call['action']}, which nothing on this machine carries out"


def _is_carried_out(service: str, action: str) -> bool:
    runs = f"{service}:{action}" in _RUN or (service == "sagemaker" and action.endswith(".sync"))
    return runs or service in _KEPT


def _foreign_images(arguments: Any) -> Iterator[str]:
    """Addresses of images in a request that are no variables, as those of the pipeline's own images are."""
    if isinstance(arguments, Mapping):
        for key, value in arguments.items():
            if key in _IMAGES and isinstance(value, str) and "${" not in value and "{%" not in value:
                yield value
            else:
                yield from _foreign_images(value)
    elif isinstance(arguments, list):
        for value in arguments:
            yield from _foreign_images(value)


def _states(machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        inner = [*state.get("Branches", ()), *(state[key] for key in ("ItemProcessor", "Iterator") if key in state)]
        for one in inner:
            yield from _states(one)

"""Calls that nothing on this machine carries out are named before a run; moto would answer some with inventions."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pipelinegen.local.faults import LocalCloudError

#: Services that moto keeps as AWS does: what is put in comes out.
_KEPT: Final = frozenset(
    {"cloudwatch", "cloudwatchlogs", "dynamodb", "eventbridge", "events", "firehose", "kinesis", "s3"}
    | {"secretsmanager", "sfn", "sns", "sqs", "ssm", "states"}
)
#: Jobs and functions that run for real.
_RUN: Final = frozenset({"lambda:invoke", "glue:startJobRun.sync"})
#: Kinds whose states are calls of the user's choice.
_OF_THE_USER: Final = frozenset({"asl", "aws_api", "sql"})
_RESOURCE: Final = re.compile(r"arn:[^:]*:states:[^:]*:[^:]*:(aws-sdk:)?(?P<service>[^:]+):(?P<action>.+)")


def refuse_calls(definition: Mapping[str, Any], steps: list[Mapping[str, Any]]) -> None:
    """Raises: LocalCloudError that names the first step with a call that has no local counterpart."""
    kinds = {state: step for step in steps for state in step["states"] if step["kind"] in _OF_THE_USER}
    for name, state in _states(definition):
        step = kinds.get(name)
        call = _RESOURCE.fullmatch(str(state.get("Resource", "")))
        if step is None or call is None:
            continue
        if call["service"] in _KEPT or f"{call['service']}:{call['action']}" in _RUN:
            continue
        if call["service"] == "sagemaker" and call["action"].endswith(".sync"):
            continue
        what = f"{call['service']}:{call['action']}"
        raise LocalCloudError(
            f"step '{step['name']}' calls {what}, which nothing on this machine carries out",
            "leave the step out of this environment with `only_in:`, or run it in AWS",
        )


def _states(machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        inner = [*state.get("Branches", ()), *(state[key] for key in ("ItemProcessor", "Iterator") if key in state)]
        for one in inner:
            yield from _states(one)

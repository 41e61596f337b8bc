"""What the tasks among raw states ask of AWS: names that the API takes, all that it demands, and what is allowed."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from pipelinegen.asl_lint.integrations import OPTIMISED
from pipelinegen.aws.models import AwsService, Call, Shape, find_service
from pipelinegen.errors import Diagnostic, suggest
from pipelinegen.source import SpanTree
from pipelinegen.steps.asl.machine import RESOURCE, Path, State, inner_machines

#: What marks the name of an argument whose value is a path, in JSONPath.
_BY_PATH: Final = ".$"


def call_faults(
    machine: Mapping[str, Any], spans: SpanTree, path: Path, allowed: Collection[str]
) -> Iterator[Diagnostic]:
    """The faults of calls in a machine and those inside it.

    PG121 for every argument that a call does not take or lacks, PG126 for one of which no action is `allowed`.
    """
    for name, state in machine["States"].items():
        place = (*path, "States", name)
        call = _call(state) if state["Type"] == "Task" else None
        if call:
            yield from _arguments(call, state, spans, place)
            if call.iam and not call.iam.keys() & set(allowed):
                action = next(iter(call.iam))
                message = f"no permission of the step allows '{action}'"
                help = f"add to `permissions:` an entry with `actions: [{action}]` and its resources"
                yield Diagnostic(spans.at(*place, "Resource").value, "PG126", message, help)
        for inner, where in inner_machines(state):
            yield from call_faults(inner, spans, (*place, *where), allowed)


def _call(state: State) -> Call | None:
    """The API call of a task; None for a function, an activity, and what is not one call."""
    found = RESOURCE.fullmatch(str(state["Resource"]))
    if found is None:
        return None
    service, action = found["service"], found["action"]
    if not found["sdk"]:
        service, action, _ = OPTIMISED.get(f"{service}:{action}", ("", "", ()))
    known = find_service(service) if action else None
    return known.call(action) if known else None


def _arguments(call: Call, state: State, spans: SpanTree, path: Path) -> Iterator[Diagnostic]:
    key = "Parameters" if "Parameters" in state else "Arguments"
    given = state.get(key, {})
    if not isinstance(given, dict):
        return
    if key in state:
        yield from _names(call.service, call.input, given, spans, (*path, key))
    for name in call.input.required:
        if name not in given and f"{name}{_BY_PATH}" not in given:
            label = spans.at(*path, key).label if key in state else spans.at(*path).label
            message = f"'{call.service.name}:{call.name}' demands '{name}'"
            yield Diagnostic(label, "PG121", message, f"add `{name}:` to the arguments")


def _names(service: AwsService, shape: Shape, value: Any, spans: SpanTree, path: Path) -> Iterator[Diagnostic]:
    """Names that a structure does not have, as deep as they are written."""
    if isinstance(value, list) and shape.kind == "list":
        for index, item in enumerate(value):
            yield from _names(service, service.shape(shape.inside), item, spans, (*path, index))
    if not isinstance(value, dict) or shape.kind not in ("structure", "map"):
        return
    members = shape.members or {}
    for name, item in value.items():
        plain = name.removesuffix(_BY_PATH)
        if shape.kind == "map":
            yield from _names(service, service.shape(shape.inside), item, spans, (*path, name))
        elif plain in members:
            yield from _names(service, service.shape(members[plain]), item, spans, (*path, name))
        else:
            message = f"the API takes no '{plain}' here"
            yield Diagnostic(spans.at(*path, name).label, "PG121", message, suggest(plain, members, "it takes"))

"""What a Task asks of AWS: the integration exists, and its arguments are what the API takes (botocore's models)."""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import botocore.session
from botocore.validate import ParamValidator

from pipelinegen.asl_lint.expressions import is_expression
from pipelinegen.asl_lint.integrations import OPTIMISED
from pipelinegen.asl_lint.structure import State, all_states

#: What the API demands although its model calls it optional.
_ALSO_REQUIRED: Final = {("sagemaker", "CreateTrainingJob"): ("ResourceConfig",)}
#: Services that Step Functions calls otherwise than botocore does; of others it leaves out the hyphens.
_SDK_NAMES: Final = {"cloudwatchlogs": "logs", "eventbridge": "events", "sfn": "stepfunctions"}
_RESOURCE: Final = re.compile(
    r"arn:(?:aws[a-z-]*|\$\{partition\}):states:[^:]*:[^:]*:(aws-sdk:)?([A-Za-z0-9-]+):([A-Za-z0-9]+)"
    r"(?:\.(sync|sync:2|waitForTaskToken))?"
)
#: Functions and activities that are named by their own ARN.
_BY_ARN: Final = re.compile(r"arn:[^:]*:(lambda:[^:]*:[^:]*:function:.+|states:[^:]*:[^:]*:activity:.+)")
_PLACEHOLDER: Final = re.compile(r"\$\{\w+\}")


class Call(NamedTuple):
    """The API call of a Task, as botocore names it."""

    service: str
    operation: str
    pattern: str


@functools.cache
def _service_model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


@functools.cache
def _sdk_names() -> dict[str, str]:
    """Services as aws-sdk integrations call them, and as botocore does."""
    return {
        name.replace("-", ""): name for name in botocore.session.get_session().get_available_services()
    } | _SDK_NAMES


def call_of(resource: str) -> Call:
    """The API call that a Resource stands for. Raises: LookupError with what is wrong."""
    found = _RESOURCE.fullmatch(resource)
    if found is None:
        raise LookupError(f"Resource {resource!r} is not an integration")
    sdk, service, action, pattern = found.groups(default="")
    if sdk:
        return _sdk_call(service, action, pattern)
    if f"{service}:{action}" not in OPTIMISED:
        raise LookupError(f"{service}:{action} is not an optimised integration")
    name, operation, patterns = OPTIMISED[f"{service}:{action}"]
    if pattern and pattern not in patterns:
        raise LookupError(f"{service}:{action} does not support .{pattern}")
    return Call(name, operation, pattern)


def _sdk_call(service: str, action: str, pattern: str) -> Call:
    if pattern.startswith("sync"):
        raise LookupError(f"aws-sdk integrations do not support .{pattern}")
    name = _sdk_names().get(service)
    if name is None:
        raise LookupError(f"AWS has no service {service!r}")
    operations = _service_model(name).operation_names
    operation = action[:1].upper() + action[1:]
    if operation not in operations:
        raise LookupError(f"{service} has no operation {action!r}")
    return Call(name, operation, pattern)


def _placeholder(shape: Any) -> Any:
    """A value of the right type, where the true one is known at run time only."""
    kind = shape.type_name
    if kind == "structure":
        return {name: _placeholder(shape.members[name]) for name in shape.required_members}
    if kind == "list":
        return [_placeholder(shape.member)] * shape.metadata.get("min", 0)
    if kind == "string":
        return shape.enum[0] if shape.enum else "x" * max(1, shape.metadata.get("min", 1))
    plain = {"map": {}, "boolean": True, "timestamp": "2026-01-01T00:00:00Z", "blob": b"x", "float": 1.0, "double": 1.0}
    return plain.get(kind, shape.metadata.get("min", 1))


def _text_faults(shape: Any, text: str, place: str) -> Iterator[str]:
    if shape.enum and text not in shape.enum and not _PLACEHOLDER.search(text):
        yield f"{place}: {text!r} is none of {', '.join(sorted(shape.enum)[:8])}"
    pattern, longest = shape.metadata.get("pattern"), shape.metadata.get("max")
    if _PLACEHOLDER.search(text):
        return
    if pattern and not shape.enum and not _matches(pattern, text):
        yield f"{place}: {text!r} does not match {pattern}"
    if longest is not None and len(text) > longest:
        yield f"{place}: {len(text)} characters, at most {longest} are allowed"


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:  # a Java construct that Python lacks
        return True


class _Arguments:
    """Turns Arguments into what botocore can validate, and notes what botocore would not find."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def converted(self, shape: Any, value: Any, place: str) -> Any:
        """The value with expressions replaced by placeholders and names in the API's own spelling."""
        if is_expression(value):
            return _placeholder(shape)
        kind = shape.type_name
        if kind == "structure" and isinstance(value, dict):
            return self._structure(shape, value, place)
        if kind == "map" and isinstance(value, dict):
            return {key: self.converted(shape.value, part, f"{place}.{key}") for key, part in value.items()}
        if kind == "list" and isinstance(value, list):
            return [self.converted(shape.member, part, f"{place}[{index}]") for index, part in enumerate(value)]
        if kind == "string" and isinstance(value, dict | list):
            return json.dumps(value)  # Step Functions serialises these, e.g. the Message of sns:publish
        if kind == "blob":
            return b"x"
        if kind == "string" and isinstance(value, str):
            self.faults += _text_faults(shape, value, place)
        most = shape.metadata.get("max")
        if kind in ("integer", "long") and isinstance(value, int) and most is not None and value > most:
            self.faults.append(f"{place}: {value} is above {most}")
        return value

    def _structure(self, shape: Any, value: dict[str, Any], place: str) -> Any:
        if getattr(shape, "is_document_type", False):
            return {}
        spelling = {name[:1].upper() + name[1:]: name for name in shape.members}
        converted = {}
        for key, part in value.items():
            if key not in spelling:
                self.faults.append(f"{place}.{key}: there is no such parameter")
            else:
                converted[spelling[key]] = self.converted(shape.members[spelling[key]], part, f"{place}.{key}")
        return converted


def _http_faults(name: str, arguments: dict[str, Any]) -> Iterator[str]:
    """`http:invoke` is no API of AWS; its fields are those of the developer guide ("Call HTTPS APIs")."""
    known = {"ApiEndpoint", "Authentication", "Headers", "Method", "QueryParameters", "RequestBody", "Transform"}
    yield from (f"{name}.Arguments.{key}: there is no such parameter" for key in sorted(arguments.keys() - known))
    for key in ("ApiEndpoint", "Authentication", "Method"):
        if not arguments.get(key):
            yield f'{name}: Missing required parameter in input: "{key}"'
    if not str(arguments.get("ApiEndpoint")).startswith(("https://", "{%")):
        yield f"{name}: only https is called"


def _without_paths(value: Any) -> Any:
    """Parameters in JSONPath mode as Arguments: what a path gives is known at run time only."""
    if isinstance(value, dict):
        return {
            key.removesuffix(".$"): f"{{% {item} %}}" if key.endswith(".$") else _without_paths(item)
            for key, item in value.items()
        }
    return [_without_paths(item) for item in value] if isinstance(value, list) else value


def _one_task_faults(name: str, state: State) -> Iterator[str]:
    if _BY_ARN.fullmatch(state["Resource"]):
        return
    if state["Resource"].endswith(":states:::http:invoke"):
        yield from _http_faults(name, state.get("Arguments", {}))
        return
    try:
        call = call_of(state["Resource"])
    except LookupError as error:
        yield f"{name}: {error.args[0]}"
        return
    arguments = state.get("Arguments", _without_paths(state.get("Parameters", {})))
    token = ("$states.context.Task.Token", "$$.Task.Token")
    if call.pattern == "waitForTaskToken" and not any(text in json.dumps(arguments) for text in token):
        yield f"{name}: .waitForTaskToken, but the token is never handed on"
    if is_expression(arguments) or not call.operation:
        return
    shape = _service_model(call.service).operation_model(call.operation).input_shape
    conversion = _Arguments()
    converted = conversion.converted(shape, arguments, f"{name}.Arguments")
    yield from conversion.faults
    for parameter in _ALSO_REQUIRED.get((call.service, call.operation), ()):
        if parameter not in arguments:
            yield f'{name}: Missing required parameter in input: "{parameter}"'
    if ":aws-sdk:" not in state["Resource"]:
        converted = {**_tokens(shape), **converted}
    report = ParamValidator().validate(converted, shape).generate_report()
    yield from (f"{name}: {line}" for line in report.splitlines())


def _tokens(shape: Any) -> dict[str, str]:
    """Idempotency tokens that the API demands; optimised integrations make their own."""
    members = {name: shape.members[name] for name in shape.required_members}
    return {name: _placeholder(member) for name, member in members.items() if member.metadata.get("idempotencyToken")}


def task_faults(machine: dict[str, Any]) -> list[str]:
    """What is wrong with the API calls of all Tasks, those of inner machines included."""
    found: list[str] = []
    for name, state in all_states(machine):
        if state.get("Type") == "Task":
            found += _one_task_faults(name, state)
    return found

"""One call made ready: found in the table, its arguments checked, its permissions derived."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelinegen.aws.models import AwsService, Call, Shape, find_service, service_names
from pipelinegen.errors import Diagnostic, SpecError, suggest
from pipelinegen.ir.model import Json, Jsonata, Permission
from pipelinegen.steps.aws_api.arguments import ArgumentChecker, Found, find_result, literals
from pipelinegen.steps.aws_api.integrations import JOBS, WRITTEN_AS_STATES, Job
from pipelinegen.steps.aws_api.permissions import (
    ROLE_ARN,
    call_permissions,
    derived,
    follow_permissions,
    pass_permissions,
    prepare_permissions,
)
from pipelinegen.steps.base import Scope
from pipelinegen.steps.resource_arns import action_templates, examples, matching

_ROOT = "$states.result"

#: Kinds of shapes, by the names that the language has for types.
DECLARED_TYPES: Mapping[str, str] = {
    "boolean": "boolean",
    "integer": "int",
    "list": "list",
    "moment": "timestamp",
    "number": "double",
    "text": "string",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as the spec has it; `path` is where its keys stand below the step, `taken` further arguments."""

    call: str
    arguments: Mapping[str, Any]
    resources: tuple[str, ...] = ()
    passes_roles: tuple[str, ...] = ()
    taken: Mapping[str, Json] = field(default_factory=dict)
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call as a state makes it; `answer` is the shape of what comes back."""

    scope: Scope
    asked: Asked
    service: AwsService
    resource: str
    arguments: Json
    answer: Shape
    permissions: tuple[Permission, ...]
    retry: Json

    def found(self, path: str, *place: str) -> Found:
        """What a path into the answer leads to. Raises: SpecError with PG122 if it leads nowhere."""
        try:
            return find_result(self.service, self.answer, path, _ROOT)
        except LookupError as error:
            name, known = error.args
            help = suggest(name, known, "it has") if known else "give a path to something that the API returns"
            message = f"the answer of '{self.asked.call}' has no '{name}' there"
            raise self.scope.fault("PG122", message, help, *place) from None

    def check_outcome(self, found: Found, values: Sequence[object], *place: str) -> None:
        """Raises: SpecError with PG122 if the answer can never be what is waited for."""
        choices = found.shape.choices
        for value in values:
            if choices and value not in choices:
                message = f"'{self.asked.call}' never answers '{str(value)[:40]}' there"
                raise self.scope.fault("PG122", message, suggest(str(value), choices, "choose from"), *place)


def prepare_call(scope: Scope, asked: Asked, *, waits: bool) -> Prepared:
    """The call, ready for a state. Raises: SpecError with PG017, PG120, PG121, PG123, PG124."""
    service, call, job = _find(scope, asked, waits)
    checker = ArgumentChecker(scope, service)
    shape = call.input
    if job and job.members:
        shape = Shape("structure", members=job.members, required=job.required)
    known = {*asked.taken, *shape.tokens}
    wanted = Shape("structure", shape.members, tuple(name for name in shape.required if name not in known))
    place = (*asked.path, "arguments")
    arguments = checker.checked(wanted, dict(asked.arguments), place)
    faults = [*checker.faults, *_unknown_taken(scope, asked, shape)]
    permissions, lacking = _permissions(scope, asked, call, job)
    if faults or lacking:
        raise SpecError([*faults, *lacking])
    assert isinstance(arguments, dict)
    prefix = f"{job.service}:{_action(asked)}.{job.suffix}" if job else f"aws-sdk:{service.sdk}:{_action(asked)}"
    return Prepared(
        scope=scope,
        asked=asked,
        service=service,
        resource=f"arn:${{partition}}:states:::{prefix}",
        arguments={**({} if job else _tokens(shape)), **arguments, **asked.taken},
        answer=_answer(service, call, job),
        permissions=permissions,
        retry=_retry(call),
    )


def _tokens(shape: Shape) -> dict[str, Json]:
    """What tells one request from its repetition, where the API demands it: new for every attempt of the step.

    Integrations with `.sync` need none: AWS's own examples of EMR give none (connect-emr-eks.html and
    connect-emr-serverless.html of the developer guide).
    """
    return {name: Jsonata("$uuid()") for name in shape.tokens}


def or_null(part: Jsonata) -> Jsonata:
    """A part of an answer, or null where it is not there: an expression without a value would fail the state."""
    return Jsonata(f"$exists({part.text}) ? {part.text} : null")


def _action(asked: Asked) -> str:
    action = asked.call.partition(":")[2]
    return action[:1].lower() + action[1:]


def _find(scope: Scope, asked: Asked, waits: bool) -> tuple[AwsService, Call, Job | None]:
    name = asked.call.partition(":")[0]
    service = find_service(name)
    place = (*asked.path, "call")
    if service is None:
        help = suggest(name, service_names(), "services")
        raise scope.fault("PG120", f"AWS has no service '{name}'", help, *place)
    job = JOBS.get(f"{service.name}:{_action(asked)}")
    call = _called(service, _action(asked), job)
    if call is None:
        jobs = {key.partition(":")[2]: other for key, other in JOBS.items() if key.startswith(f"{service.name}:")}
        own = [action for action, other in jobs.items() if other.api is not None]
        help = suggest(_action(asked), [*service.actions, *own], "its actions")
        if f"{service.name}:{_action(asked)}" in WRITTEN_AS_STATES:
            help = "it is no API, but an integration of Step Functions: write it as a state of an `asl` step"
        raise scope.fault("PG120", f"service '{name}' has no action '{_action(asked)}'", help, *place)
    if waits and job is None:
        waited = sorted(key.partition(":")[2] for key in JOBS if key.startswith(f"{service.name}:"))
        help = "give `poll:`, which asks until it is over"
        help += f"; of this service it waits for {', '.join(waited[:8])}" if waited else ""
        raise scope.fault(
            "PG124", f"Step Functions cannot wait for '{asked.call}' by itself", help, *asked.path, "wait"
        )
    if job and job.api is not None and not waits:
        raise scope.fault("PG124", f"'{asked.call}' is made to be waited for", "write `wait: true`", *place)
    return service, call, job if waits else None


def _called(service: AwsService, action: str, job: Job | None) -> Call | None:
    """The API's call behind an action; one without permissions where the integration calls no API of AWS."""
    if job and job.api == "":
        return Call(service, action, Shape("structure"), Shape("any"), (), {})
    return service.call(job.api if job and job.api else action)


def _unknown_taken(scope: Scope, asked: Asked, shape: Shape) -> list[Diagnostic]:
    members = shape.members or {}
    return [
        Diagnostic(
            scope.spans.at(*asked.path, "from_result", name).label,
            "PG121",
            f"the API takes no '{name}' here",
            suggest(name, members, "it takes"),
        )
        for name in asked.taken
        if name not in members
    ]


def _answer(service: AwsService, call: Call, job: Job | None) -> Shape:
    """The shape of what comes back; anything where AWS's guide does not say."""
    if job is None:
        return call.output
    if job.result is None:
        return Shape("any")
    described = service.call(job.result[0])
    assert described is not None
    shape = described.output
    if job.result[1]:
        shape = service.shape((shape.members or {})[job.result[1]])
    return service.shape(shape.inside) if shape.kind == "list" else shape


def _permissions(
    scope: Scope, asked: Asked, call: Call, job: Job | None
) -> tuple[tuple[Permission, ...], list[Diagnostic]]:
    """The permissions, and what is to be said about resources that cannot be told."""
    sid = scope.step.title().replace("_", "") + ("Look" if asked.path else "")
    if job and job.api == "":
        faults: list[Diagnostic] = []
        _given(scope, asked, {}, faults)
        return (), faults
    if not call.iam:
        message = f"no IAM action of '{asked.call}' is known"
        help = "call it in a `lambda` step, the role of which you can extend by `iam:`"
        return (), [Diagnostic(scope.spans.at(*asked.path, "call").value, "PG123", message, help)]
    faults = []
    resources = {action: _resources(scope, asked, call, action, job, faults) for action in call.iam}
    roles = _roles(scope, asked, faults)
    named = tuple(dict.fromkeys(arn for arns in resources.values() for arn in arns))
    prefix = next(iter(call.iam)).partition(":")[0]
    permissions = [*call_permissions(f"Call{sid}", resources), *pass_permissions(prefix, roles, sid, job)]
    if job:
        permissions.extend(follow_permissions(call, job, sid, named, _texts(asked)))
        permissions.extend(prepare_permissions(job, sid, roles))
    return tuple(permissions), faults


def _resources(
    scope: Scope, asked: Asked, call: Call, action: str, job: Job | None, faults: list[Diagnostic]
) -> tuple[str, ...]:
    """The ARNs on which an action works: those of `resources:`, or those that the literal arguments name."""
    templates = action_templates(call.service, action)
    types = call.service.resource_types(action)
    is_free = bool(types) and not any(required for _, required in types)
    if is_free and asked.resources == ("*",):
        return ()
    given = _given(scope, asked, templates, faults)
    if given:
        also = [matching(name, templates.values()) for name in (job.also if job else ())]
        return (*given, *filter(None, also))
    if not templates or asked.resources:
        return ()
    told = derived(call, action, _texts(asked))
    if told is None:
        message = f"on which resources '{asked.call}' works cannot be told from its arguments"
        help = f"name them in `resources:`, such as {examples(templates.values())}"
        help += ', or write ["*"] if it works on none' if is_free else ""
        faults.append(Diagnostic(scope.spans.at(*asked.path, "call").value, "PG123", message, help))
    return told or ()


def _texts(asked: Asked) -> dict[str, str]:
    """The literal texts at the top of the arguments, by their names in lower case."""
    return {str(path[0]).lower(): text for path, text in literals(asked.arguments) if len(path) == 1}


def _given(scope: Scope, asked: Asked, templates: Mapping[str, str], faults: list[Diagnostic]) -> tuple[str, ...]:
    found = []
    for index, text in enumerate(asked.resources):
        arn = matching(text, templates.values())
        if arn:
            found.append(arn)
            continue
        help = f"write such as {examples(templates.values())}" if templates else "remove it; the call takes no resource"
        span = scope.spans.at(*asked.path, "resources", index).value
        faults.append(Diagnostic(span, "PG123", f"'{text[:60]}' is no resource of '{asked.call}'", help))
    return tuple(found)


def _roles(scope: Scope, asked: Asked, faults: list[Diagnostic]) -> tuple[str, ...]:
    """The roles that the call hands on: those the user names and those among the literal arguments."""
    template = "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"
    found = {text: None for _, text in literals(asked.arguments) if ROLE_ARN.fullmatch(text)}
    for index, text in enumerate(asked.passes_roles):
        arn = matching(text, [template])
        if arn is None:
            span = scope.spans.at("passes_roles", index).value
            message = f"'{text[:60]}' is no role"
            faults.append(Diagnostic(span, "PG123", message, "write role/<name> or the role's whole ARN"))
        else:
            found[arn] = None
    return tuple(found)


def _retry(call: Call) -> Json:
    """Retries for what the model says passes; none where it names nothing."""
    if not call.passing_errors:
        return []
    return [
        {
            "ErrorEquals": list(call.passing_errors),
            "IntervalSeconds": 5,
            "MaxAttempts": 4,
            "BackoffRate": 2.0,
            "JitterStrategy": "FULL",
        }
    ]

"""What a `lambda` step is in the spec and in the IR."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelinegen.errors import suggest
from pipelinegen.ir.model import (
    Artifact,
    Endpoint,
    Folder,
    Json,
    Jsonata,
    LambdaFunction,
    Location,
    OutputFile,
    RoleKey,
    Service,
    Step,
    Table,
    Value,
)
from pipelinegen.spec.fields import Identifier, SecretName, SpecValueError
from pipelinegen.steps.base import REFERENCE, Scope, StepSpec
from pipelinegen.steps.declared import ResultKeys, declared_value, result_types, with_parts
from pipelinegen.steps.own_code import REQUIREMENT, CodeFolder, top_level_names
from pipelinegen.steps.written import Target, written

from .permissions import Reach, function_permissions
from .terraform import own_function_resources

Scalar = str | int | float | bool
_SECRET_NAME = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|(API|ACCESS|PRIVATE|AUTH)_?KEY")
_SECRET_VALUE = re.compile(r"(AKIA|ASIA)[0-9A-Z]{16}|-----BEGIN |(ghp|xoxb|sk_live)_")
#: What Lambda sets itself (Lambda guide, "Reserved environment variables").
_RESERVED = re.compile(r"AWS_.*|LAMBDA_.*|_.*|TZ|PATH|LD_LIBRARY_PATH|PYTHONPATH|LANG")

#: What the handler returned, in the state that invokes it.
_PAYLOAD = "$states.result.Payload"


class LambdaSpec(StepSpec):
    """Keys of a `lambda` step."""

    kind: Literal["lambda"]
    code: CodeFolder
    handler: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+$",
            max_length=128,
            description="module.function",
        ),
    ] = "handler.handler"
    runtime: Annotated[
        Literal["python3.11", "python3.12", "python3.13"], Field(description="Runtime as Lambda names it")
    ] = "python3.11"
    requirements: Annotated[
        list[Annotated[str, Field(pattern=REQUIREMENT, max_length=100)]],
        Field(max_length=50, description="Packages that go into the bundle, as pip names them"),
    ] = []
    memory_mib: Annotated[int, Field(ge=128, le=10240, description="128 to 10240 (AWS Lambda)")] = 512
    timeout_minutes: Annotated[int, Field(ge=1, le=15, description="At most 15 (AWS Lambda)")] = 5
    environment: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")],
            Annotated[str, Field(max_length=1000, pattern=r"^[^{}]*$")],
        ],
        Field(description="Variables the function sees, without braces; never a secret"),
    ] = {}
    secrets: Annotated[list[SecretName], Field(max_length=20, description="Secrets that the function may read")] = []
    payload: Annotated[
        dict[Identifier, Scalar], Field(description="What the handler gets as its event; texts may hold references")
    ] = {}
    outputs: Annotated[
        dict[Identifier, Target],
        Field(max_length=10, description="What the handler writes to S3, at the addresses in its event's `outputs`"),
    ] = {}
    result: Annotated[
        ResultKeys,
        Field(
            description="Keys of what the handler returns, for ${steps.<step>.result.<key>}, with their types where "
            "conditions, loops or API calls use them"
        ),
    ] = []
    in_vpc: Annotated[bool, Field(description="In the pipeline's network, which has no way to the internet")] = True
    internet: Annotated[
        bool, Field(description="A way to the internet for this function (HTTPS only); the own VPC gets a NAT gateway")
    ] = False
    reserved_concurrency: Annotated[
        int | None,
        Field(ge=1, le=1000, description="Invocations at a time, kept free for it; by default 10, in a loop 100"),
    ] = None

    @model_validator(mode="after")
    def _one_meaning_of_outputs(self) -> "LambdaSpec":
        if self.outputs and "outputs" in self.payload:
            message = "the event's key 'outputs' holds the addresses of what `outputs:` names"
            raise SpecValueError(message, "call the payload's key something else")
        if "result" in self.outputs:
            raise SpecValueError("'result' is what the handler returns, and no output", "give the output another name")
        return self


@dataclass(frozen=True, slots=True)
class RequirementsContext:
    """The packages that the bundle holds beside the code."""

    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InvokeStateContext:
    """The state that invokes the function."""

    function_arn: str
    payload: Json
    assign: Json
    timeout_seconds: int


def lower(spec: LambdaSpec, scope: Scope) -> Step:
    """The step with its function, code, state and role. Raises: SpecError with PG017, PG062, PG063."""
    _refuse_secrets(spec, scope)
    function = _function(spec, scope)
    secrets = tuple(sorted(set(spec.secrets)))
    given = _given(spec, scope)
    files = written(scope, spec.outputs, given)
    arn, permissions = function_permissions(function, scope.names, _reach(spec, given, files))
    variable, types = f"{scope.step}_result", result_types(spec.result)
    context = InvokeStateContext(
        function_arn=arn,
        payload=_payload(spec, scope, files),
        assign={variable: Jsonata(with_parts(_PAYLOAD, "the function's result", types) if types else _PAYLOAD)},
        timeout_seconds=spec.timeout_minutes * 60 + 30,
    )
    results = {f"result.{key}": declared_value(Jsonata(f"${variable}.{key}"), type) for key, type in types.items()}
    requirements = RequirementsContext(tuple(spec.requirements))
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"Lambda function of {spec.code}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"result": Value(Jsonata(f"${variable}")), **results, **files},
        permissions=permissions,
        resources=(function,),
        resources_file=own_function_resources(function),
        files=(OutputFile(f"{function.folder}/requirements.txt", "steps/lambda/requirements.txt.j2", requirements),),
        copies=_copies(spec, scope, function),
        secrets=secrets,
        state=OutputFile(scope.title, "steps/lambda/state.asl.json.j2", context),
        assigns=(variable,),
        summary={"result": Jsonata(f"${variable}")},
    )


def _function(spec: LambdaSpec, scope: Scope) -> LambdaFunction:
    return LambdaFunction(
        name=scope.names.function(scope.step),
        step=scope.step,
        role=RoleKey(Service.LAMBDA, scope.step),
        handler=spec.handler,
        folder=f"lambda/{scope.step}",
        packages=(),
        memory_mib=spec.memory_mib,
        timeout_seconds=spec.timeout_minutes * 60,
        environment=dict(sorted(spec.environment.items())),
        reaches_redis=False,
        in_vpc=spec.in_vpc,
        internet=spec.internet,
        runtime=spec.runtime,
        concurrency=spec.reserved_concurrency or (100 if scope.items else 10),
    )


def _copies(spec: LambdaSpec, scope: Scope, function: LambdaFunction) -> Mapping[str, str]:
    major, minor = spec.runtime.removeprefix("python").split(".")
    files = scope.code(spec.code, "code", (int(major), int(minor)))
    if "requirements.txt" in files:
        message = f"the folder '{spec.code}' has a requirements.txt, which is generated"
        raise scope.fault("PG062", message, "move its lines to `requirements:`", "code")
    path, _, function_name = spec.handler.rpartition(".")
    module = path.replace(".", "/")
    found = next((name for name in (f"{module}.py", f"{module}/__init__.py") if name in files), None)
    if found is None:
        message = f"the folder '{spec.code}' has no {module}.py, where the handler '{spec.handler}' would be"
        raise scope.fault("PG062", message, "name the handler's module and function", "handler")
    names = top_level_names(files[found])
    if names is not None and function_name not in names:
        message = f"{found} in '{spec.code}' has no '{function_name}', which the handler '{spec.handler}' would be"
        raise scope.fault("PG062", message, suggest(function_name, names, "it has"), "handler")
    return {f"{function.folder}/{name}": text for name, text in files.items()}


def _value(value: Scalar, scope: Scope, key: str) -> Json:
    """A payload's value; a text that is one reference keeps the type of what it refers to."""
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    return scope.value(whole.group(1), "payload", key) if whole else scope.text(value, "payload", key)


def _payload(spec: LambdaSpec, scope: Scope, files: Mapping[str, Folder | Table]) -> Json:
    payload: dict[str, Json] = {key: _value(value, scope, key) for key, value in spec.payload.items()}
    if files:
        payload["outputs"] = {name: item.uri for name, item in files.items()}
    return payload


def _given(spec: LambdaSpec, scope: Scope) -> dict[str, Artifact]:
    """What the payload's references stand for, by its keys and, where a text holds several, their numbers."""
    return {
        f"{key}{number or ''}": artifact
        for key, value in spec.payload.items()
        for number, artifact in enumerate(scope.found(str(value)))
    }


def _reach(spec: LambdaSpec, given: Mapping[str, Artifact], files: Mapping[str, Folder | Table]) -> Reach:
    return Reach(
        sources=_locations(given.values()),
        targets=tuple(item.location for item in files.values()),
        endpoints=tuple(dict.fromkeys(item.name for item in given.values() if isinstance(item, Endpoint))),
        secrets=tuple(sorted(set(spec.secrets))),
    )


def _locations(given: Iterable[Artifact]) -> tuple[Location, ...]:
    """Where the tables, models, predictions and files lie."""
    found = (getattr(artifact, "location", None) for artifact in given)
    return tuple(dict.fromkeys(item for item in found if isinstance(item, Location)))


def _refuse_secrets(spec: LambdaSpec, scope: Scope) -> None:
    for key, value in spec.environment.items():
        if _RESERVED.fullmatch(key):
            message = f"'{key}' is a variable that Lambda sets itself"
            raise scope.fault("PG063", message, "give it another name", "environment", key)
        names_one = value in spec.secrets
        if _SECRET_VALUE.search(value) or (_SECRET_NAME.search(key) and not names_one):
            message = f"'{key}' looks like a secret, and variables are there for everybody to read"
            raise scope.fault(
                "PG063", message, "name a secret in `secrets:` and read it in the code", "environment", key
            )

"""What an `http_call` step is in the spec and in the IR."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from pipelinegen.errors import Diagnostic
from pipelinegen.ir.infrastructure import HttpConnection
from pipelinegen.ir.model import Json, Jsonata, OutputFile, Step, Value
from pipelinegen.spec.fields import Identifier, SecretName, StrictModel
from pipelinegen.steps.base import REFERENCE, Scope, StepSpec
from pipelinegen.steps.http_call.permissions import call_permissions
from pipelinegen.steps.http_call.terraform import ConnectionContext, connection_resources

Scalar = str | int | float | bool
_OF_SECRETS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]


class ApiKeySpec(StrictModel):
    """The key that the API wants, and where it is kept."""

    secret: Annotated[SecretName, Field(description="Secrets Manager name; its value is JSON")]
    field: Annotated[Identifier, Field(description="The field of the secret's JSON that holds the key")] = "key"
    header: Annotated[HeaderName, Field(description="The header in which the key is sent")] = "X-Api-Key"


class HttpCallSpec(StepSpec):
    """Keys of an `http_call` step."""

    kind: Literal["http_call"]
    method: Annotated[Literal["GET", "POST", "PUT", "PATCH", "DELETE"], Field(description="HTTP method")] = "GET"
    url: Annotated[
        str,
        Field(
            pattern=r"^https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$",
            max_length=500,
            description="Address without a query; its host name is public",
        ),
    ]
    api_key: Annotated[ApiKeySpec, Field(description="The key that is sent along")]
    query: Annotated[dict[str, Scalar], Field(description="Query parameters; texts may hold references")] = {}
    headers: Annotated[dict[HeaderName, str], Field(description="Headers; texts may hold references")] = {}
    body: Annotated[dict[str, Scalar] | None, Field(description="Sent as a JSON object; texts may hold references")] = (
        None
    )


@dataclass(frozen=True, slots=True)
class HttpStateContext:
    """The state that makes the request."""

    arguments: Json
    assign: Json


def lower(spec: HttpCallSpec, scope: Scope) -> Step:
    """The step with its connection and state. Notes PG017, and PG115 for headers that hold secrets."""
    scope.faults.extend(_secrets_in_headers(spec, scope))
    name = scope.names.connection(scope.step)
    key = f"{{{{resolve:secretsmanager:{spec.api_key.secret}:SecretString:{spec.api_key.field}}}}}"
    connection = ConnectionContext(scope.step, name, f"Key of {scope.step}", spec.api_key.header, key)
    status, body = f"{scope.step}_status", f"{scope.step}_body"
    answer = Jsonata("$exists($states.result.ResponseBody) ? $states.result.ResponseBody : null")
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"{spec.method} {spec.url}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"status": Value(Jsonata(f"${status}"), "number"), "body": Value(Jsonata(f"${body}"))},
        permissions=call_permissions(name, spec.method, spec.url),
        resources=(HttpConnection(scope.step, name, spec.api_key.header, spec.api_key.secret, spec.api_key.field),),
        resources_file=connection_resources(connection),
        secrets=(spec.api_key.secret,),
        state=OutputFile(
            scope.title,
            "steps/http_call/state.asl.json.j2",
            HttpStateContext(_arguments(spec, scope), {status: Jsonata("$states.result.StatusCode"), body: answer}),
        ),
        assigns=(status, body),
        summary={"status": Jsonata(f"${status}")},
    )


def _arguments(spec: HttpCallSpec, scope: Scope) -> Json:
    arguments: dict[str, Json] = {
        "ApiEndpoint": spec.url,
        "Method": spec.method,
        "Authentication": {"ConnectionArn": f"${{connection_{scope.step}}}"},
    }
    if spec.headers:
        arguments["Headers"] = _values(spec.headers, scope, "headers")
    if spec.query:
        arguments["QueryParameters"] = _values(spec.query, scope, "query")
    if spec.body is not None:
        arguments["RequestBody"] = _values(spec.body, scope, "body")
    return arguments


def _values(values: Mapping[str, Scalar], scope: Scope, key: str) -> Json:
    return {name: _value(value, scope, key, name) for name, value in values.items()}


def _value(value: Scalar, scope: Scope, *path: str) -> Json:
    """A text that is one reference keeps the type of what it refers to."""
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    return scope.value(whole.group(1), *path) if whole else scope.text(value, *path)


def _secrets_in_headers(spec: HttpCallSpec, scope: Scope) -> Iterator[Diagnostic]:
    """Headers by which callers prove who they are: their values would stand in the state machine for all to read."""
    help = "write `api_key: {secret: …, header: Authorization}`; the secret's value is what is sent"
    for name in spec.headers:
        if name.lower() in _OF_SECRETS or name.lower() == spec.api_key.header.lower():
            fact = f"'{name}' holds a secret, which is sent as `api_key:`"
            yield Diagnostic(scope.spans.at("headers", name).value, "PG115", fact, help)

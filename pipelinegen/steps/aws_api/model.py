"""What an `aws_api` step is in the spec and in the IR."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue, model_validator

from pipelinegen.errors import SpecError
from pipelinegen.ir.model import Json, Jsonata, OutputFile, Step, Value
from pipelinegen.spec.fields import Identifier, SpecValueError, StrictModel, exactly_one
from pipelinegen.steps.aws_api.calls import DECLARED_TYPES, Asked, Prepared, or_null, prepare_call
from pipelinegen.steps.aws_api.polling import (
    REQUEST_SECONDS,
    CallStateContext,
    PollStatesContext,
    call_state,
    poll_states,
)
from pipelinegen.steps.base import Scope, StepSpec
from pipelinegen.steps.declared import ANY, declared_value
from pipelinegen.steps.statements import leaks_of_call
from pipelinegen.steps.unseen import SensitiveData

ResultPath = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_-]*(\[[0-9]{1,4}\])*(\.[A-Za-z_][A-Za-z0-9_-]*(\[[0-9]{1,4}\])*)*$",
        max_length=300,
    ),
]
Resource = Annotated[str, Field(pattern=r"^[A-Za-z0-9:/_.*@+=,?-]+$", max_length=1000)]
Arguments = dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,200}$")], JsonValue]
CallName = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}:[a-zA-Z][A-Za-z0-9]{0,100}$", description="service:action")
]
Scalar = str | int | float | bool


_NOT_BOTH_WAITS = ConfigDict(
    json_schema_extra={
        "not": {
            "required": ["wait", "poll"],
            "properties": {"wait": {"const": True}, "poll": {"not": {"type": "null"}}},
        }
    }
)


class OutcomeSpec(StrictModel):
    """A value in an answer, and what it is to be."""

    model_config = exactly_one("equals", "one_of")

    path: Annotated[ResultPath, Field(description="Where it is in the answer, such as Crawler.State")]
    equals: Annotated[Scalar | None, Field(description="It is this")] = None
    one_of: Annotated[list[Scalar] | None, Field(min_length=1, max_length=50, description="It is one of these")] = None

    @model_validator(mode="after")
    def _one_form(self) -> "OutcomeSpec":
        if (self.equals is None) == (self.one_of is None):
            raise SpecValueError("an outcome is compared in one way", "give either `equals:` or `one_of:`")
        return self

    @property
    def values(self) -> list[Scalar]:
        """What it may be."""
        return self.one_of if self.equals is None else [self.equals]  # type: ignore[return-value]

    @property
    def key(self) -> str:
        """The key under which that stands."""
        return "one_of" if self.equals is None else "equals"


class PollSpec(StrictModel):
    """A second call, made again and again until what the first one started is over."""

    call: Annotated[CallName, Field(description="service:action that tells how far it is")]
    arguments: Annotated[Arguments, Field(description="Its arguments, as the API names them")] = {}
    from_result: Annotated[
        dict[Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]*$")], ResultPath],
        Field(max_length=10, description="Further arguments: where each is in the answer to the first call"),
    ] = {}
    resources: Annotated[
        list[Resource], Field(max_length=50, description="As `resources:` of the step, for this call")
    ] = []
    until: Annotated[OutcomeSpec, Field(description="It is over when this holds")]
    fails_when: Annotated[OutcomeSpec | None, Field(description="It has failed when, once over, this holds")] = None
    every_seconds: Annotated[int, Field(ge=5, le=3600, description="Between two looks")] = 30
    timeout_minutes: Annotated[int, Field(ge=1, le=10080, description="The step fails after this time")] = 60


class AwsApiSpec(StepSpec):
    """Keys of an `aws_api` step."""

    model_config = _NOT_BOTH_WAITS

    kind: Literal["aws_api"]
    call: Annotated[CallName, Field(description="service:action, such as batch:submitJob")]
    arguments: Annotated[Arguments, Field(description="As the API names them; texts may hold references")] = {}
    wait: Annotated[
        bool,
        Field(
            description="Wait for the end of the job, where Step Functions can: Athena, Batch, Bedrock, CodeBuild, "
            "DataBrew, ECS, EKS, EMR, Glue, MediaConvert, SageMaker, Step Functions; a callback by task token is an "
            "`approval`, or a state of an `asl` step"
        ),
    ] = False
    poll: Annotated[PollSpec | None, Field(description="Wait by asking, where Step Functions cannot")] = None
    timeout_minutes: Annotated[int, Field(ge=1, le=10080, description="With `wait: true`")] = 60
    sensitive_data: SensitiveData = None
    resources: Annotated[
        list[Resource],
        Field(max_length=50, description="Resources of the call: whole ARNs, or what follows the account in one"),
    ] = []
    passes_roles: Annotated[
        list[Resource], Field(max_length=10, description="Roles that the call hands on, as ARNs or role/<name>")
    ] = []
    result: Annotated[
        dict[Identifier, ResultPath],
        Field(
            max_length=50, description="What is kept of the answer: a name for ${steps.<step>.result.<name>}, a path"
        ),
    ] = {}

    @model_validator(mode="after")
    def _waits_in_one_way(self) -> "AwsApiSpec":
        if self.wait and self.poll:
            raise SpecValueError("a step waits in one way", "give either `wait: true` or `poll:`")
        return self


def lower(spec: AwsApiSpec, scope: Scope) -> Step:
    """The step as one state, or as a loop of them. Raises: SpecError with PG017, PG120 to PG124, PG134."""
    said = spec.sensitive_data
    leaking = list(leaks_of_call(scope, spec.call, spec.arguments, scope.spans.at("arguments"), said))
    if spec.poll:
        place = scope.spans.at("poll", "arguments")
        leaking.extend(leaks_of_call(scope, spec.poll.call, spec.poll.arguments, place, said))
    if leaking:
        raise SpecError(leaking)
    given = Asked(spec.call, spec.arguments, tuple(spec.resources), tuple(spec.passes_roles))
    call = prepare_call(scope, given, waits=spec.wait)
    looks = _prepare_look(spec.poll, call, scope) if spec.poll else None
    kept = _kept(spec, looks or call, scope)
    context: CallStateContext | PollStatesContext
    if spec.poll and looks:
        context, template = poll_states(spec.poll, scope, call, looks, kept), "poll"
    else:
        seconds = spec.timeout_minutes * 60 if spec.wait else REQUEST_SECONDS
        context, template = call_state(call, kept, seconds), "state"
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"Calls {spec.call}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs=_outputs(spec, looks or call, scope),
        permissions=(*call.permissions, *(looks.permissions if looks else ())),
        state=OutputFile(scope.title, f"steps/aws_api/{template}.asl.json.j2", context),
        assigns=tuple(kept),
        summary={"result": Jsonata(f"${scope.step}_result")} if spec.result else {},
    )


def _outputs(spec: AwsApiSpec, call: Prepared, scope: Scope) -> dict[str, Value]:
    """What is kept, each of the type that the API's model gives it."""
    found = {}
    for name, path in spec.result.items():
        kind = call.found(path, "result", name).shape.kind
        found[f"result.{name}"] = declared_value(Jsonata(f"${scope.step}_result.{name}"), DECLARED_TYPES.get(kind, ANY))
    return found


def _prepare_look(poll: PollSpec, call: Prepared, scope: Scope) -> Prepared:
    """The call of the loop; what it takes from the first answer stands in a variable."""
    for name, path in poll.from_result.items():
        call.found(path, "poll", "from_result", name)
    taken = {name: Jsonata(f"${scope.step}_started.{name}") for name in poll.from_result}
    return prepare_call(
        scope, Asked(poll.call, poll.arguments, tuple(poll.resources), (), taken, ("poll",)), waits=False
    )


def _kept(spec: AwsApiSpec, call: Prepared, scope: Scope) -> dict[str, Json]:
    """What of the answer becomes a variable; a part that is not there becomes null."""
    if not spec.result:
        return {}
    parts = {name: call.found(path, "result", name).expression for name, path in spec.result.items()}
    return {f"{scope.step}_result": {name: or_null(part) for name, part in parts.items()}}

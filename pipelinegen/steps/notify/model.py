"""What a `notify` step is in the spec and in the IR."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, model_validator

from pipelinegen.ir.model import Json, OutputFile, Permission, Step, Topic
from pipelinegen.spec.fields import FreeText, Identifier, SpecValueError, StrictModel
from pipelinegen.steps.base import REFERENCE, Scope, StepSpec
from pipelinegen.steps.notify.permissions import event_permissions, notify_permissions
from pipelinegen.steps.readers import Readers, topic_of

Scalar = str | int | float | bool


def _own_source(value: str) -> str:
    if value.lower().startswith("aws."):
        raise SpecValueError(f"'{value[:60]}' is a source of AWS's own events", "start it with a name of yours")
    return value


_READERS_OF_AN_EMAIL: dict[str, JsonValue] = {
    "if": {"required": ["to"], "properties": {"to": {"minItems": 1}}},
    "then": {"required": ["subject", "message"], "properties": {"subject": {"type": "string"}}},
}


class EventSpec(StrictModel):
    """An event that rules of others can wait for."""

    source: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9._-]{1,256}$", description="Who sends it, such as newsletter.recommendations"),
        AfterValidator(_own_source),
    ]
    type: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]{1,128}$", description="Its detail-type: what has happened")]
    detail: Annotated[dict[Identifier, Scalar], Field(description="What it says; texts may hold references")] = {}
    bus: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,256}$", description="A bus of the same account")] = "default"


class NotifySpec(StepSpec):
    """Keys of a `notify` step: subject and message, an event, or all of them."""

    model_config = ConfigDict(json_schema_extra=_READERS_OF_AN_EMAIL)

    kind: Literal["notify"]
    subject: Annotated[
        str | None, Field(min_length=1, max_length=100, pattern=r"^[ -~]+$", description="At most 100 characters (SNS)")
    ] = None
    message: Annotated[FreeText | None, Field(description="May hold references such as ${run.date}")] = None
    to: Readers = []
    event: Annotated[EventSpec | None, Field(description="An event on EventBridge, beside the e-mail or alone")] = None

    @model_validator(mode="after")
    def _something_to_say(self) -> "NotifySpec":
        if (self.subject is None) != (self.message is None):
            lacking = "subject" if self.subject is None else "message"
            raise SpecValueError(
                f"an e-mail has a subject and a message, and '{lacking}' is missing", f"add `{lacking}:`"
            )
        if self.subject is None and self.event is None:
            raise SpecValueError("the step tells nobody anything", "give `subject:` and `message:`, or `event:`")
        if self.to and self.subject is None:
            raise SpecValueError("readers are named, and there is no e-mail", "give `subject:` and `message:`")
        return self


@dataclass(frozen=True, slots=True)
class NotifyStateContext:
    """The state that publishes the message."""

    topic_arn: str
    subject: Json
    message: Json


@dataclass(frozen=True, slots=True)
class EventStateContext:
    """The state that puts the event, and the one that publishes the message before, where there is one."""

    title: str
    start_title: str
    email_title: str
    email: NotifyStateContext | None
    entry: Json


def lower(spec: NotifySpec, scope: Scope) -> Step:
    """The step as a publication, an event, or both. Raises: SpecError with PG017, PG023."""
    email, permissions, topics = _email(spec, scope)
    state = OutputFile(scope.title, "steps/notify/state.asl.json.j2", email)
    if spec.event:
        permissions = (*permissions, *event_permissions(spec.event.bus))
        state = OutputFile(scope.title, "steps/notify/event.asl.json.j2", _event(spec.event, scope, email))
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or _about(spec),
        span=scope.spans.label,
        needs=scope.needs,
        outputs={},
        permissions=permissions,
        resources=topics,
        state=state,
    )


def _about(spec: NotifySpec) -> str:
    who = ", ".join(spec.to) or "the owner"
    return f"Tells {who}: {spec.subject}" if spec.event is None else f"Sends the event {spec.event.type}"


def _email(
    spec: NotifySpec, scope: Scope
) -> tuple[NotifyStateContext | None, tuple[Permission, ...], tuple[Topic, ...]]:
    if spec.subject is None or spec.message is None:
        return None, (), ()
    topic, own = topic_of(scope, spec.to, "nobody hears this")
    context = NotifyStateContext(topic, scope.text(spec.subject, "subject"), scope.text(spec.message, "message"))
    return context, notify_permissions(topic), own


def _event(spec: EventSpec, scope: Scope, email: NotifyStateContext | None) -> EventStateContext:
    email_title = f"{scope.title}: e-mail"
    detail = {name: _value(value, scope, name) for name, value in spec.detail.items()}
    return EventStateContext(
        title=scope.title,
        start_title=email_title if email else scope.title,
        email_title=email_title,
        email=email,
        entry={"Source": spec.source, "DetailType": spec.type, "EventBusName": spec.bus, "Detail": detail},
    )


def _value(value: Scalar, scope: Scope, name: str) -> Json:
    """A text that is one reference keeps the type of what it refers to."""
    if not isinstance(value, str):
        return value
    path = ("event", "detail", name)
    whole = REFERENCE.fullmatch(value)
    return scope.value(whole.group(1), *path) if whole else scope.text(value, *path)

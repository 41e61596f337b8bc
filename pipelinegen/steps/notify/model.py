"""What a `notify` step is in the spec and in the IR."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from pipelinegen.ir import arns
from pipelinegen.ir.model import Json, OutputFile, Permission, Step
from pipelinegen.spec.fields import FreeText, Identifier, SpecValueError, StrictModel
from pipelinegen.steps.base import REFERENCE, Scope, StepSpec
from pipelinegen.steps.notify.permissions import event_permissions, notify_permissions

Scalar = str | int | float | bool


def _own_source(value: str) -> str:
    if value.lower().startswith("aws."):
        raise SpecValueError(f"'{value[:60]}' is a source of AWS's own events", "start it with a name of yours")
    return value


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

    kind: Literal["notify"]
    subject: Annotated[
        str | None, Field(min_length=1, max_length=100, pattern=r"^[ -~]+$", description="At most 100 characters (SNS)")
    ] = None
    message: Annotated[FreeText | None, Field(description="May hold references such as ${run.date}")] = None
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
    email, permissions = _email(spec, scope)
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
        state=state,
    )


def _about(spec: NotifySpec) -> str:
    return f"Tells the owner: {spec.subject}" if spec.event is None else f"Sends the event {spec.event.type}"


def _email(spec: NotifySpec, scope: Scope) -> tuple[NotifyStateContext | None, tuple[Permission, ...]]:
    if spec.subject is None or spec.message is None:
        return None, ()
    if not scope.around.notifies:
        message = "nobody hears this: the pipeline has no `on_failure: {notify: …}`"
        raise scope.fault("PG023", message, "add `on_failure:`", "message")
    topic = arns.arn("sns", scope.names.topic())
    context = NotifyStateContext(topic, scope.text(spec.subject, "subject"), scope.text(spec.message, "message"))
    return context, notify_permissions(topic)


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

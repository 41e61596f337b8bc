"""What a `notify` step is in the spec and in the IR."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from pipelinegen.ir import arns
from pipelinegen.ir.model import Json, OutputFile, Step
from pipelinegen.spec.fields import FreeText
from pipelinegen.steps.base import Scope, StepSpec
from pipelinegen.steps.notify.permissions import notify_permissions


class NotifySpec(StepSpec):
    """Keys of a `notify` step."""

    kind: Literal["notify"]
    subject: Annotated[
        str, Field(min_length=1, max_length=100, pattern=r"^[ -~]+$", description="At most 100 characters (SNS)")
    ]
    message: Annotated[FreeText, Field(description="May hold references such as ${run.date}")]


@dataclass(frozen=True, slots=True)
class NotifyStateContext:
    """The state that publishes the message."""

    topic_arn: str
    subject: Json
    message: Json


def lower(spec: NotifySpec, scope: Scope) -> Step:
    """The step as one publication. Raises: SpecError with PG023."""
    if not scope.around.notifies:
        raise scope.fault(
            "PG023", "nobody hears this: the pipeline has no `on_failure: {notify: …}`", "add `on_failure:`", "message"
        )
    topic = arns.arn("sns", scope.names.topic())
    context = NotifyStateContext(topic, scope.text(spec.subject, "subject"), scope.text(spec.message, "message"))
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"Tells the owner: {spec.subject}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={},
        permissions=notify_permissions(topic),
        state=OutputFile(scope.title, "steps/notify/state.asl.json.j2", context),
    )

"""Whom a step tells: the pipeline's owner, or people of the step's own."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from pipelinegen.ir import arns
from pipelinegen.ir.model import Topic
from pipelinegen.spec.fields import Email
from pipelinegen.steps.base import Scope

Readers = Annotated[
    list[Email],
    Field(
        max_length=20,
        description="E-mail addresses that are told instead of the owner; each has to confirm once, as SNS asks it to",
    ),
]


def topic_of(scope: Scope, readers: Sequence[str], fact: str) -> tuple[str, tuple[Topic, ...]]:
    """The ARN of the topic to publish to, and the topic where it is the step's own.

    Raises: SpecError with PG023 at the step's message, if nobody is named and the pipeline has no owner who is told.
    """
    if readers:
        topic = Topic(scope.step, scope.names.topic(scope.step), tuple(dict.fromkeys(readers)))
        return arns.arn("sns", topic.name), (topic,)
    if not scope.around.notifies:
        help = "add `on_failure:`, or name readers in `to:`"
        raise scope.fault("PG023", f"{fact}: the pipeline has no `on_failure: {{notify: …}}`", help, "message")
    return arns.arn("sns", scope.names.topic()), ()

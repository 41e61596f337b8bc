"""What the state machine may do to the topic and to the bus."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import Permission
from pipelinegen.steps.permissions import STATES, use_key


def notify_permissions(topic_arn: str) -> tuple[Permission, ...]:
    """Publishing to the pipeline's encrypted topic."""
    return (Permission(STATES, "Notify", ("sns:Publish",), (topic_arn,)), use_key(STATES))


def event_permissions(bus: str) -> tuple[Permission, ...]:
    """Putting events on one bus."""
    return (Permission(STATES, "SendEvents", ("events:PutEvents",), (arns.arn("events", f"event-bus/{bus}"),)),)

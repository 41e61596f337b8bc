"""What the state machine may do to ask; who answers does so with permissions of their own."""

from pipelinegen.ir.model import Permission
from pipelinegen.steps.permissions import STATES, use_key


def ask_permissions(topic_arn: str) -> tuple[Permission, ...]:
    """Publishing to the pipeline's encrypted topic."""
    return (Permission(STATES, "Notify", ("sns:Publish",), (topic_arn,)), use_key(STATES))

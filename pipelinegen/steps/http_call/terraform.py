"""The Terraform of the connection."""

from dataclasses import dataclass

from pipelinegen.ir.model import ContentKeys, ResourcesFile


@dataclass(frozen=True, slots=True)
class ConnectionContext:
    """A stack of one EventBridge connection; CloudFormation reads the key itself, so no Terraform state holds it."""

    label: str
    name: str
    description: str
    key_name: str
    value: str


def connection_resources(context: ConnectionContext) -> ResourcesFile:
    """terraform/step_<step>.tf, which gives the connection's ARN to the state machine."""

    def made(keys: ContentKeys) -> ConnectionContext:
        del keys  # no content of ours is in it
        return context

    arn = f"data.aws_cloudwatch_event_connection.{context.label}.arn"
    return ResourcesFile("steps/http_call/resources.tf.j2", made, {f"connection_{context.label}": arn})

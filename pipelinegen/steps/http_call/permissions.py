"""What the state machine may do to make the request."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import Permission
from pipelinegen.steps.permissions import STATES


def call_permissions(connection: str, method: str, url: str) -> tuple[Permission, ...]:
    """This method on this address, with the credentials of this connection.

    EventBridge keeps a connection's credentials in a secret of its own, under the connection's name.
    """
    why = "states:InvokeHTTPEndpoint takes no resource; its conditions name the address"
    conditions = (("StringEquals", "states:HTTPMethod", (method,)), ("StringLike", "states:HTTPEndpoint", (url,)))
    secret = arns.arn("secretsmanager", f"secret:events!connection/{connection}/*")
    return (
        Permission(STATES, "CallHttp", ("states:InvokeHTTPEndpoint",), ("*",), conditions, why),
        Permission(
            STATES,
            "UseConnection",
            ("events:RetrieveConnectionCredentials",),
            (arns.arn("events", f"connection/{connection}/*"),),
        ),
        Permission(
            STATES,
            "ReadConnectionSecret",
            ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
            (secret,),
        ),
    )

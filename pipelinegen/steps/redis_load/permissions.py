"""What the loader's role, and the state machine on its behalf, may do."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import LambdaFunction, Location, Permission
from pipelinegen.ir.names import Names
from pipelinegen.steps.permissions import STATES, read, read_secrets, use_key, write_logs


def load_permissions(
    function: LambdaFunction, names: Names, predictions: Location
) -> tuple[str, tuple[Permission, ...]]:
    """The function's ARN, and the permissions to run it and for it to read predictions and the Redis password."""
    arn = arns.arn("lambda", f"function:{function.name}")
    role = function.role
    interfaces = (
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
    )
    return arn, (
        Permission(
            STATES,
            f"Invoke{function.step.replace('_', ' ').title().replace(' ', '')}",
            ("lambda:InvokeFunction",),
            (arn,),
        ),
        *read(role, "ReadPredictions", predictions),
        read_secrets(role, names.redis_secret()),
        use_key(role),
        write_logs(role, f"/aws/lambda/{function.name}"),
        Permission(
            role,
            "AttachNetwork",
            interfaces,
            ("*",),
            why_every_resource="to join a VPC, Lambda wants these on all (AWSLambdaVPCAccessExecutionRole)",
        ),
    )

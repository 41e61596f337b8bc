"""What the function's role, and the state machine on its behalf, may do."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import LambdaFunction, Location, Permission
from pipelinegen.steps.permissions import STATES, read, read_secrets, use_key, write_logs

_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
)


def function_permissions(
    function: LambdaFunction, secrets: tuple[str, ...], sources: tuple[Location, ...], endpoints: tuple[str, ...]
) -> tuple[str, tuple[Permission, ...]]:
    """The function's ARN, and the permissions to run it and for it to read and ask what it names."""
    arn, role = arns.arn("lambda", f"function:{function.name}"), function.role
    sid = f"Invoke{function.step.title().replace('_', '')}"
    permissions = [
        Permission(STATES, sid, ("lambda:InvokeFunction",), (arn,)),
        write_logs(role, f"/aws/lambda/{function.name}"),
        use_key(role),
        Permission(
            role,
            "WriteTraces",
            ("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
            ("*",),
            why_every_resource="X-Ray takes no resource for writing",
        ),
    ]
    if sources:
        permissions.extend(read(role, "ReadInputs", *sources))
    if secrets:
        permissions.append(read_secrets(role, *secrets))
    if endpoints:
        asked = tuple(arns.arn("sagemaker", f"endpoint/{name}") for name in endpoints)
        permissions.append(Permission(role, "AskEndpoints", ("sagemaker:InvokeEndpoint",), asked))
    if function.in_vpc:
        why = "to join a VPC, Lambda wants these on all (AWSLambdaVPCAccessExecutionRole)"
        permissions.append(Permission(role, "AttachNetwork", _INTERFACES, ("*",), why_every_resource=why))
    return arn, tuple(permissions)

"""What the function's role, and the state machine on its behalf, may do."""

from dataclasses import dataclass

from pipelinegen.ir import arns
from pipelinegen.ir.model import LambdaFunction, Location, Permission
from pipelinegen.steps.permissions import STATES, read, read_secrets, use_key, write, write_logs

_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a function may read, write, ask for an answer, and which secrets it may know."""

    sources: tuple[Location, ...]
    targets: tuple[Location, ...]
    endpoints: tuple[str, ...]
    secrets: tuple[str, ...]


def function_permissions(function: LambdaFunction, reach: Reach) -> tuple[str, tuple[Permission, ...]]:
    """The function's ARN, and the permissions to run it and for it to reach what it names."""
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
    if reach.sources:
        permissions.extend(read(role, "ReadInputs", *reach.sources))
    if reach.targets:
        permissions.extend(write(role, "WriteOutputs", *reach.targets))
    if reach.secrets:
        permissions.append(read_secrets(role, *reach.secrets))
    if reach.endpoints:
        asked = tuple(arns.arn("sagemaker", f"endpoint/{name}") for name in reach.endpoints)
        permissions.append(Permission(role, "AskEndpoints", ("sagemaker:InvokeEndpoint",), asked))
    if function.in_vpc:
        why = "to join a VPC, Lambda wants these on all (AWSLambdaVPCAccessExecutionRole)"
        permissions.append(Permission(role, "AttachNetwork", _INTERFACES, ("*",), why_every_resource=why))
    return arn, tuple(permissions)

"""What the function's role, and the state machine on its behalf, may do."""

from dataclasses import dataclass

from pipelinegen.ir import arns
from pipelinegen.ir.model import LambdaFunction, Location, Permission
from pipelinegen.ir.names import Names
from pipelinegen.steps.permissions import STATES, read, read_secrets, run_function, write


@dataclass(frozen=True, slots=True)
class Reach:
    """What a function may read, write, ask for an answer, and which secrets it may know."""

    sources: tuple[Location, ...]
    targets: tuple[Location, ...]
    endpoints: tuple[str, ...]
    secrets: tuple[str, ...]


def function_permissions(function: LambdaFunction, names: Names, reach: Reach) -> tuple[str, tuple[Permission, ...]]:
    """The function's ARN, and the permissions to run it and for it to reach what it names."""
    arn, role = arns.arn("lambda", f"function:{function.name}"), function.role
    sid = f"Invoke{function.step.title().replace('_', '')}"
    permissions = [Permission(STATES, sid, ("lambda:InvokeFunction",), (arn,)), *run_function(function, names)]
    if reach.sources:
        permissions.extend(read(role, "ReadInputs", *reach.sources))
    if reach.targets:
        permissions.extend(write(role, "WriteOutputs", *reach.targets))
    if reach.secrets:
        permissions.append(read_secrets(role, *reach.secrets))
    if reach.endpoints:
        asked = tuple(arns.arn("sagemaker", f"endpoint/{name}") for name in reach.endpoints)
        permissions.append(Permission(role, "AskEndpoints", ("sagemaker:InvokeEndpoint",), asked))
    return arn, tuple(permissions)

"""What the loader's role, and the state machine on its behalf, may do."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import LambdaFunction, Location, Permission
from pipelinegen.ir.names import Names
from pipelinegen.steps.permissions import STATES, read, read_secrets, run_function


def load_permissions(
    function: LambdaFunction, names: Names, predictions: Location
) -> tuple[str, tuple[Permission, ...]]:
    """The function's ARN, and the permissions to run it and for it to read predictions and the Redis password."""
    arn = arns.arn("lambda", f"function:{function.name}")
    role = function.role
    return arn, (
        Permission(
            STATES,
            f"Invoke{function.step.replace('_', ' ').title().replace(' ', '')}",
            ("lambda:InvokeFunction",),
            (arn,),
        ),
        *read(role, "ReadPredictions", predictions),
        read_secrets(role, names.redis_secret()),
        *run_function(function, names),
    )

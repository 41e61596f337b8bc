"""What the state machine may do to start rounds of its own, and to list what they are about."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import Location, Permission
from pipelinegen.ir.names import Names
from pipelinegen.steps.permissions import STATES, use_key


def start_rounds(names: Names, label: str) -> tuple[Permission, ...]:
    """Starting executions of the state machine itself, and following these.

    Step Functions guide, 'IAM policies for using Distributed Map states'.
    """
    machine = names.state_machine()
    rounds = (arns.arn("states", f"execution:{machine}/{label}:*"), arns.arn("states", f"execution:{machine}:*"))
    follow = ("states:DescribeExecution", "states:RedriveExecution", "states:StopExecution")
    return (
        Permission(STATES, "StartRounds", ("states:StartExecution",), (arns.arn("states", f"stateMachine:{machine}"),)),
        Permission(STATES, "FollowRounds", follow, rounds),
    )


def list_objects(location: Location) -> Permission:
    """Listing the objects below one prefix."""
    condition = (("StringLike", "s3:prefix", (f"{location.prefix}*",)),)
    return Permission(STATES, "ListItems", ("s3:ListBucket",), (arns.bucket(location.bucket),), condition)


def store_results(location: Location) -> tuple[Permission, ...]:
    """Writing what rounds give, in files of its own making (Step Functions guide, 'ResultWriter')."""
    actions = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject")
    return (Permission(STATES, "StoreResults", actions, (arns.objects(location),)), use_key(STATES))

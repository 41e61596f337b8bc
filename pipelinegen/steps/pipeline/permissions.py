"""What the state machine may do to the other one."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import Permission
from pipelinegen.steps.permissions import STATES

#: The rule that Step Functions manages to hear of the end (developer guide, "Manage nested executions").
RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"


def start_permissions(machine: str, sid: str) -> tuple[str, tuple[Permission, ...]]:
    """The other machine's ARN, and starting, following and stopping its executions."""
    arn = arns.arn("states", f"stateMachine:{machine}")
    follow = ("events:DescribeRule", "events:PutRule", "events:PutTargets")
    return arn, (
        Permission(STATES, f"Start{sid}", ("states:StartExecution",), (arn,)),
        Permission(
            STATES,
            f"Follow{sid}",
            ("states:DescribeExecution", "states:StopExecution"),
            (arns.arn("states", f"execution:{machine}:*"),),
        ),
        Permission(STATES, "HearOfExecutions", follow, (arns.arn("events", f"rule/{RULE}"),)),
    )

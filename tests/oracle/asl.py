"""Static checks of a Step Functions state machine in JSONata mode: all that can be known before AWS sees it."""

from typing import Any

from tests.oracle.asl_expressions import expression_faults
from tests.oracle.asl_structure import structure_faults
from tests.oracle.asl_tasks import task_faults
from tests.oracle.asl_variables import variable_faults


def faults(definition: dict[str, Any]) -> list[str]:
    """Everything wrong with the machine, each fault beginning with the place (`Train.Arguments.RoleArn: …`)."""
    structure = structure_faults(definition)
    if structure:  # the other checks walk along `Next`, so a broken graph would only repeat itself in them
        return structure
    return task_faults(definition) + expression_faults(definition) + variable_faults(definition)

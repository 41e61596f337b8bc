"""Loop: the same steps for each item of a list, each file of a folder, or each partition of a table."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.for_each.model import ForEachSpec, lower

KIND = StepKind(
    name="for_each",
    summary="Runs steps once for each item of a list, file of a folder or partition of a table, several at a time.",
    spec=ForEachSpec,
    outputs=("results", "count", "manifest"),
    lower=lower,
)

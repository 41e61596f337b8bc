"""Raw states of the Amazon States Language, for what no other kind expresses."""

from pipelinegen.steps.asl.model import AslSpec, lower
from pipelinegen.steps.base import StepKind

KIND = StepKind(
    name="asl",
    summary="Runs states written in the Amazon States Language, with the permissions they declare.",
    spec=AslSpec,
    outputs=("result.*",),
    lower=lower,
)

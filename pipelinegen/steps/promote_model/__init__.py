"""Promotion: points the pipeline at a new model."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.promote_model.model import PromoteModelSpec, lower

KIND = StepKind(
    name="promote_model",
    summary="Makes a model the promoted one, if its gate accepted it; gives on whichever model is promoted then.",
    spec=PromoteModelSpec,
    outputs=("model",),
    lower=lower,
)

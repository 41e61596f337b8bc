"""API: FastAPI on Fargate, serving what a load step wrote to Redis."""

from pipelinegen.steps.api.model import ApiSpec, lower
from pipelinegen.steps.base import StepKind

KIND = StepKind(
    name="api",
    summary="Serves recommendations from Redis over HTTP, to other teams.",
    spec=ApiSpec,
    outputs=(),
    lower=lower,
)

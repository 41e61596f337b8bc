"""SageMaker real-time endpoint: created or updated by the pipeline, rolled back on alarm."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.endpoint.model import EndpointSpec, lower

KIND = StepKind(
    name="endpoint",
    summary="Serves a model in real time: creates the endpoint or moves it to the new model, back on alarm.",
    spec=EndpointSpec,
    outputs=("endpoint",),
    lower=lower,
)

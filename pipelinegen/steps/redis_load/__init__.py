"""Redis load: a Lambda function that writes predictions into Redis hashes."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.redis_load.model import RedisLoadSpec, lower

KIND = StepKind(
    name="redis_load",
    summary="Loads predictions into Redis, one hash a user; replaces what is there.",
    spec=RedisLoadSpec,
    outputs=("hashes", "rows"),
    lower=lower,
)

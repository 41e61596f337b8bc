"""What a `redis_load` step is in the spec and in the IR."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from pipelinegen.ir.expressions import RUN_DATE
from pipelinegen.ir.model import (
    Json,
    Jsonata,
    LambdaFunction,
    OutputFile,
    Predictions,
    RedisCache,
    RedisHashes,
    RoleKey,
    ServerlessBounds,
    Service,
    Step,
    Value,
)
from pipelinegen.spec.aws_values import ListedCacheNodes, check_cache_node
from pipelinegen.spec.fields import RedisKey, SpecValueError, StrictModel
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.redis import rotation_function, rotation_permissions
from pipelinegen.steps.redis_load.permissions import load_permissions
from pipelinegen.steps.redis_load.terraform import function_resources


class ServerlessSpec(StrictModel):
    """A Redis that grows and shrinks by itself, within bounds."""

    max_storage_gb: Annotated[int, Field(ge=1, le=5000, description="Data at most")] = 5
    max_ecpu_per_second: Annotated[
        int, Field(ge=1000, le=15_000_000, description="Work at most; a simple command on 1 kB is one unit")
    ] = 5000


class CacheSpec(StrictModel):
    """The Redis that is loaded: nodes of its own, or a serverless one."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["serverless"], "properties": {"serverless": {"not": {"type": "null"}}}},
            "then": {"not": {"anyOf": [{"required": ["node_type"]}, {"required": ["nodes"]}]}},
        }
    )

    node_type: Annotated[
        str, AfterValidator(check_cache_node), ListedCacheNodes(), Field(description="ElastiCache node type")
    ] = "cache.t4g.small"
    nodes: Annotated[int, Field(ge=1, le=6, description="One primary, the others its replicas")] = 2
    serverless: Annotated[ServerlessSpec | None, Field(description="Without nodes; paid by data and work")] = None

    @model_validator(mode="after")
    def _one_form(self) -> "CacheSpec":
        mixed = [key for key in ("node_type", "nodes") if key in self.model_fields_set]
        if self.serverless and mixed:
            raise SpecValueError(f"a serverless cache has no `{mixed[0]}`", f"remove `{mixed[0]}:` or `serverless:`")
        return self


class RedisLoadSpec(StepSpec):
    """Keys of a `redis_load` step."""

    kind: Literal["redis_load"]
    predictions: Annotated[Reference, Field(description="${steps.<batch_predictions step>.output}")]
    key: Annotated[RedisKey, Field(description="Key of a user's hash")]
    expire_hours: Annotated[
        int, Field(ge=1, le=8760, description="Hashes not written again vanish after this time")
    ] = 72
    memory_mib: Annotated[int, Field(ge=512, le=10240, description="Memory of the Lambda function")] = 1024
    timeout_minutes: Annotated[int, Field(ge=1, le=15, description="At most 15 (AWS Lambda)")] = 15
    cache: CacheSpec = CacheSpec()


@dataclass(frozen=True, slots=True)
class SettingsContext:
    """What the handler reads beside its code."""

    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LoadStateContext:
    """The state that invokes the function."""

    function_arn: str
    payload: Json
    assign: Json
    timeout_seconds: int


def lower(spec: RedisLoadSpec, scope: Scope) -> Step:
    """The step with its function, state and role. Raises: SpecError with PG017."""
    predictions = scope.artifact(spec.predictions, Predictions, "predictions")
    function = _function(spec, scope)
    settings = {"schema_version": 1, "key": spec.key, "expire_seconds": spec.expire_hours * 3600}
    rows = f"{scope.step}_rows"
    arn, permissions = load_permissions(function, scope.names, predictions.location)
    context = LoadStateContext(
        function_arn=arn,
        payload={"predictions": predictions.uri, "run_date": RUN_DATE, "model_version": predictions.model.version},
        assign={rows: Jsonata("$states.result.Payload.rows")},
        timeout_seconds=spec.timeout_minutes * 60 + 30,
    )
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"Lambda function: predictions to Redis hashes {spec.key}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"hashes": RedisHashes(spec.key, predictions), "rows": Value(Jsonata(f"${rows}"), "number")},
        permissions=(*permissions, *rotation_permissions(scope.names)),
        resources=(function, _cache(spec.cache), rotation_function(scope.names)),
        files=(
            OutputFile(
                f"{function.folder}/settings.json", "steps/redis_load/settings.json.j2", SettingsContext(settings)
            ),
            OutputFile(
                f"{function.folder}/requirements.txt", "steps/redis_load/requirements.txt.j2", SettingsContext({})
            ),
        ),
        state=OutputFile(scope.title, "steps/redis_load/state.asl.json.j2", context),
        resources_file=function_resources(function),
        assigns=(rows,),
        summary={"rows": Jsonata(f"${rows}")},
    )


def _cache(spec: CacheSpec) -> RedisCache:
    given = spec.serverless
    bounds = ServerlessBounds(given.max_storage_gb, given.max_ecpu_per_second) if given else None
    return RedisCache(spec.node_type, spec.nodes, bounds)


def _function(spec: RedisLoadSpec, scope: Scope) -> LambdaFunction:
    return LambdaFunction(
        name=scope.names.function(scope.step),
        step=scope.step,
        role=RoleKey(Service.LAMBDA, scope.step),
        handler="runtime.redis_loader.handler.handler",
        folder=f"lambda/{scope.step}",
        packages=("common", "redis_loader"),
        memory_mib=spec.memory_mib,
        timeout_seconds=spec.timeout_minutes * 60,
        environment={
            "REDIS_HOST": "${redis_host}",
            "REDIS_PORT": "${redis_port}",
            "REDIS_SECRET": scope.names.redis_secret(),
            "REDIS_TLS": "${redis_tls}",
        },
        reaches_redis=True,
        runtime="python3.12",
    )

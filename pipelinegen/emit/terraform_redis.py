"""The pipeline's Redis: nodes or serverless, its one user, and what that user may do."""

from dataclasses import dataclass

from pipelinegen.emit.base import Workbench
from pipelinegen.ir.model import Api, LambdaFunction, RedisCache, RedisHashes
from pipelinegen.ir.names import role_label
from pipelinegen.steps.redis import ROTATION

#: What the loader and the API send, beside AUTH, which everybody may.
COMMANDS = ("expire", "hmget", "hset", "ping")
ROTATION_DAYS = 30


@dataclass(frozen=True, slots=True)
class Nodes:
    """A primary and its replicas."""

    type: str
    count: int
    fails_over: bool
    is_single: bool
    snapshot_days: int
    parameter_group: str


@dataclass(frozen=True, slots=True)
class Serverless:
    """The bounds of a cache without nodes."""

    storage_gb: int
    ecpu_per_second: int


@dataclass(frozen=True, slots=True)
class Rotation:
    """The function that gives the user new passwords, and the secret that holds them."""

    function: str
    role: str
    handler: str
    bundle_key: str
    memory_mib: int
    timeout_seconds: int
    days: int
    secret: str
    stack: str
    deletion_policy: str


@dataclass(frozen=True, slots=True)
class Redis:
    """Everything about it; `nodes` or `serverless` is None."""

    name: str
    user: str
    access: str
    description: str
    readers: str
    nodes: Nodes | None
    serverless: Serverless | None
    rotation: Rotation


def redis(bench: Workbench) -> Redis | None:
    """The Redis that the steps load, if any does."""
    cache = next(iter(bench.resources(RedisCache)), None)
    if cache is None:
        return None
    names, bounds = bench.names, cache.serverless
    replicated = cache.nodes > 1
    nodes = Nodes(
        cache.node_type, cache.nodes, replicated, not replicated, 7 if replicated else 1, f"{names.redis()}-valkey8"
    )
    return Redis(
        name=names.redis(),
        user=names.redis_user(),
        access=redis_access(bench),
        description=f"Predictions of {names.stem}",
        readers=",".join(f"{api.name}/{api.name}" for api in bench.resources(Api)),
        nodes=None if bounds else nodes,
        serverless=Serverless(bounds.storage_gb, bounds.ecpu_per_second) if bounds else None,
        rotation=_rotation(bench),
    )


def redis_access(bench: Workbench) -> str:
    """The ACL rules of the user: the keys that steps write, and the commands that loader and API send."""
    outputs = [item for step in bench.pipeline.steps for item in step.outputs.values()]
    keys = sorted({item.key.replace("{user_id}", "*") for item in outputs if isinstance(item, RedisHashes)})
    return " ".join(("on", *(f"~{key}" for key in keys), "-@all", *(f"+{command}" for command in COMMANDS)))


def _rotation(bench: Workbench) -> Rotation:
    function = next(item for item in bench.resources(LambdaFunction) if item.step == ROTATION)
    return Rotation(
        function=function.name,
        role=role_label(function.role),
        handler=function.handler,
        bundle_key=bench.function_key(function),
        memory_mib=function.memory_mib,
        timeout_seconds=function.timeout_seconds,
        days=ROTATION_DAYS,
        secret=bench.names.redis_secret(),
        stack=f"{bench.names.stem}-redis-secret",
        deletion_policy="Delete" if bench.pipeline.infrastructure.destroyable else "Retain",
    )

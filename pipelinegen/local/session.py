"""The local cloud, Redis and the warehouse of one command, deployed to and running."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Final

import pyarrow as pa
from rich.console import Console

from pipelinegen.local.deploy import Deployment, deploy
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.java import find_java
from pipelinegen.local.local_cloud import LocalCloud
from pipelinegen.local.prepare import Prepared, local_secrets, tables_for
from pipelinegen.local.redis import RedisServer, accounts_of, find_redis_server
from pipelinegen.local.run_folders import RunFolders
from pipelinegen.local.warehouses import WarehouseChoice, open_warehouse
from pipelinegen.local.world import World

#: What stays in a state folder between commands; the rest is working files, which may hold data in the clear.
_KEPT: Final = frozenset({".lock", "cloud", "logs", "notifications.jsonl", "redis", "run.json", "runs", "world.json"})


#: A process that was killed may answer once more before its end is seen.
_DYING_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Session:
    """Everything that is running."""

    prepared: Prepared
    world: World
    cloud: LocalCloud
    redis: RedisServer
    deployment: Deployment
    console: Console

    @property
    def runs(self) -> RunFolders:
        """The runs of this pipeline and environment."""
        return RunFolders(self.prepared.state)

    def require_alive(self) -> None:
        """Raises: LocalCloudError if the cloud or Redis is gone, which nobody asked for."""
        dead = _dead(self.cloud, self.redis)
        if dead:
            raise dead


def require_programs(prepared: Prepared) -> None:
    """Raises: NoJavaError, NoRedisError before anything is started."""
    if prepared.deployment["glue_jobs"]:
        find_java()
    find_redis_server()


def world_tables(prepared: Prepared, world: World) -> Mapping[str, pa.Table]:
    """The tables of the warehouse, the same for the same world. Raises: LocalCloudError if there is no such data."""
    return tables_for(prepared.pipeline, Path(world.spec), world.data, world.days)


def start_session(
    prepared: Prepared, world: World, tables: Mapping[str, pa.Table], console: Console, stack: ExitStack
) -> Session:
    """Starts and deploys; the end of `stack` ends it all. What the state folder holds of the world is loaded."""
    pipeline, state = prepared.pipeline, prepared.state
    if not prepared.settings.enforce_policies:
        console.print("[bold red]IAM IS OFF[/]: every role may do everything; this proves nothing about permissions")
    remove_working_files(state)
    stack.callback(remove_working_files, state)
    rows = sum(table.num_rows for table in tables.values())
    with console.status(f"filling the warehouse with {rows:,} rows of {len(tables)} tables"):
        choice = WarehouseChoice(world.warehouse, Path(world.driver) if world.driver else None)
        warehouse = open_warehouse(pipeline, choice, tables, state, stack)
    with console.status("starting the local cloud and Redis"):
        known = prepared.deployment["redis"]
        redis = stack.enter_context(RedisServer(state / "redis", accounts=accounts_of(known)))
        cloud = stack.enter_context(LocalCloud(state, pipeline.account_id, pipeline.region, settings=prepared.settings))
        stack.enter_context(naming_the_dead(cloud, redis))
        secrets = local_secrets(pipeline, known, redis.password, warehouse.secret)
        if warehouse.stock:
            warehouse.stock(cloud.client)
        deployment = deploy(cloud, prepared.folder, secrets=secrets, variables=redis_variables(redis))
    return Session(prepared, world, cloud, redis, deployment, console)


@contextmanager
def naming_the_dead(cloud: LocalCloud, redis: RedisServer) -> Iterator[None]:
    """Whatever goes wrong inside because the cloud or Redis was killed is said to have gone wrong for that."""
    try:
        yield
    except LocalCloudError:
        raise
    except Exception as error:
        deadline = time.monotonic() + _DYING_SECONDS
        dead = _dead(cloud, redis)
        while dead is None and time.monotonic() < deadline:
            time.sleep(0.05)
            dead = _dead(cloud, redis)
        if dead is None:
            raise
        raise dead from error


def _dead(cloud: LocalCloud, redis: RedisServer) -> LocalCloudError | None:
    for name, running in (("the local cloud", cloud.running), ("Redis", redis.running)):
        if not running:
            help = "go on with `pipelinegen retry last`, or run it again if no run had begun"
            return LocalCloudError(f"{name} ended unexpectedly", help)
    return None


def redis_variables(redis: RedisServer) -> dict[str, str]:
    """What Terraform's outputs about Redis are on this machine."""
    return {"redis_host": redis.host, "redis_port": str(redis.port), "redis_tls": "false", "redis_readers": ""}


def remove_working_files(state: Path) -> None:
    """Only what the next command needs stays: the cloud's store, Redis' files, the records and the logs."""
    (state / "redis" / "redis.conf").unlink(missing_ok=True)
    rmtree(state / "cloud" / "drafts", ignore_errors=True)
    for path in state.iterdir():
        if path.name not in _KEPT:
            rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)

"""Which warehouse a local run reads: Derby, a PostgreSQL of its own, a database that is there, or files in S3."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any, Final

import pyarrow as pa

from pipelinegen.ir.model import Pipeline
from pipelinegen.local.data.lake import fill_lake
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.postgresql import DRIVER_CLASS, PostgresServer, find_driver
from pipelinegen.local.spark_jars import leave_jar
from pipelinegen.local.warehouse import fill_derby

DERBY: Final = "derby"
POSTGRESQL: Final = "postgresql"
#: Who reads a database that was there before; the URL would show in the list of processes.
USER_VARIABLE: Final = "PIPELINEGEN_WAREHOUSE_USER"
PASSWORD_VARIABLE: Final = "PIPELINEGEN_WAREHOUSE_PASSWORD"


@dataclass(frozen=True, slots=True)
class WarehouseChoice:
    """What the command line says: `derby`, `postgresql` or a JDBC URL, and where the driver for it lies."""

    name: str = DERBY
    driver: Path | None = None


@dataclass(frozen=True, slots=True)
class OpenWarehouse:
    """A warehouse that is ready: its secret, if it has one, and what is still to be put into the local cloud."""

    secret: Mapping[str, str] | None = None
    stock: Callable[[Callable[[str], Any]], None] | None = None


def open_warehouse(
    pipeline: Pipeline, choice: WarehouseChoice, tables: Mapping[str, pa.Table], state: Path, stack: ExitStack
) -> OpenWarehouse:
    """The warehouse, filled with `tables` unless it is a database of the user's, which nobody writes to.

    Raises: LocalCloudError if it does not go with the pipeline, or a server or a driver is missing.
    """
    warehouse = pipeline.warehouse
    if warehouse is None:
        return OpenWarehouse()
    if not warehouse.is_database:
        if choice.name != DERBY:
            raise LocalCloudError(
                f"the spec's warehouse is of kind '{warehouse.kind}', which is files and not a database",
                "leave --warehouse out",
            )
        for place in warehouse.places:
            # Others' data, and in the clear: it is put there anew whenever it is needed.
            stack.callback(rmtree, state / "cloud" / "s3" / place.bucket, ignore_errors=True)
        return OpenWarehouse(stock=lambda clients: fill_lake(clients, warehouse, tables))
    if choice.name == DERBY:
        return OpenWarehouse(fill_derby(tables, state / "warehouse").secret())
    if choice.name == POSTGRESQL:
        return OpenWarehouse(_own_postgresql(choice, tables, state, stack))
    return OpenWarehouse(_given(choice, state))


def checked_choice(name: str, driver: Path | None) -> WarehouseChoice:
    """The choice. Raises: LocalCloudError if there is no such warehouse, or what it needs is not there."""
    if name not in (DERBY, POSTGRESQL) and not name.startswith("jdbc:"):
        raise LocalCloudError(
            f"there is no warehouse '{name}'", "choose derby, postgresql or a URL such as jdbc:postgresql://…"
        )
    if name != DERBY and (name == POSTGRESQL or name.startswith("jdbc:postgresql:") or driver):
        find_driver(driver)
    return WarehouseChoice(name, driver)


def _own_postgresql(
    choice: WarehouseChoice, tables: Mapping[str, pa.Table], state: Path, stack: ExitStack
) -> Mapping[str, str]:
    driver = find_driver(choice.driver)
    server = stack.enter_context(PostgresServer(state / "logs" / "postgresql.log"))
    server.fill(tables)
    leave_jar(state, driver)
    return server.secret()


def _given(choice: WarehouseChoice, state: Path) -> Mapping[str, str]:
    """A database that was there before; what it holds is its owner's."""
    secret = {"jdbc_url": choice.name}
    for field, variable in (("username", USER_VARIABLE), ("password", PASSWORD_VARIABLE)):
        if os.environ.get(variable):
            secret[field] = os.environ[variable]
    if choice.driver or choice.name.startswith("jdbc:postgresql:"):
        leave_jar(state, find_driver(choice.driver))
    if choice.name.startswith("jdbc:postgresql:"):
        secret["driver"] = DRIVER_CLASS
    return secret

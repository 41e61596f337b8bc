"""The warehouse of a Glue job: what the script is told of it, and what reading it takes."""

from collections.abc import Iterable
from typing import Any

from pipelinegen.ir import arns
from pipelinegen.ir.model import Dataset, Permission, RoleKey, Warehouse
from pipelinegen.steps.permissions import read


def warehouse_settings(warehouse: Warehouse) -> dict[str, Any]:
    """What the script is told."""
    if warehouse.is_database:
        return {"kind": warehouse.kind, "secret": warehouse.secret, "database": warehouse.database}
    if warehouse.kind == "glue_catalog":
        return {"kind": warehouse.kind, "database": warehouse.database}
    return {"kind": warehouse.kind, "location": warehouse.places[0].uri, "format": warehouse.format}


def file_permissions(role: RoleKey, warehouse: Warehouse | None, datasets: Iterable[Dataset]) -> list[Permission]:
    """Reading exactly the folders of the tables, or the tables of the catalog and the places where their files lie."""
    tables = sorted({item.table for item in datasets if item.table})
    if warehouse is None or warehouse.is_database or not tables:
        return []
    found: list[Permission] = []
    if warehouse.kind == "glue_catalog":
        found.append(Permission(role, "ReadCatalog", ("glue:GetTable",), _catalog(warehouse, tables)))
        places = warehouse.places
    else:
        places = tuple(warehouse.folder(table) for table in tables)
    # One call a place: the buckets are those of others, of whose names nothing is known.
    for place in places:
        found.extend(read(role, "ReadWarehouse", place))
    if warehouse.kms_key:
        found.append(Permission(role, "UseWarehouseKey", ("kms:Decrypt",), (warehouse.kms_key,)))
    return found


def _catalog(warehouse: Warehouse, tables: list[str]) -> tuple[str, ...]:
    """The catalog, the database and the tables; a name of two parts names its own database."""
    names = [name.lower().rpartition(".") for name in tables]
    databases = sorted({database or str(warehouse.database).lower() for database, _, _ in names})
    return (
        arns.arn("glue", "catalog"),
        *(arns.arn("glue", f"database/{database}") for database in databases),
        *(
            arns.arn("glue", f"table/{database or str(warehouse.database).lower()}/{table}")
            for database, _, table in names
        ),
    )

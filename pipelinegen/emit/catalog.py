"""The Data Catalog's view of the tables that steps write: columns from the contracts, partitions by projection."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipelinegen.emit.base import Workbench
from pipelinegen.ir.model import Column, Dataset, Table

#: At most 255 characters (Glue: Column.Comment).
_COMMENT_CHARACTERS = 255
_FIRST_DATE = "2020-01-01"


@dataclass(frozen=True, slots=True)
class CatalogTable:
    """One table: its partitions are worked out from the names of folders, so that no crawler need find them."""

    label: str
    name: str
    description: str
    location: str
    columns: tuple[Mapping[str, str], ...]
    partitions: tuple[Mapping[str, str], ...]
    parameters: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CatalogContext:
    """The database and its tables."""

    database: str
    description: str
    tables: tuple[CatalogTable, ...]


def catalog_context(bench: Workbench) -> CatalogContext | None:
    """What steps write as tables; None if no step does."""
    tables = tuple(
        _table(f"{step.name}{'' if output == 'output' else f'__{output}'}", step.description, found)
        for step in bench.pipeline.steps
        for output, found in step.outputs.items()
        if isinstance(found, Table)
    )
    if not tables:
        return None
    return CatalogContext(bench.names.catalog_database(), f"What {bench.names.stem} writes", tables)


def _table(name: str, step: str, table: Table) -> CatalogTable:
    """A table named after its step, and its output where it has several: step names hold no double underscore."""
    dataset = table.dataset
    date = "run_date" if dataset.column("date") else "date"
    keys = [(date, f"date=${{{date}}}", dict(_by_date(date)))]
    if table.location.part:
        keys.append(("part", "part=${part}", {"projection.part.type": "injected"}))
    keys.extend((key, f"{key}=${{{key}}}", dict(_by_values(dataset, key))) for key in dataset.partitions)
    template = f"{table.location.uri}{'/'.join(folder for _, folder, _ in keys)}/"
    parameters = {
        "EXTERNAL": "TRUE",
        "classification": "parquet",
        "projection.enabled": "true",
        "storage.location.template": template,
        **{parameter: value for _, _, given in keys for parameter, value in given.items()},
    }
    return CatalogTable(
        label=name,
        name=name,
        description=_line(dataset.description or step),
        location=table.location.uri,
        columns=tuple(_column(column) for column in dataset.columns if column.name not in dataset.partitions),
        partitions=tuple({"name": key, "type": "string"} for key, _, _ in keys),
        parameters=tuple(sorted(parameters.items())),
    )


def _by_date(key: str) -> Iterator[tuple[str, str]]:
    yield f"projection.{key}.type", "date"
    yield f"projection.{key}.format", "yyyy-MM-dd"
    # Tomorrow as well: where the day begins depends on the reader's zone.
    yield f"projection.{key}.range", f"{_FIRST_DATE},NOW+1DAYS"


def _by_values(dataset: Dataset, key: str) -> Iterator[tuple[str, str]]:
    """The values that the contract accepts, or whatever a query asks for: it has to name one then."""
    for check in dataset.checks:
        if check.kind == "accepted_values" and isinstance(check.argument, Mapping) and key in check.argument:
            values = check.argument[key]
            assert isinstance(values, list)
            yield f"projection.{key}.type", "enum"
            yield f"projection.{key}.values", ",".join(str(value) for value in values)
            return
    yield f"projection.{key}.type", "injected"


def _column(column: Column) -> Mapping[str, str]:
    done = {"hash": "pseudonyms", "tokenise": "tokens"}.get(column.protect or "")
    comment = f"{column.description or column.name}{f' ({done})' if done else ''}"
    return {"name": column.name, "type": column.stored_type, "comment": _line(comment)}


def _line(text: str) -> str:
    return " ".join(text.split())[:_COMMENT_CHARACTERS]

"""Data contracts: from the spec's datasets to the IR's."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pipelinegen.errors import Diagnostic, Note
from pipelinegen.ir.model import Bookmark, Check, Column, Dataset, Location, Warehouse, Window
from pipelinegen.resolve.contracts import contract_faults, window_faults
from pipelinegen.resolve.draft import Draft
from pipelinegen.spec.datasets import CheckSpec, DatasetSpec, WarehouseSpec, WindowSpec


def lower_datasets(draft: Draft) -> Draft:
    """The draft with its datasets. Reports PG012, PG019, PG021, PG087 and PG137 for what a contract gets wrong."""
    faults: list[Diagnostic] = []
    datasets = {}
    types = {name: given.type for name, given in draft.spec.parameters.items()}
    unsound = set()
    for name, spec in draft.spec.datasets.items():
        before = len(faults)
        faults.extend(contract_faults(name, draft.spec.datasets, draft.spans.at("datasets", name)))
        faults.extend(window_faults(spec, types, draft.spans.at("datasets", name)))
        unsound.update([name] if len(faults) > before else [])
        datasets[name] = _lower(name, spec)
    faults.extend(_marked_elsewhere(draft, datasets))
    return replace(draft, datasets=datasets, unsound_datasets=frozenset(unsound)).reporting(faults)


def _marked_elsewhere(draft: Draft, datasets: Mapping[str, Dataset]) -> Iterator[Diagnostic]:
    """A fault for each column that another dataset of the same table marks sensitive, and this one does not."""
    spans = draft.spans.at("datasets")
    marked: dict[tuple[str, str], str] = {}
    for item in datasets.values():
        for column in item.columns if item.table else ():
            if column.sensitive:
                marked.setdefault((_table(item), column.name), item.name)
    for item in datasets.values():
        for column in item.columns if item.table else ():
            other = marked.get((_table(item), column.name))
            if other and not column.sensitive:
                fact = f"column '{column.name}' of '{item.name}' is not marked sensitive, but '{other}' reads the same"
                note = Note(spans.at(other, "columns", column.name).label, "it is marked here")
                help = f"add `sensitive: true` and `protect:` to {item.name}.{column.name}"
                place = spans.at(item.name, "columns", column.name).label
                yield Diagnostic(place, "PG019", f"{fact} column of {item.table}, and marks it", help, (note,))


def _table(item: Dataset) -> str:
    """The table without its schema, which may be left out where it is the usual one."""
    return (item.table or "").lower().rpartition(".")[2]


def lower_warehouse(spec: WarehouseSpec | None) -> Warehouse | None:
    """The warehouse, if there is one."""
    if spec is None:
        return None
    folders = [*(spec.locations or ()), *([spec.location] if spec.location else [])]
    parts = [folder.removeprefix("s3://").partition("/") for folder in folders]
    places = tuple(Location(bucket, prefix) for bucket, _, prefix in parts)
    return Warehouse(spec.kind, spec.secret, spec.database, places, spec.format or "parquet", spec.kms_key)


def _lower(name: str, spec: DatasetSpec) -> Dataset:
    window = spec.from_.window if spec.from_ else None
    bookmark = spec.from_.bookmark if spec.from_ else None
    return Dataset(
        name=name,
        columns=tuple(
            Column(column, given.type, given.sensitive, given.protect, given.nullable, given.description)
            for column, given in spec.columns.items()
        ),
        checks=(*_implied(spec), *(_check(check) for check in spec.checks)),
        table=spec.from_.table if spec.from_ else None,
        window=_window(window) if window else None,
        bookmark=Bookmark(bookmark.column, bookmark.after) if bookmark else None,
        partitions=tuple(spec.partitions),
        description=spec.description,
    )


def _window(spec: WindowSpec) -> Window:
    days = spec.days if isinstance(spec.days, int) else spec.days[2:-1].removeprefix("parameters.")
    return Window(spec.column, days)


def _implied(spec: DatasetSpec) -> list[Check]:
    """The checks that other keys stand for. A null in a partition would have no folder that other engines know."""
    needed = [
        name
        for name, column in spec.columns.items()
        if (name in spec.keys or name in spec.partitions or not column.nullable) and column.protect != "drop"
    ]
    found = [Check("not_null", tuple(needed), needed)] if needed else []
    if spec.keys:
        found.append(Check("unique", tuple(spec.keys), list(spec.keys)))
    if spec.freshness:
        found.append(Check("freshness", (spec.freshness.column,), spec.freshness.model_dump()))
    return found


def _check(spec: CheckSpec) -> Check:
    return Check(spec.kind, tuple(spec.columns()), spec.model_dump(exclude_none=True)[spec.kind])

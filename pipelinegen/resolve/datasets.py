"""Data contracts: from the spec's datasets to the IR's."""

from dataclasses import replace

from pipelinegen.errors import Diagnostic, suggest
from pipelinegen.ir.model import Check, Column, Dataset, Window
from pipelinegen.resolve.draft import Draft
from pipelinegen.source import SpanTree
from pipelinegen.spec.pipeline import CheckSpec, DatasetSpec


def lower_datasets(draft: Draft) -> Draft:
    """The draft with its datasets. Reports PG021 for a check or window of a column there is not."""
    faults: list[Diagnostic] = []
    datasets = {}
    for name, spec in draft.spec.datasets.items():
        faults.extend(_unknown_columns(name, spec, draft.spans.at("datasets", name)))
        datasets[name] = _lower(name, spec)
    return replace(draft, datasets=datasets).reporting(faults)


def _lower(name: str, spec: DatasetSpec) -> Dataset:
    window = spec.from_.window if spec.from_ else None
    return Dataset(
        name=name,
        columns=tuple(
            Column(column, given.type, given.sensitive, given.protect) for column, given in spec.columns.items()
        ),
        checks=tuple(_check(check) for check in spec.checks),
        table=spec.from_.table if spec.from_ else None,
        window=Window(window.column, window.days) if window else None,
    )


def _check(spec: CheckSpec) -> Check:
    (kind,) = spec.model_fields_set
    return Check(kind, tuple(spec.columns()), spec.min_rows)


def _unknown_columns(name: str, spec: DatasetSpec, spans: SpanTree) -> list[Diagnostic]:
    named: list[tuple[str, tuple[str | int, ...]]] = []
    if spec.from_ and spec.from_.window:
        named.append((spec.from_.window.column, ("from", "window", "column")))
    for index, check in enumerate(spec.checks):
        (kind,) = check.model_fields_set
        named.extend((column, ("checks", index, kind, place)) for place, column in enumerate(check.columns()))
    return [
        Diagnostic(
            spans.at(*path).value,
            "PG021",
            f"dataset '{name}' has no column '{column}'",
            suggest(column, spec.columns, "its columns"),
        )
        for column, path in named
        if column not in spec.columns
    ]

"""Data contracts: from the spec's datasets to the IR's."""

from collections.abc import Mapping
from dataclasses import replace

from pipelinegen.errors import Diagnostic, suggest
from pipelinegen.ir.model import Check, Column, Dataset, Window
from pipelinegen.resolve.draft import Draft
from pipelinegen.source import SpanTree
from pipelinegen.spec.datasets import VALUE_CHECKS, CheckSpec, DatasetSpec
from pipelinegen.spec.load import describe


def lower_datasets(draft: Draft) -> Draft:
    """The draft with its datasets. Reports PG021 for checks and windows of unknown columns, PG087 for unfit checks."""
    faults: list[Diagnostic] = []
    datasets = {}
    for name, spec in draft.spec.datasets.items():
        spans = draft.spans.at("datasets", name)
        faults.extend(_unknown_columns(name, spec, spans) or _unfit_checks(name, spec, spans))
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
    return Check(spec.kind, tuple(spec.columns()), spec.model_dump(exclude_none=True)[spec.kind])


def _unknown_columns(name: str, spec: DatasetSpec, spans: SpanTree) -> list[Diagnostic]:
    named: list[tuple[str, tuple[str | int, ...]]] = []
    if spec.from_ and spec.from_.window:
        named.append((spec.from_.window.column, ("from", "window", "column")))
    for index, check in enumerate(spec.checks):
        named.extend((column, ("checks", index, *path)) for column, path in check.places())
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


#: Types a check of values is made for, and how Python has such a value.
_VALUES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "bigint": (int,),
    "double": (int, float),
    "boolean": (bool,),
}


def _unfit_checks(name: str, spec: DatasetSpec, spans: SpanTree) -> list[Diagnostic]:
    """Checks of columns that are not there or not readable any more, and of values that a column cannot have."""
    faults = []
    for index, check in enumerate(spec.checks):
        for column, path in check.places():
            fact = _unfit(check, column, spec)
            if fact:
                span = spans.at("checks", index, *path)
                help = "remove the check, or check another column"
                faults.append(Diagnostic(span.label, "PG087", f"'{column}' of dataset '{name}' {fact}", help))
    return faults


def _unfit(check: CheckSpec, column: str, spec: DatasetSpec) -> str | None:
    kind, given = check.kind, spec.columns[column]
    if given.protect == "drop":
        return "is dropped when it is read, so that nothing of it can be checked"
    if kind in VALUE_CHECKS and given.protect == "hash":
        return "is hashed, so that its values are pseudonyms"
    if kind == "freshness":
        return None if given.type in ("date", "timestamp") else f"is {given.type}, which has no age"
    if kind == "range" and given.type not in ("int", "bigint", "double"):
        return f"is {given.type}; a range is for numbers"
    if kind == "accepted_values":
        fitting = _VALUES.get(given.type, ())
        wrong = [value for value in (check.accepted_values or {})[column] if not _fits(value, fitting)]
        return f"is {given.type}, which cannot be {describe(wrong[0])}" if wrong else None
    return None


def _fits(value: object, types: tuple[type, ...]) -> bool:
    return isinstance(value, types) and isinstance(value, bool) == (types == (bool,))

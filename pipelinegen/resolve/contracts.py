"""What a data contract may get wrong: names of columns, and checks, keys and partitions that its types do not allow."""

from collections.abc import Iterator, Mapping

from pipelinegen.errors import Diagnostic, suggest
from pipelinegen.ir.values import NUMBERS, TIMES, WHOLE_NUMBERS, family
from pipelinegen.source import SpanTree
from pipelinegen.spec.datasets import VALUE_CHECKS, CheckSpec, ColumnSpec, DatasetSpec
from pipelinegen.spec.load import describe

Path = tuple[str | int, ...]
Datasets = Mapping[str, DatasetSpec]

#: Families of types a check of values is made for, and how Python has such a value.
_VALUES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "bigint": (int,),
    "float": (int, float),
    "double": (int, float),
    "decimal": (int, float),
    "boolean": (bool,),
}
#: Types whose values can be the name of a folder, and be read from it again.
_OF_FOLDERS = frozenset({"string", "int", "bigint", "boolean", "date"})


def contract_faults(name: str, datasets: Datasets, spans: SpanTree) -> list[Diagnostic]:
    """The faults of one dataset: PG021 for columns it has not, PG012, PG087 and PG137 for the others."""
    spec = datasets[name]
    named = list(_named(spec))
    return [
        *(_unknown(name, column, spec, spans.at(*path)) for column, path in named if column not in spec.columns),
        *_unfit_bookmark(name, spec, spans),
        *_unfit_checks(name, spec, spans),
        *_unfit_keys(name, spec, spans),
        *_unfit_partitions(name, spec, spans),
        *_unfit_foreign_keys(name, datasets, spans),
    ]


def _named(spec: DatasetSpec) -> Iterator[tuple[str, Path]]:
    """Every column that the contract speaks of, and where."""
    if spec.from_ and spec.from_.window:
        yield spec.from_.window.column, ("from", "window", "column")
    if spec.from_ and spec.from_.bookmark:
        yield spec.from_.bookmark.column, ("from", "bookmark", "column")
    for key, names in (("keys", spec.keys), ("partitions", spec.partitions)):
        yield from ((column, (key, place)) for place, column in enumerate(names))
    if spec.freshness:
        yield spec.freshness.column, ("freshness", "column")
    for index, check in enumerate(spec.checks):
        yield from ((column, ("checks", index, *path)) for column, path in check.places())


def _unknown(name: str, column: str, spec: DatasetSpec, tree: SpanTree) -> Diagnostic:
    message = f"dataset '{name}' has no column '{column}'"
    return Diagnostic(tree.value, "PG021", message, suggest(column, spec.columns, "its columns"))


def _unfit_bookmark(name: str, spec: DatasetSpec, spans: SpanTree) -> Iterator[Diagnostic]:
    """A column that does not count up, whose values must not be kept, or whose first value is of another type."""
    bookmark = spec.from_.bookmark if spec.from_ else None
    if bookmark is None or bookmark.column not in spec.columns:
        return
    given, tree = spec.columns[bookmark.column], spans.at("from", "bookmark")
    kin = family(given.type)
    fact = f"'{bookmark.column}' of dataset '{name}' is {given.type}"
    if given.sensitive:
        message = (
            f"'{bookmark.column}' of dataset '{name}' is sensitive, and its highest value is kept in S3 as a bookmark"
        )
        yield Diagnostic(tree.at("column").value, "PG019", message, "name a number or time that is not sensitive")
    elif kin not in WHOLE_NUMBERS | TIMES:
        help = f"name a column of {', '.join(sorted(WHOLE_NUMBERS | TIMES))}"
        yield Diagnostic(tree.at("column").value, "PG138", f"{fact}, which a bookmark cannot be", help)
    elif bookmark.after is not None and isinstance(bookmark.after, int) == (kin in TIMES):
        help = "write a date such as 2026-01-01" if kin in TIMES else "write a whole number"
        message = f"{fact}, and never above {describe(bookmark.after)}"
        yield Diagnostic(tree.at("after").value, "PG138", message, help)


def _unfit_checks(name: str, spec: DatasetSpec, spans: SpanTree) -> Iterator[Diagnostic]:
    """Checks of columns that are not there or not readable any more, and of values that a column cannot have."""
    for index, check in enumerate(spec.checks):
        for column, path in check.places():
            fact = _unfit(check, column, spec.columns.get(column))
            if fact:
                span = spans.at("checks", index, *path)
                help = "remove the check, or check another column"
                yield Diagnostic(span.label, "PG087", f"'{column}' of dataset '{name}' {fact}", help)
    if spec.freshness:
        column = spec.freshness.column
        fact = _unfit(CheckSpec(freshness=spec.freshness), column, spec.columns.get(column))
        if fact:
            span = spans.at("freshness", "column")
            help = "name a date or timestamp that is not protected"
            yield Diagnostic(span.value, "PG087", f"'{column}' of dataset '{name}' {fact}", help)


def _unfit(check: CheckSpec, column: str, given: ColumnSpec | None) -> str | None:
    """Why a check cannot be made of a column; nothing is to be said of one that is not there."""
    if given is None:
        return None
    kind, kin = check.kind, family(given.type)
    if given.protect == "drop":
        return "is dropped when it is read, so that nothing of it can be checked"
    if kind in VALUE_CHECKS and given.protect:
        done = "hashed" if given.protect == "hash" else "tokenised"
        return f"is {done}, so that its values are pseudonyms"
    if kind == "freshness":
        return None if kin in TIMES else f"is {given.type}, which has no age"
    if kind == "range" and kin not in NUMBERS:
        return f"is {given.type}; a range is for numbers"
    if kind == "unique" and kin == "array":
        return f"is {given.type}; rows are told apart by plain values"
    if kind == "accepted_values":
        fitting = _VALUES.get(kin, ())
        wrong = [value for value in (check.accepted_values or {})[column] if not _fits(value, fitting)]
        return f"is {given.type}, which cannot be {describe(wrong[0])}" if wrong else None
    return None


def _fits(value: object, types: tuple[type, ...]) -> bool:
    return isinstance(value, types) and isinstance(value, bool) == (types == (bool,))


def _unfit_keys(name: str, spec: DatasetSpec, spans: SpanTree) -> Iterator[Diagnostic]:
    for place, column in enumerate(spec.keys):
        fact = _unfit(CheckSpec(unique=[column]), column, spec.columns.get(column))
        if fact:
            help = "name columns that stay, and that hold plain values"
            yield Diagnostic(spans.at("keys", place).value, "PG137", f"'{column}' of dataset '{name}' {fact}", help)


def _unfit_partitions(name: str, spec: DatasetSpec, spans: SpanTree) -> Iterator[Diagnostic]:
    for place, column in enumerate(spec.partitions):
        given = spec.columns.get(column)
        if given is None:
            continue
        fact = f"is {given.type}, whose values are no names of folders" if given.type not in _OF_FOLDERS else None
        fact = "is dropped when it is read" if given.protect == "drop" else fact
        if fact:
            help = f"divide by columns of {', '.join(sorted(_OF_FOLDERS))}"
            span = spans.at("partitions", place).value
            yield Diagnostic(span, "PG137", f"'{column}' of dataset '{name}' {fact}", help)
    if set(spec.partitions) >= set(spec.columns):
        message = f"every column of dataset '{name}' is in the names of folders, so that the files would hold nothing"
        yield Diagnostic(spans.at("partitions").value, "PG137", message, "leave one column out of `partitions:`")


def _unfit_foreign_keys(name: str, datasets: Datasets, spans: SpanTree) -> Iterator[Diagnostic]:
    for index, check in enumerate(datasets[name].checks):
        for column, target in (check.foreign_key or {}).items():
            span = spans.at("checks", index, "foreign_key", column).value
            other, _, wanted = target.partition(".")
            if other not in datasets:
                help = suggest(other, datasets, "datasets")
                yield Diagnostic(span, "PG012", f"there is no dataset '{other}'", help)
            elif wanted not in datasets[other].columns:
                message = f"dataset '{other}' has no column '{wanted}'"
                yield Diagnostic(span, "PG021", message, suggest(wanted, datasets[other].columns, "its columns"))
            elif column in datasets[name].columns:
                have, want = datasets[name].columns[column], datasets[other].columns[wanted]
                if not _comparable(have, want):
                    message = f"'{column}' is {have.type}, but '{target}' is {want.type}"
                    yield Diagnostic(span, "PG087", message, "let a foreign key and its key have the same type")


def _comparable(one: ColumnSpec, two: ColumnSpec) -> bool:
    kin, other = family(one.type), family(two.type)
    return "array" not in (kin, other) and (kin == other or {kin, other} <= NUMBERS)


def window_faults(spec: DatasetSpec, parameters: Mapping[str, str], spans: SpanTree) -> Iterator[Diagnostic]:
    """PG012 and PG139 for a window of a parameter that there is not, or that is no whole number."""
    days = spec.from_.window.days if spec.from_ and spec.from_.window else 1
    if isinstance(days, int):
        return
    name, span = days[2:-1].removeprefix("parameters."), spans.at("from", "window", "days").value
    if name not in parameters:
        yield Diagnostic(span, "PG012", f"there is no parameter '{name}'", suggest(name, parameters, "parameters"))
    elif parameters[name] != "int":
        message = f"parameter '{name}' is {parameters[name]}, and a window has a whole number of days"
        yield Diagnostic(span, "PG139", message, "refer to a parameter of type int")

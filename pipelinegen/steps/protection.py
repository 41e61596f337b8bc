"""Sensitive columns: by which way they would reach S3 in the clear, told from the warehouse's table on."""

from collections.abc import Iterator, Mapping

from pipelinegen.errors import Diagnostic, Note, Span
from pipelinegen.ir.model import Dataset, Location, Table
from pipelinegen.sql.question import Answer
from pipelinegen.steps.base import Scope

Inputs = Mapping[str, Dataset | Table]

ARROW = " -> "
#: What is done on reading so that a column may be written.
PROTECTED = ("hash", "tokenise")
#: What makes a column that came from others no clear text any more.
_HIDDEN = (*PROTECTED, "derived")
_LONGEST_EXPRESSION = 60
DECLARED = "it is declared here"


def way_to(name: str, item: Dataset | Table, column: str) -> str:
    """How the values of a column come to the step that reads it as `name`."""
    if isinstance(item, Table):
        return item.ways.get(column, f"{name}.{column}")
    source = f"{item.table}.{column}{ARROW}" if item.table not in (None, item.name) else ""
    return f"{source}{item.name}.{column}"


def ways_out(inputs: Inputs, output: Dataset, found: Answer) -> dict[str, str]:
    """How the values of each column of a step's output have come there, through its SQL."""
    ways = {}
    for column in output.columns:
        origins = found.origins.get(column.name, ())
        sources = " and ".join(way_to(table, inputs[table], name) for table, name in origins if table in inputs)
        text = shortened(found.texts.get(column.name, "the SQL"))
        ways[column.name] = ARROW.join(filter(None, (sources, text, f"{output.name}.{column.name}")))
    return ways


def shortened(text: str) -> str:
    """An expression of SQL in one line of a message."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_EXPRESSION else f"{line[: _LONGEST_EXPRESSION - 1]}…"


def clear_inputs(scope: Scope, inputs: Inputs, output: Dataset, found: Answer | None) -> Iterator[Diagnostic]:
    """A fault for each sensitive column that a step reads unprotected, and where it would go (PG019).

    `found` is None for a program, of which nobody knows what it does with its columns.
    """
    for name, item in inputs.items():
        if isinstance(item, Table):
            continue
        for column in item.columns:
            if column.sensitive and not column.protect:
                ways = _ways_of(name, item, column.name, output, found, scope.data)
                yield _clear(scope, name, item, column.name, ways)


def _ways_of(
    name: str, item: Dataset, column: str, output: Dataset, found: Answer | None, target: Location
) -> list[str]:
    start = way_to(name, item, column)
    if found is None:
        return [ARROW.join((start, "the step's own program", output.name, target.uri))]
    return [
        ARROW.join((start, shortened(found.texts.get(given.name, "*")), f"{output.name}.{given.name}", target.uri))
        for given in output.columns
        if (name, column) in found.origins.get(given.name, ())
    ]


def _clear(scope: Scope, name: str, item: Dataset, column: str, ways: list[str]) -> Diagnostic:
    fact = f"sensitive column '{column}' of '{item.name}' "
    if ways:
        message = f"{fact}would reach S3 in the clear: {'; '.join(ways)}"
    else:
        message = f"{fact}is read in the clear, although the SQL does not select it: {way_to(name, item, column)}"
    help = f"add `protect: hash`, `protect: tokenise` or `protect: drop` to {item.name}.{column}"
    declared = Note(scope.around.dataset_spans.at(item.name, "columns", column).label, DECLARED)
    return Diagnostic(scope.spans.at("inputs", name).value, "PG019", message, help, (declared,))


def clear_outputs(
    span: Span, output: Dataset, target: Location, ways: Mapping[str, str], id: str, help: str
) -> Iterator[Diagnostic]:
    """A fault for each sensitive column of an output that nothing has protected."""
    for column in output.columns:
        if column.sensitive and column.protect not in _HIDDEN:
            way = ways.get(column.name, f"{output.name}.{column.name}")
            message = f"sensitive column '{column.name}' of '{output.name}' would be written in the clear: "
            yield Diagnostic(span, id, f"{message}{way}{ARROW}{target.uri}", help)


def missing_keys(scope: Scope, name: str, item: Dataset) -> Iterator[Diagnostic]:
    """A fault for each column of an input that is hashed or tokenised although the spec names no key (PG023)."""
    words = {"hash": "hashed", "tokenise": "tokenised"}
    if scope.around.protection_secret is None:
        span = scope.spans.at("inputs", name).value
        for column in item.columns:
            if column.protect in words:
                fact = f"column '{column.name}' of '{item.name}' is {words[column.protect]}"
                help = "add `protection: {secret: <Secrets Manager name>}`"
                yield Diagnostic(span, "PG023", f"{fact}, but the spec names no key", help)

"""What nobody can look into: where it may open a warehouse with sensitive columns, the spec has to say how it is kept.

Stored procedures, statements that are made while the pipeline runs, exports that a service does by itself, and own
programs that hold the warehouse's secret. Programs of other roles, which the spec only starts, are not the spec's.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from pipelinegen.errors import Diagnostic, Note, Span
from pipelinegen.source import SpanTree
from pipelinegen.spec.fields import FreeText
from pipelinegen.steps.base import REFERENCE, Scope
from pipelinegen.steps.protection import ARROW, DECLARED

#: The user's word on what the compiler cannot see; readers of the generated files find it there.
SensitiveData = Annotated[
    FreeText | None,
    Field(
        description="How this step keeps sensitive columns out of S3, where nobody can look into it: stored "
        "procedures, statements made at run time, exports, own scripts with the warehouse's secret"
    ),
]
#: Calls by which a service copies tables to S3 by itself, or runs a job of which the spec knows nothing.
EXPORTS: Mapping[str, str] = {
    "appflow:startFlow": "the flow",
    "dms:startReplication": "the replication",
    "dms:startReplicationTask": "the replication",
    "glue:startJobRun": "the job",
    "rds:startExportTask": "the export",
}
#: Arguments that are statements.
_STATEMENTS = frozenset({"QueryString", "Sql", "SqlStatements", "Sqls"})
_PROCEDURE = re.compile(r"(?:^|;)\s*(call|execute|exec|do)\b\s*((?:immediate\b\s*)?[\w.\"$]*)", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_SHOWN = 8


def unseen(scope: Scope, what: str, span: Span, said: str | None) -> Iterator[Diagnostic]:
    """A fault for something that nobody can look into, if the warehouse has sensitive columns (PG134).

    `said` is what the step's `sensitive_data:` says of it.
    """
    found = [(item, column) for item in scope.around.datasets.values() if item.table for column in item.columns]
    found = [(item, column) for item, column in found if column.sensitive]
    if said is not None or not found:
        return
    names = list(dict.fromkeys(f"{item.table}.{column.name}" for item, column in found))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    path = ARROW.join((f"{', '.join(names[:_SHOWN])}{more}", what, "S3"))
    message = f"sensitive columns may reach S3 by what nobody can look into: {path}"
    help = "say in the step's `sensitive_data:` how it keeps them out, or read the table by `sql:` of a glue_etl step"
    item, column = found[0]
    note = Note(scope.around.dataset_spans.at(item.name, "columns", column.name).label, DECLARED)
    yield Diagnostic(span, "PG134", message, help, (note,))


def unseen_in_statement(scope: Scope, sql: str, span: Span, said: str | None) -> Iterator[Diagnostic]:
    """A fault for a statement that runs a stored procedure, or another that was prepared."""
    call = _PROCEDURE.search(_COMMENT.sub(" ", sql))
    if call:
        name = " ".join(filter(None, (call[1].upper(), call[2])))
        yield from unseen(scope, f"{name} of step '{scope.step}'", span, said)


def unseen_in_call(
    scope: Scope, call: str, arguments: object, place: SpanTree, said: str | None, *, statements: bool
) -> Iterator[Diagnostic]:
    """The same for a call, `service:action`, whose arguments hold `statements`, or which exports by itself."""
    if call in EXPORTS:
        yield from unseen(scope, f"{EXPORTS[call]} of step '{scope.step}'", place.label, said)
    if not statements:
        return
    if isinstance(arguments, str):  # all of them are made by one expression
        yield from unseen(scope, f"the statement of step '{scope.step}'", place.value, said)
        return
    for text, tree, is_path in _statements(arguments, place):
        if is_path or _is_made_later(text):
            yield from unseen(scope, f"the statement of step '{scope.step}'", tree.value, said)
        else:
            yield from unseen_in_statement(scope, text, tree.value, said)


def _is_made_later(text: str) -> bool:
    """Whether a statement is known at run time only; dates and ids of the run are no names of tables or columns."""
    references = [found[1] for found in REFERENCE.finditer(text)]
    return text.startswith("{%") or any(not item.startswith("run.") for item in references)


def _statements(arguments: Any, place: SpanTree) -> Iterator[tuple[str, SpanTree, bool]]:
    """Each statement of the arguments, where it stands, and whether a JSONPath makes it."""
    for key, value in arguments.items() if isinstance(arguments, Mapping) else ():
        if str(key).removesuffix(".$") not in _STATEMENTS:
            continue
        tree, is_path = place.at(str(key)), str(key).endswith(".$")
        items = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, item in items:
            if isinstance(item, str):
                yield item, tree if index is None else tree.at(index), is_path

"""Sensitive columns in statements that a warehouse runs itself: by which way they would leave it for S3.

What contracts say of protection is done when Glue reads a table; a statement sees what the warehouse holds. Nobody
runs it here, so that only its words are looked at, and more is refused than would have to be.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelinegen.errors import Diagnostic, Note, Span
from pipelinegen.ir.model import Dataset
from pipelinegen.source import SpanTree
from pipelinegen.steps.base import Scope
from pipelinegen.steps.protection import ARROW, DECLARED
from pipelinegen.steps.unseen import unseen_in_call, unseen_in_statement

#: APIs that run statements, and whether their results lie in S3 whatever they are.
STATEMENT_CALLS: Mapping[str, bool] = {
    "athena:startQueryExecution": True,
    "rds-data:batchExecuteStatement": False,
    "rds-data:executeSql": False,
    "rds-data:executeStatement": False,
    "redshift-data:batchExecuteStatement": False,
    "redshift-data:executeStatement": False,
}
#: What the SDK integrations of Step Functions call the services.
_SERVICES: Mapping[str, str] = {
    "databasemigration": "dms",
    "databasemigrationservice": "dms",
    "rdsdata": "rds-data",
    "redshiftdata": "redshift-data",
    "rdsdataservice": "rds-data",
}
_NAME = r'((?:[\w$]+|"[^"]+"|`[^`]+`)(?:\.(?:[\w$]+|"[^"]+"|`[^`]+`))*)'
#: What a statement adds rows to. It may be an external table, whose files lie in S3; those that it makes are not.
_TARGET = rf"\binsert\s+into\s+(?:table\s+)?{_NAME}"
_SOURCE = rf"\b(?:from|join|(?<!external )table)\s+{_NAME}"


@dataclass(frozen=True, slots=True)
class _Statement:
    """One statement without its comments, in lower case; `way` is by what its rows leave the warehouse, if they do."""

    text: str
    way: str | None

    @property
    def words(self) -> frozenset[str]:
        """Every word, those in texts as well: UNLOAD has its query in one."""
        return frozenset(re.findall(r"[a-z_][a-z0-9_]*", self.text))

    @property
    def targets(self) -> tuple[str, ...]:
        """The tables it adds rows to."""
        return tuple(_plain(found) for found in re.findall(_TARGET, self.text))

    @property
    def sources(self) -> tuple[str, ...]:
        """The tables it reads, without those that it makes itself by WITH."""
        own = set(re.findall(r"\b([\w$]+)\s*(?:\([^()]*\)\s*)?as\s*\(", self.text))
        found = dict.fromkeys(_plain(name) for name in re.findall(_SOURCE, self.text))
        return tuple(name for name in found if name not in own)

    def takes(self, table: str, column: str) -> bool:
        """Whether it may read a column of a table."""
        last = _last(table)
        return last in self.words and (column in self.words or self._takes_all(last))

    def _takes_all(self, table: str) -> bool:
        """Whether it takes rows as they are: by a star, as a whole, or by TABLE and APPEND FROM."""
        counted = re.sub(r"\bcount\s*\(\s*\*\s*\)", "count()", self.text)
        if re.search(r"\*\s*(?=from\b|,|\)|'|;|$|except\b|exclude\b)", counted):
            return True
        if re.search(rf"\b(?:table|append\s+from)\s+(?:[\w$\"`]+\.)*[\"`]?{table}\b", self.text):
            return True
        aliases = {table, *re.findall(rf"\b{table}[\"`]?\s+(?:as\s+)?([a-z_]\w*)", self.text)} - _FOLLOWING
        return any(re.search(rf"(?:\bselect\s+|[(,]\s*){alias}\s*(?=from\b|,|\))", self.text) for alias in aliases)


#: Words by which a statement writes to S3: Redshift, its models, MySQL and PostgreSQL of Aurora.
_WAYS: Mapping[str, str] = {
    "unload": "UNLOAD",
    "_bucket": "CREATE MODEL",
    "outfile": "INTO OUTFILE",
    "query_export_to_s": "query_export_to_s3",
}
#: Words that may follow the name of a table without being an alias of it.
_FOLLOWING = frozenset(
    (
        *("cross", "from", "full", "group", "having", "inner", "join", "left", "limit", "natural", "on", "order"),
        *("outer", "right", "select", "set", "union", "using", "values", "where"),
    )
)


def leaks_of_statement(scope: Scope, sql: str, span: Span, said: str | None, *, always: bool) -> Iterator[Diagnostic]:
    """`leaks`, and a fault for a stored procedure of which the step's `sensitive_data:`, `said`, says nothing."""
    yield from unseen_in_statement(scope, sql, span, said)
    yield from leaks(scope, sql, span, always=always)


def leaks(scope: Scope, sql: str, span: Span, *, always: bool = False) -> Iterator[Diagnostic]:
    """A fault for each sensitive column that a statement may write to S3, or into what may lie there (PG134).

    `always`: whatever the statement is, its result goes to S3, as Athena's does.
    """
    statement = _read(scope, sql, always)
    known = [item for item in scope.around.datasets.values() if item.table]
    tables = [item.table or "" for item in known]
    lost = [name for name in statement.targets if not any(_are_one(name, table) for table in tables)]
    for item in known:
        for column in item.columns:
            if not column.sensitive or not statement.takes(item.table or "", column.name):
                continue
            declared = Note(scope.around.dataset_spans.at(item.name, "columns", column.name).label, DECLARED)
            if statement.way:
                yield _written(scope, item, column.name, statement.way, span, declared)
            elif lost:
                yield _unmarked(item, column.name, lost[0], span, declared)
    if (statement.way or lost) and not always and any(column.sensitive for item in known for column in item.columns):
        yield from _unknown(statement, tables, span)


def _read(scope: Scope, sql: str, always: bool) -> _Statement:
    text = re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.DOTALL).lower()
    words = set(re.findall(r"[a-z_]+", text))  # s3 is s here, and s3_bucket s and _bucket
    if always:
        return _Statement(text, f"the result of step '{scope.step}'")
    for word, name in _WAYS.items():
        if word in words:
            return _Statement(text, f"{name} of step '{scope.step}'")
    is_external = {"create", "external", "table"} <= words
    return _Statement(text, f"an external table of step '{scope.step}'" if is_external else None)


def _written(scope: Scope, item: Dataset, column: str, way: str, span: Span, declared: Note) -> Diagnostic:
    path = ARROW.join((f"{item.table}.{column}", way, "S3"))
    message = f"sensitive column '{column}' of '{item.table}' would be written in the clear: {path}"
    help = "name other columns, or read the table by a glue_etl step, which protects them"
    return Diagnostic(span, "PG134", message, help, (declared,))


def _unmarked(item: Dataset, column: str, target: str, span: Span, declared: Note) -> Diagnostic:
    path = ARROW.join((f"{item.table}.{column}", target))
    message = f"sensitive column '{column}' of '{item.table}' may reach S3: {path}, of which no dataset says what it is"
    help = f"declare a dataset `from: {{table: {target}}}` if it lies in the warehouse, or name other columns"
    return Diagnostic(span, "PG134", message, help, (declared,))


def _unknown(statement: _Statement, tables: list[str], span: Span) -> Iterator[Diagnostic]:
    for name in statement.sources:
        if not any(_are_one(name, table) for table in tables):
            message = (
                f"nobody knows what is sensitive in '{name}', which would be written to S3: no dataset describes it"
            )
            help = f"declare a dataset `from: {{table: {name}}}`, or read it by a glue_etl step"
            yield Diagnostic(span, "PG134", message, help)


def _plain(name: str) -> str:
    return name.replace('"', "").replace("`", "")


def _are_one(name: str, other: str) -> bool:
    """Whether two names may be of one table: the schema of one may be left out."""
    schemas = [item.lower().rpartition(".")[0].rpartition(".")[2] for item in (name, other)]
    return _last(name) == _last(other) and (not all(schemas) or schemas[0] == schemas[1])


def _last(name: str) -> str:
    return name.lower().rpartition(".")[2]


def leaks_of_call(
    scope: Scope, call: str, arguments: object, place: SpanTree, said: str | None
) -> Iterator[Diagnostic]:
    """The same for a call, `service:action`, and all that its arguments say, if it is one that runs statements.

    `said` is the step's `sensitive_data:`, on what nobody can look into.
    """
    name = _one_name(call)
    yield from unseen_in_call(scope, name, arguments, place, said, statements=name in STATEMENT_CALLS)
    if name in STATEMENT_CALLS:
        for text, tree in _texts(arguments, place):
            yield from leaks(scope, text, tree.value, always=STATEMENT_CALLS[name] and "select" in text.lower())


def leaks_of_machine(
    scope: Scope, machine: Mapping[str, Any], place: SpanTree, said: str | None
) -> Iterator[Diagnostic]:
    """The same for every state of a machine that calls such an API, however deep it lies."""
    resource = machine.get("Resource")
    call = _RESOURCE.match(resource) if isinstance(resource, str) else None
    if call:
        key = "Arguments" if "Arguments" in machine else "Parameters"
        yield from leaks_of_call(scope, call[1], machine.get(key, {}), place.at(key), said)
    for inside, tree in _mappings(machine, place):
        yield from leaks_of_machine(scope, inside, tree, said)


_RESOURCE = re.compile(r"arn:aws[a-z-]*:states:[^:]*:[^:]*:(?:aws-sdk:)?([A-Za-z-]+:[A-Za-z]+)")


def _one_name(call: str) -> str:
    """A call as the tables above name it, however its service and the first letter of its action are written."""
    service, _, action = call.partition(":")
    return f"{_SERVICES.get(service.lower(), service.lower())}:{action[:1].lower()}{action[1:]}"


def _mappings(value: Mapping[str, Any], tree: SpanTree) -> Iterator[tuple[Mapping[str, Any], SpanTree]]:
    """The mappings just below a mapping, those in lists as well."""
    for key, item in value.items():
        if isinstance(item, Mapping):
            yield item, tree.at(str(key))
        elif isinstance(item, list):
            yield from ((one, tree.at(str(key), place)) for place, one in enumerate(item) if isinstance(one, Mapping))


def _texts(value: object, tree: SpanTree) -> Iterator[tuple[str, SpanTree]]:
    """Every text inside a value, and where it stands."""
    if isinstance(value, str):
        yield value, tree
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, tree.at(str(key)))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _texts(item, tree.at(place))

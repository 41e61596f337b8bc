"""What a statement that a warehouse runs may not be: two, or about tables that the step may not read or write."""

import re
from collections.abc import Iterator
from typing import Final

from pipelinegen.errors import Diagnostic, suggest
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sql.athena import AthenaSpec

#: Texts, names in quotes and comments, which may hold anything; then the end of a statement, and what else there is.
_PARTS: Final = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$\$.*?\$\$|(?P<end>;)|[^\s;'\"$/-]+|\S",
    re.DOTALL,
)


def second_statement(scope: Scope, sql: str) -> Iterator[Diagnostic]:
    """PG080 for what follows the end of a statement, as both engines run one."""
    is_over = False
    for part in _PARTS.finditer(sql):
        if part["end"]:
            is_over = True
        elif is_over and not part["comment"]:
            span = scope.spans.at("sql").part(sql, part.start(), part.end())
            fact = f"another statement begins at '{part.group()[:20]}', and a step runs one"
            yield Diagnostic(span, "PG080", fact, "give it a step of its own")
            return


def table_faults(place: AthenaSpec, scope: Scope, sql: str) -> Iterator[Diagnostic]:
    """PG081 for each table of the database that the role could not get at; nothing of SQL that sqlglot cannot read."""
    span = scope.spans.at("sql")
    reads = {item.table for item in place.reads}
    writes = {item.table for item in place.writes}
    for name, begin, end, is_written in _tables(place.database, sql):
        if name in writes or (name in reads and not is_written):
            continue
        key, known = ("writes", writes) if is_written else ("reads", reads | writes)
        help = suggest(name, known, f"`{key}:` has") if known else f"name it in `{key}:` with its location"
        verb = "fills" if is_written else "reads"
        message = f"the statement {verb} '{name}', which `{key}:` does not name, so that its role may not"
        yield Diagnostic(span.part(sql, begin, end), "PG081", message, help)


def _tables(database: str, sql: str) -> Iterator[tuple[str, int | None, int | None, bool]]:
    """Every table of the database by name, where it stands, and whether the statement makes or fills it."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = sqlglot.parse(sql, dialect="athena")
    except (SqlglotError, RecursionError):
        return
    for statement in filter(None, statements):
        if not isinstance(statement, exp.Query | exp.Insert | exp.Create | exp.Delete | exp.Update | exp.Merge):
            continue
        target = statement.find(exp.Table) if not isinstance(statement, exp.Query) else None
        own = {item.alias_or_name.lower() for item in statement.find_all(exp.CTE)}
        for table in statement.find_all(exp.Table):
            name = table.name.lower()
            if not name or table.catalog or table.db.lower() not in ("", database) or (not table.db and name in own):
                continue
            place = table.this.meta if isinstance(table.this, exp.Identifier) else {}
            end = place.get("end")
            yield name, place.get("start"), None if end is None else end + 1, table is target

"""Checks a query against the contracts of inputs and output; says nothing where Spark may know more than we do."""

import logging
import re

from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipelinegen.errors import suggest
from pipelinegen.sql.coercion import can_cast
from pipelinegen.sql.dialect import parse
from pipelinegen.sql.doubts import result_doubts
from pipelinegen.sql.grammar import files_read, foreign_syntax
from pipelinegen.sql.question import Answer, Finding, Question
from pipelinegen.sql.relation import Relation
from pipelinegen.sql.rules import WINDOW_STAND_IN, missing_parts, unknown_functions
from pipelinegen.sql.select import Reader

#: A query longer than this is taken as it is, so that no spec takes long to compile.
LONGEST = 20_000

_CHANGES = (exp.Insert, exp.Create, exp.Drop, exp.Delete, exp.Update, exp.Merge)


def check_query(question: Question) -> Answer:
    """Every fault of a query, and where the columns of its result come from."""
    if len(question.sql) > LONGEST:
        return _unread(question.sql)
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it warns of syntax that it only half knows
    try:
        statements = _parsed(question.sql)
    except SqlglotError as error:
        return Answer((_not_parsed(question.sql, error),))
    except RecursionError:
        return _unread(question.sql)
    if len(statements) != 1 or isinstance(statements[0], _CHANGES):
        fact = "the SQL is no query" if len(statements) < 2 else f"the SQL has {len(statements)} statements"
        return Answer((Finding("PG080", fact, "write one SELECT; its result is the step's output"),))
    (query,) = statements
    if not isinstance(query, exp.Query):
        return _unread(question.sql)
    reader = Reader(question)
    try:
        result = reader.read(query)
    except RecursionError:
        return _unread(question.sql)
    findings = [
        *missing_parts(question.sql, query),
        *foreign_syntax(question.sql, query),
        *reader.findings,
        *unknown_functions(question.sql, query),
        *_unknown_parameters(question, query),
    ]
    if not any(item.id in ("PG081", "PG082") for item in findings):
        findings.extend(_broken_promises(question, result))
    traced = {name: item for name, item in result.fields.items() if item.is_traced}
    return Answer(
        tuple(dict.fromkeys(findings)),
        {name: tuple(sorted(item.origins)) for name, item in traced.items()},
        frozenset(name for name, item in traced.items() if item.is_copy),
        {name: item.text for name, item in result.fields.items()},
        tuple(dict.fromkeys([*reader.doubts, *result_doubts(question.sql, query, result)])),
    )


def _unread(sql: str) -> Answer:
    """What can be said of a query that is longer or deeper than any rule goes."""
    doubt = Finding("PG144", "how to read a query that is so long, deep or rare", "")
    return Answer(tuple(files_read(sql)), doubts=(doubt,))


def _parsed(sql: str) -> list[exp.Expression]:
    """Every statement. Raises: SqlglotError if none of the ways to read it does."""
    try:
        return parse(sql)
    except SqlglotError:
        # sqlglot takes GROUP BY window(…) for a WINDOW clause; a name of the same length leaves places as they are.
        renamed = re.sub(r"(?i)\b(window)(?=\s*\()", WINDOW_STAND_IN, sql)
        if renamed == sql:
            raise
        return parse(renamed)


def _not_parsed(sql: str, error: SqlglotError) -> Finding:
    details = getattr(error, "errors", None) or [{}]
    word = details[0].get("highlight") or ""
    lines = sql.split("\n")
    line = min(max(details[0].get("line") or 1, 1), len(lines))
    before = sum(len(item) + 1 for item in lines[: line - 1])
    # `col` is that of the word's last character; where it points elsewhere, the whole SQL is underlined.
    start = before + (details[0].get("col") or 0) - len(word)
    known = bool(word) and sql[start : start + len(word)] == word
    fact = f"the SQL cannot be read from '{word}' on" if known else "the SQL cannot be read"
    place = (start, start + len(word)) if known else (None, None)
    return Finding("PG080", fact, "mend the SQL; it is Spark SQL", *place)


def _unknown_parameters(question: Question, query: exp.Query) -> list[Finding]:
    findings = []
    for node in query.find_all(exp.Placeholder):
        name = node.this if isinstance(node.this, str) else ""
        if not name or name in question.parameters:
            continue
        start = question.sql.find(f":{name}")
        place = (start, start + len(name) + 1) if start >= 0 else (None, None)
        help = suggest(name, question.parameters, "parameters")
        findings.append(Finding("PG086", f"the job has no parameter ':{name}'", help, *place))
    return findings


def _broken_promises(question: Question, result: Relation) -> list[Finding]:
    findings = []
    for name, wanted in question.output.items():
        found = result.fields.get(name)
        if found is None and not result.is_open:
            help = suggest(name, [item for item in result.fields if " " not in item], "it gives")
            findings.append(
                Finding("PG083", f"the query gives no column '{name}', which the output dataset declares", help)
            )
        elif found and name in result.repeated:
            help = "name what each table gives, and give them different names"
            findings.append(
                Finding("PG132", f"the query gives '{name}' twice, which the output dataset declares", help)
            )
        elif found and not can_cast(found.type, wanted, "try"):
            message = f"column '{name}' of the result is {found.type}, which cannot become {wanted}"
            findings.append(Finding("PG084", message, f"declare it as {found.type}, or cast it in the SQL"))
    return findings

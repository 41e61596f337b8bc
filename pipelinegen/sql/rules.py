"""What is missing from a query, and functions that are not there."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sqlglot import exp

from pipelinegen.errors import suggest
from pipelinegen.sql.dialect import call_of
from pipelinegen.sql.question import Finding

#: Words that begin a part of a query. Spark takes them for the name of a table where that part is missing.
_CLAUSES = frozenset(
    (
        *("cross", "from", "full", "group", "having", "inner", "join", "left", "limit", "natural", "on", "order"),
        *("outer", "right", "select", "union", "using", "where", "window"),
    )
)
#: What `window(…)` is called while sqlglot reads the query; see check.py.
WINDOW_STAND_IN = "windoo"
#: Functions that Spark reads by its grammar, so that its list lacks them.
_BY_GRAMMAR = frozenset({"timestampadd", "timestampdiff"})
#: Aggregates that Spark knows only with WITHIN GROUP.
WITHIN_GROUP = frozenset({"percentile_cont", "percentile_disc"})
#: What the same is called here.
_HERE = {
    "generate_series": "write explode(sequence(…, …))",
    "group_concat": "write array_join(collect_list(…), ',')",
    "iif": "write if(…, …, …)",
    "listagg": "write array_join(collect_list(…), ',')",
    "percentile_cont": "write percentile_cont(0.5) WITHIN GROUP (ORDER BY …)",
    "percentile_disc": "write percentile_disc(0.5) WITHIN GROUP (ORDER BY …)",
    "string_agg": "write array_join(collect_list(…), ',')",
    "strpos": "write locate(…, …), with what is looked for first",
}


def place_of(node: exp.Expression) -> tuple[int | None, int | None]:
    """Where the first name inside an expression stands; nowhere if it has none."""
    found = node if isinstance(node, exp.Identifier) else node.find(exp.Identifier)
    start, end = (found.meta.get("start"), found.meta.get("end")) if found is not None else (None, None)
    return (start, end + 1) if start is not None and end is not None else (None, None)


def missing_parts(sql: str, query: exp.Expression) -> Iterator[Finding]:
    """PG080 where a clause is empty: Spark and sqlglot would read on, and mean something else."""
    for alias in query.find_all(exp.TableAlias):
        word = alias.this
        if isinstance(word, exp.Identifier) and not word.quoted and word.name.lower() in _CLAUSES:
            fact = f"nothing follows '{word.name}', so that Spark takes it for the name of a table"
            yield Finding("PG080", fact, "complete the clause, or leave it out", *place_of(word))
    for select in query.find_all(exp.Select):
        yield from _condition_in_brackets(select)
        if not select.expressions and select.args.get("kind") is None:
            yield Finding("PG080", "a SELECT names no columns", "name what it gives, or write SELECT *")
        distinct = select.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            help = "number the rows by row_number() OVER (…), and keep the first ones"
            yield Finding("PG080", "Spark has no DISTINCT ON", help, *place_of(distinct.args["on"]))
    empty = re.search(r"\b(on)\s*(?=$|\)|\b(where|group|order|having|join|left|inner)\b(?!\s*\())", sql, re.IGNORECASE)
    if empty:
        yield Finding("PG080", "nothing follows ON", "say by which columns the tables are joined", *empty.span(1))


def _condition_in_brackets(select: exp.Select) -> Iterator[Finding]:
    """WHERE (flag): Spark reads `FROM clicks WHERE (flag)` as a table that is called WHERE, and its column `flag`."""
    from_, where, joins = _part(select, "from"), select.args.get("where"), select.args.get("joins") or ()
    inner = where.this if where is not None else None
    if from_ is None or not isinstance(inner, exp.Paren | exp.Tuple) or select.args.get("laterals"):
        return
    last = joins[-1] if joins else from_
    is_closed = last.args.get("on") or last.args.get("using") or last.this.args.get("alias")
    names = inner.expressions if isinstance(inner, exp.Tuple) else [inner.this]
    is_list = all(isinstance(item, exp.Boolean) or (isinstance(item, exp.Column) and not item.table) for item in names)
    if is_list and not is_closed:
        fact = "Spark takes this WHERE for the name of a table, and what is in the brackets for that of a column"
        yield Finding("PG080", fact, "leave the brackets out", *place_of(inner))


def unknown_functions(sql: str, query: exp.Expression) -> Iterator[Finding]:
    """PG131 for functions that Spark does not bring."""
    for node in query.walk():
        call = call_of(node)
        if call is None or call.name in spark_functions() or isinstance(node.parent, exp.Dot):
            continue
        if call.name in _BY_GRAMMAR or call.name == WINDOW_STAND_IN:
            continue
        if call.name in WITHIN_GROUP and isinstance(node.parent, exp.WithinGroup):
            continue
        found = re.search(rf"\b{re.escape(call.name)}(?=\s*\()", sql, re.IGNORECASE)
        place = (found.start(), found.end()) if found else (None, None)
        name = sql[found.start() : found.end()] if found else call.name
        help = _HERE.get(call.name) or suggest(call.name, spark_functions(), "functions")
        yield Finding("PG131", f"Spark has no function '{name}'", help, *place)


@cache
def spark_functions() -> frozenset[str]:
    """What SHOW FUNCTIONS gives in Spark 3.5.4; a test holds the list against Spark."""
    path = Path(__file__).with_name("spark_functions.txt")
    return frozenset(path.read_text(encoding="utf-8").split())


def _part(node: exp.Expression, name: str) -> exp.Expression | None:
    """An argument whose name sqlglot wrote without and, later, with an underscore."""
    return node.args.get(f"{name}_") or node.args.get(name)

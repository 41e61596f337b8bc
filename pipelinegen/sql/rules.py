"""Rules of Spark's analyser that need no more than names and types: what it would refuse once the job runs."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from sqlglot import exp

from pipelinegen.errors import suggest
from pipelinegen.sql.question import Finding
from pipelinegen.sql.types import COMPARISONS, NUMBERS, TIMES, WHOLE, TypeOf, cannot_meet, family, type_of

#: Words that begin a part of a query. Spark takes them for the name of a table where that part is missing.
_CLAUSES = frozenset(
    (
        *("cross", "from", "full", "group", "having", "inner", "join", "left", "limit", "natural", "on", "order"),
        *("outer", "right", "select", "union", "using", "where", "window"),
    )
)
#: What `window(…)` is called while sqlglot reads the query; see check.py.
WINDOW_STAND_IN = "windoo"
#: The types of some expressions.
Types = Callable[..., list[str | None]]

_SUMS = (exp.Sum, exp.Avg)
_SCALED = (exp.Mul, exp.Div, exp.Mod, exp.IntDiv)


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
        if not select.expressions and select.args.get("kind") is None and _part(select, "from") is not None:
            yield Finding("PG080", "a SELECT names no columns", "name what it gives, or write SELECT *")
    empty = re.search(r"\b(on)\s*(?=$|\)|\b(where|group|order|having|join|left|inner)\b)", sql, re.IGNORECASE)
    if empty:
        yield Finding("PG080", "nothing follows ON", "say by which columns the tables are joined", *empty.span(1))
    dangling = re.search(r",(?=\s+from\b)", sql, re.IGNORECASE)
    if dangling:
        place = (dangling.start(), dangling.end())
        yield Finding("PG080", "nothing follows the comma before FROM", "name a column, or leave the comma out", *place)


def unknown_functions(sql: str, query: exp.Expression) -> Iterator[Finding]:
    """PG131 for functions that Spark does not bring."""
    for node in query.find_all(exp.Anonymous):
        name = str(node.this)
        if name.lower() in spark_functions() or name == WINDOW_STAND_IN or isinstance(node.parent, exp.Dot):
            continue
        found = re.search(rf"\b{re.escape(name)}(?=\s*\()", sql)
        place = (found.start(), found.end()) if found else (None, None)
        help = suggest(name.lower(), spark_functions(), "functions")
        yield Finding("PG131", f"Spark has no function '{name}'", help, *place)


@cache
def spark_functions() -> frozenset[str]:
    """What SHOW FUNCTIONS gives in Spark 3.5.4; a test holds the list against Spark."""
    path = Path(__file__).with_name("spark_functions.txt")
    return frozenset(path.read_text(encoding="utf-8").split())


def type_fault(node: exp.Expression, type_of_column: TypeOf) -> Finding | None:
    """PG133 for an operation whose operands Spark never brings to one type; operands of unknown type pass."""

    def types(*operands: exp.Expression | None) -> list[str | None]:
        return [type_of(operand, type_of_column) if operand is not None else None for operand in operands]

    if isinstance(node, exp.Where | exp.Having):
        return _condition(node.this, types(node.this)[0], "WHERE" if isinstance(node, exp.Where) else "HAVING")
    if isinstance(node, exp.And | exp.Or):
        sides = (node.this, node.expression)
        found = [_condition(side, kind, node.key.upper()) for side, kind in zip(sides, types(*sides), strict=True)]
        return found[0] or found[1]
    if isinstance(node, exp.Not):
        return _condition(node.this, types(node.this)[0], "NOT")
    if isinstance(node, COMPARISONS):
        return _apart(node, types(node.this, node.expression), "compared")
    if isinstance(node, exp.Between):
        return _apart(node, types(node.this, node.args.get("low"), node.args.get("high")), "compared")
    if isinstance(node, exp.In) and not node.args.get("query"):
        return _apart(node, types(node.this, *node.expressions), "compared")
    if isinstance(node, exp.Coalesce):
        return _apart(node, types(node.this, *node.expressions), "brought to one type")
    if isinstance(node, exp.Case):
        branches = [item.args.get("true") for item in node.args.get("ifs") or ()]
        return _apart(node, types(*branches, node.args.get("default")), "brought to one type")
    return _arithmetic(node, types)


def _arithmetic(node: exp.Expression, types: Types) -> Finding | None:
    if isinstance(node, _SUMS):
        (kind,) = types(node.this)
        if kind and family(kind) not in {*NUMBERS, "string"}:
            return _fault(node, f"{node.key} of {kind} means nothing", "sum up numbers")
    if isinstance(node, (exp.Add, exp.Sub, *_SCALED)):
        one, two = types(node.this, node.expression)
        if one and two and _cannot_be_reckoned(node, family(one), family(two)):
            return _fault(node, f"{one} and {two} cannot be reckoned with '{_SIGNS[type(node)]}'", "cast one of them")
    return None


_SIGNS = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%", exp.IntDiv: "DIV"}


def _cannot_be_reckoned(node: exp.Expression, one: str, two: str) -> bool:
    pair = {one, two}
    if isinstance(node, _SCALED):
        return bool(pair & {"boolean", "array", *TIMES})
    if "timestamp" in pair or "boolean" in pair:
        return bool(pair & NUMBERS)
    return "date" in pair and bool(pair & (NUMBERS - WHOLE))


def _condition(node: exp.Expression, kind: str | None, word: str) -> Finding | None:
    if kind is None or kind == "boolean":
        return None
    return _fault(node, f"{word} wants true or false, found {kind}", "compare it with something")


def _apart(node: exp.Expression, kinds: list[str | None], done: str) -> Finding | None:
    pair = cannot_meet(kinds)
    return _fault(node, f"{pair[0]} and {pair[1]} cannot be {done}", "cast one of them") if pair else None


def _fault(node: exp.Expression, message: str, help: str) -> Finding:
    return Finding("PG133", message, help, *place_of(node))


def ungrouped(select: exp.Select) -> Iterator[Finding]:
    """PG133 for a column that stands beside an aggregate although the query does not group by it."""
    group = select.args.get("group")
    keys = group.expressions if group is not None else []
    is_plain = all(isinstance(key, exp.Column) for key in keys)
    if group is not None and not (keys and is_plain and len([value for value in group.args.values() if value]) == 1):
        return
    if group is None and not any(_has_aggregate(item) for item in select.expressions):
        return
    names = {key.name.lower() for key in keys}
    for item in select.expressions:
        value = item.unalias()
        named = {value.name.lower(), item.alias_or_name.lower()}
        if isinstance(value, exp.Column) and not isinstance(value.this, exp.Star) and not named & names:
            fact = f"'{value.name}' stands beside what is grouped, and has several values"
            help = "group by it, or aggregate it, as in max(…) or any_value(…)"
            yield Finding("PG133", fact, help, *place_of(value.this))


def _has_aggregate(node: exp.Expression) -> bool:
    """Whether an aggregate is reckoned over the query's rows, and not in a window or a query of its own."""
    if isinstance(node, exp.Window | exp.Query):
        return False
    return isinstance(node, exp.AggFunc) or any(_has_aggregate(child) for child in node.iter_expressions())


def _part(node: exp.Expression, name: str) -> exp.Expression | None:
    """An argument whose name sqlglot wrote without and, later, with an underscore."""
    return node.args.get(f"{name}_") or node.args.get(name)

"""PG133: operands that Spark never brings to one type, and functions that do not take what they are given."""

import re
from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp

from pipelinegen.errors import suggest
from pipelinegen.sql.dialect import call_of, written
from pipelinegen.sql.kinds import NUMBERS, family
from pipelinegen.sql.question import Finding
from pipelinegen.sql.rules import place_of
from pipelinegen.sql.signatures import signatures, takes
from pipelinegen.sql.types import MOMENTS, UNITS, TypeOf, branches, cast_type, operator_of, type_of

_SIGNS = {"div": "DIV", "&": "&, | or ^"}
_COMPARED = frozenset({"=", "<", "<=>"})
_RECKONED = frozenset({"+", "-", "*", "/", "%", "div", "&"})
#: Functions that take three arguments, too, if the first is a unit of time.
_WITH_UNITS = frozenset({"date_add", "date_diff", "dateadd", "datediff"})
#: Functions of an array and one of its elements.
_OF_ELEMENTS = frozenset({"array_append", "array_contains", "array_position", "array_prepend", "array_remove"})
#: Kinds of types that have parts.
_WITH_PARTS = frozenset({"array", "map", "struct"})


def type_fault(node: exp.Expression, ask: TypeOf) -> Finding | None:
    """The fault of one operation; operands of unknown type pass."""
    for kind, check in _CHECKS.items():
        if isinstance(node, kind):
            return next(check(node, ask), None)
    if call_of(node) is not None:
        return next(_of_call(node, ask), None)
    return next(_of_operator(node, ask), None)


def condition_fault(node: exp.Expression, ask: TypeOf, word: str) -> Iterator[Finding]:
    """What stands where true or false is wanted."""
    type = type_of(node, ask)
    if type not in (None, "boolean"):
        yield _fault(node, f"{word} wants true or false, found {type}", "compare it with something")


def _where(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    return condition_fault(node.this, ask, "WHERE" if isinstance(node, exp.Where) else "HAVING")


def _and(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    for side in (node.this, node.expression):
        yield from condition_fault(side, ask, node.key.upper())


def _not(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    return condition_fault(node.this, ask, "NOT")


def _in(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    query = node.args.get("query")
    others = [query] if query is not None else node.expressions
    return _pairs(node, node.this, others, "in", "compared", ask)


def _between(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    return _pairs(node, node.this, [node.args["low"], node.args["high"]], "<", "compared", ask)


def _case(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    conditions = [item.this for item in node.args.get("ifs") or ()]
    if node.this is not None:
        yield from _pairs(node, node.this, conditions, "=", "compared", ask)
    else:
        for condition in conditions:
            yield from condition_fault(condition, ask, "WHEN")
    yield from _one_type(node, ask)


def _if(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    if not isinstance(node.parent, exp.Case):
        if node.args.get("false") is None:
            yield _fault(node, "'if' takes 3 arguments, found 2", "add what it gives otherwise, such as NULL")
        yield from condition_fault(node.this, ask, "if")
        yield from _one_type(node, ask)


def _one_type(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    """What an if, a CASE or a coalesce may give."""
    items = branches(node)
    for place, item in enumerate(items):
        yield from _pairs(node, item, items[place + 1 :], "case", "brought to one type", ask)


def _cast(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    if call_of(node) is not None:
        yield from _of_call(node, ask)
        return
    have, want = type_of(node.this, ask), cast_type(node)
    operator = f"{'try' if node.args.get('safe') else 'cast'}_{want}"
    if have and want and want not in ("binary", "map", "struct") and not takes(operator, have):
        yield _fault(node, f"{have} cannot become {want}", "convert it by way of another type, or leave it")


def _part_of(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    type = type_of(node.this, ask)
    if type and family(type) not in _WITH_PARTS:
        yield _fault(node, f"{type} has no parts that […] could take", "leave the brackets out, or split it first")


def _of_call(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    call = call_of(node)
    known = signatures().get(call.name) if call else None
    if call is None or known is None or call.arguments is None or any(item.is_star for item in call.arguments):
        return
    if call.name in _WITH_UNITS and len(call.arguments) == 3:
        yield from _unit(node, call.name, call.arguments[0])
        return
    if call.name in _OF_ELEMENTS and len(call.arguments) == 2:
        yield from _element(node, call.name, [type_of(item, ask) for item in call.arguments])
    types = [_argument_type(item, ask) for item in call.arguments]
    message = known.fault(types)
    if message:
        accepted = known.accepted(types)
        help = f"it takes: {accepted}" if accepted else f"see {call.name} in the documentation of Spark SQL"
        yield _fault(node, message, help)


def _unit(node: exp.Expression, name: str, unit: exp.Expression) -> Iterator[Finding]:
    """A unit of time that is none, or stands in quotes."""
    word = unit.name.lower()
    if isinstance(unit, exp.Literal) or (isinstance(unit, exp.Column | exp.Var) and word not in UNITS):
        yield _fault(node, f"'{name}' knows no unit {written(unit)}", suggest(word, UNITS, "units"))


def _element(node: exp.Expression, name: str, types: Sequence[str | None]) -> Iterator[Finding]:
    """A value that is no element of an array."""
    held = re.fullmatch(r"array<(\w+).*>", types[0] or "")
    if held is None or types[1] is None:
        return
    pair = {held.group(1), family(types[1])}
    if len(pair) > 1 and not pair <= NUMBERS and not pair <= {"date", "timestamp"}:
        yield _fault(node, f"'{name}' looks for {types[1]} in {types[0]}", "cast what is looked for")


def _extract(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    field, type = node.this.name.lower(), type_of(node.expression, ask)
    if field not in MOMENTS:
        help = "write unix_timestamp(…)" if field == "epoch" else suggest(field, MOMENTS, "parts")
        yield _fault(node, f"EXTRACT knows no '{field}'", help)
    elif type and family(type) not in ("date", "timestamp", "interval", "string"):
        yield _fault(node, f"EXTRACT takes no {type}", "take it from a date or a timestamp")


def _of_operator(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    if isinstance(node, exp.Neg | exp.BitwiseNot):
        type, operator = type_of(node.this, ask), "negated" if isinstance(node, exp.Neg) else "~"
        if type and not takes(operator, type):
            yield _fault(node, f"{type} cannot be negated", "negate numbers")
        return
    operator_ = operator_of(node)
    if operator_ is None:
        return
    if operator_ in _COMPARED:
        yield from _pairs(node, node.this, [node.expression], operator_, "compared", ask)
        return
    sign = _SIGNS.get(operator_, operator_.upper())
    done = f"reckoned with '{sign}'" if operator_ in _RECKONED else f"put together by '{sign}'"
    yield from _pairs(node, node.this, [node.expression], operator_, done, ask)


def _pairs(
    node: exp.Expression, one: exp.Expression, others: Sequence[exp.Expression], operator: str, done: str, ask: TypeOf
) -> Iterator[Finding]:
    """A fault for each pair that an operator does not take."""
    types = _argument_type if operator in _RECKONED else type_of
    have = types(one, ask)
    for other in others:
        with_ = types(other, ask)
        if not takes(operator, have, with_):
            found = have if with_ is None else with_ if have is None else f"{have} and {with_}"
            help = "cast one of them" if {have, with_} & NUMBERS else "convert one of them"
            yield _fault(node, f"{found} cannot be {done}", help)


def _argument_type(value: exp.Expression, ask: TypeOf) -> str | None:
    """The type; that of a text in quotes is whatever Spark can read it as."""
    if isinstance(value, exp.Literal) and value.is_string:
        return None
    if isinstance(value, exp.Lambda | exp.Kwarg | exp.Var):
        return None
    return type_of(value, ask)


def _fault(node: exp.Expression, message: str, help: str) -> Finding:
    return Finding("PG133", message, help, *place_of(node))


_CHECKS: dict[type | tuple[type, ...], Callable[[exp.Expression, TypeOf], Iterator[Finding]]] = {
    (exp.Where, exp.Having): _where,
    (exp.And, exp.Or): _and,
    exp.Not: _not,
    exp.In: _in,
    exp.Between: _between,
    exp.Coalesce: _one_type,
    exp.Case: _case,
    exp.If: _if,
    exp.Bracket: _part_of,
    exp.Cast: _cast,
    exp.Extract: _extract,
}

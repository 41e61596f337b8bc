"""PG133: operands that Spark never brings to one type, and functions that do not take what they are given."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from sqlglot import exp

from pipelinegen.errors import suggest
from pipelinegen.sql.coercion import can_cast, is_apart, is_orderable, tightest, wider
from pipelinegen.sql.constants import constant_fault
from pipelinegen.sql.containers import container_fault
from pipelinegen.sql.datatypes import element_of, fields_of, key_of
from pipelinegen.sql.dialect import call_of, is_of_like, written
from pipelinegen.sql.kinds import NUMBERS, kind_of
from pipelinegen.sql.names import part_faults_of_text
from pipelinegen.sql.question import Finding
from pipelinegen.sql.rules import WINDOW_STAND_IN, place_of
from pipelinegen.sql.signatures import signatures, takes
from pipelinegen.sql.types import MOMENTS, UNITS, WITH_UNITS, TypeOf, branches, cast_type, operator_of, type_of

_SIGNS = {"div": "DIV", "&": "&, | or ^"}
_COMPARED = frozenset({"=", "<", "<=>"})
_RECKONED = frozenset({"+", "-", "*", "/", "%", "div", "&"})
_MOMENTS = frozenset({"date", "string", "timestamp", "void"})
#: Kinds of types that have parts.
_WITH_PARTS = frozenset({"array", "map", "struct"})


def type_faults(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    """The first fault of one operation, if it has any; operands of unknown type pass."""
    yield from islice(_faults(node, ask), 1)


def _faults(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    for kind, check in _CHECKS.items():
        if isinstance(node, kind):
            return check(node, ask)
    return _of_call(node, ask) if call_of(node) is not None else _of_operator(node, ask)


def condition_fault(node: exp.Expression, ask: TypeOf, word: str, *, is_whole: bool = False) -> Iterator[Finding]:
    """What stands where true or false is wanted; a condition as a whole, such as ON, cannot be NULL either."""
    type = type_of(node, ask)
    if type not in (None, "boolean") and (is_whole or type != "void"):
        yield _fault(node, f"{word} wants true or false, found {type}", "compare it with something")


def _where(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    yield from condition_fault(node.this, ask, "WHERE" if isinstance(node, exp.Where) else "HAVING", is_whole=True)


def _and(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    for side in (node.this, node.expression):
        yield from condition_fault(side, ask, node.key.upper())


def _ordered(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    type = type_of(node.this, ask)
    if not is_orderable(type):
        yield _fault(node, f"rows cannot be ordered by {type}", "order by one of its values")


def _not(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    return condition_fault(node.this, ask, "NOT")


def _is(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    type = type_of(node.this, ask)
    if isinstance(node.expression, exp.Boolean) and not takes("<=>", type, "boolean"):
        yield _fault(node, f"IS wants true or false, found {type}", "compare it with something")


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
            yield from condition_fault(condition, ask, "WHEN", is_whole=True)
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
    if not can_cast(have, want, "try" if node.args.get("safe") else "cast"):
        yield _fault(node, f"{have} cannot become {want}", "convert it by way of another type, or leave it")


def _part_of(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    if call_of(node) is not None:
        yield from _of_call(node, ask)
        return
    type, key = type_of(node.this, ask), node.expressions[0] if node.expressions else None
    kind, wanted = kind_of(type), type_of(key, ask)
    if kind and kind not in _WITH_PARTS:
        yield _fault(node, f"{type} has no parts that […] could take", "leave the brackets out, or split it first")
    elif kind == "array" and kind_of(wanted) not in (None, "int", "bigint", "void"):
        if isinstance(key, exp.Literal) and key.is_string and fields_of(element_of(type)):
            yield from part_faults_of_text(element_of(type), key)
        elif kind_of(element_of(type)) is not None:
            yield _fault(node, f"the place of an element is a whole number, found {wanted}", "write a number")
    elif kind == "struct" and isinstance(key, exp.Literal) and key.is_string:
        yield from part_faults_of_text(type, key)
    elif kind == "struct":
        yield _fault(node, f"the part of a struct is a name, found {wanted}", "write the name in quotes")
    elif kind == "map" and kind_of(key_of(type)) and kind_of(wanted) in _WITH_PARTS and key_of(type) != wanted:
        yield _fault(node, f"{type} has no key that is {wanted}", "write a key of its type")


def _of_call(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    call = call_of(node)
    known = signatures().get(call.name) if call else None
    if call is None or call.arguments is None or any(item.is_star for item in call.arguments):
        return
    if isinstance(node.this, exp.Distinct) and known is not None and not known.is_aggregate:
        yield _fault(node, f"'{call.name}' is no aggregate, and takes no DISTINCT", "leave it out")
    if call.name in WITH_UNITS and len(call.arguments) == 3:
        yield from _unit(node, call.name, call.arguments[0])
        yield from _moments(node, call.name, [type_of(item, ask) for item in call.arguments[1:]])
        return
    if known is None:
        yield from _of_window(node, call.name, call.arguments, ask)
        return
    types = [_argument_type(item, ask) for item in call.arguments]
    message = known.fault(types)
    if message:
        accepted = known.accepted(types)
        help = f"it takes: {accepted}" if accepted else f"see {call.name} in the documentation of Spark SQL"
        yield _fault(node, message, help)
        return
    fault = container_fault(call, ask) or constant_fault(call, known)
    if fault:
        yield _fault(node, *fault)


def _unit(node: exp.Expression, name: str, unit: exp.Expression) -> Iterator[Finding]:
    """A unit of time that is none, or stands in quotes."""
    word = unit.name.lower()
    if isinstance(unit, exp.Literal) or (isinstance(unit, exp.Column | exp.Var) and word not in UNITS):
        yield _fault(node, f"'{name}' knows no unit {written(unit)}", suggest(word, UNITS, "units"))


def _of_window(node: exp.Expression, name: str, arguments: Sequence[exp.Expression], ask: TypeOf) -> Iterator[Finding]:
    """A window of time over what is no time."""
    type = type_of(arguments[0], ask) if arguments and name in ("session_window", "window", WINDOW_STAND_IN) else None
    if kind_of(type) not in (None, *_MOMENTS) and not (type or "").startswith("struct"):
        shown = "window" if name == WINDOW_STAND_IN else name
        yield _fault(node, f"'{shown}' parts moments, found {type}", "give it a timestamp")


def _moments(node: exp.Expression, name: str, types: Sequence[str | None]) -> Iterator[Finding]:
    """What is added to a moment, or two moments."""
    first = _MOMENTS if "diff" in name else NUMBERS | {"string", "void"}
    for type, wanted in zip(types, (first, _MOMENTS), strict=True):
        if kind_of(type) not in (None, *wanted):
            help = "give a number of units and a moment" if "add" in name else "give two moments"
            yield _fault(node, f"'{name}' takes no {type} there", help)


def _extract(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    field, type = node.this.name.lower(), type_of(node.expression, ask)
    if field not in MOMENTS:
        help = "write unix_timestamp(…)" if field == "epoch" else suggest(field, MOMENTS, "parts")
        yield _fault(node, f"EXTRACT knows no '{field}'", help)
    elif kind_of(type) not in (None, "calendar", "date", "daytime", "string", "timestamp", "void", "yearmonth"):
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
    other = node.expression
    listed = other.this.expressions or [other.this.unnest()] if is_of_like(other) else [other]
    yield from _pairs(node, node.this, listed, operator_, done, ask)


def _pairs(
    node: exp.Expression, one: exp.Expression, others: Sequence[exp.Expression], operator: str, done: str, ask: TypeOf
) -> Iterator[Finding]:
    """A fault for each pair that an operator does not take."""
    types = _argument_type if operator in _RECKONED else type_of
    have = types(one, ask)
    for other in others:
        with_ = types(other, ask)
        if not takes(operator, have, with_) or _parts_differ(operator, have, with_):
            found = have if with_ is None else with_ if have is None else f"{have} and {with_}"
            help = "cast one of them" if {have, with_} & NUMBERS else "convert one of them"
            yield _fault(node, f"{found} cannot be {done}", help)


def _parts_differ(operator: str, one: str | None, two: str | None) -> bool:
    """Whether what two arrays, maps or structs hold keeps them from being brought to one type, or compared."""
    kinds = {kind_of(one), kind_of(two)}
    if None in kinds or not kinds & _WITH_PARTS:
        return False
    if operator in _COMPARED or operator == "in":
        if not (is_orderable(one) and is_orderable(two)):
            return True
        return is_apart(wider if operator == "in" else tightest, one, two)
    return operator in ("case", "||") and is_apart(wider, one, two)


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
    exp.Ordered: _ordered,
    (exp.Where, exp.Having): _where,
    (exp.And, exp.Or): _and,
    exp.Not: _not,
    exp.In: _in,
    exp.Is: _is,
    exp.Between: _between,
    exp.Coalesce: _one_type,
    exp.Case: _case,
    exp.If: _if,
    exp.Bracket: _part_of,
    exp.Cast: _cast,
    exp.Extract: _extract,
}

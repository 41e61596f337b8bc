"""Types of expressions, where they follow from the expression alone."""

import re
from collections.abc import Callable, Iterable

from sqlglot import exp

from pipelinegen.sql.coercion import ApartError, wider_of_all
from pipelinegen.sql.datatypes import element_of, fields_of, interval_of, of_cast, value_of
from pipelinegen.sql.dialect import call_of, is_of_like
from pipelinegen.sql.kinds import NUMBERS, family, kind_of
from pipelinegen.sql.lambdas import variable_place
from pipelinegen.sql.results import SECONDS, VARIABLES, result_of
from pipelinegen.sql.signatures import gives, signatures

#: Operators by what Spark calls them.
OPERATORS: dict[type[exp.Expression], str] = {
    exp.EQ: "=",
    exp.NEQ: "=",
    exp.NullSafeEQ: "<=>",
    exp.NullSafeNEQ: "<=>",
    exp.GT: "<",
    exp.GTE: "<",
    exp.LT: "<",
    exp.LTE: "<",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.IntDiv: "div",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "&",
    exp.BitwiseXor: "&",
    exp.DPipe: "||",
    exp.Like: "like",
    exp.ILike: "like",
    exp.RegexpLike: "rlike",
}
#: Units of time as dateadd and its kin read them.
UNITS = frozenset(
    ("microsecond", "millisecond", "second", "minute", "hour", "day", "dayofyear", "week", "month", "quarter", "year")
)
#: Functions that take three arguments, too, if the first is a unit of time.
WITH_UNITS = frozenset({"date_add", "date_diff", "dateadd", "datediff", "timestampadd", "timestampdiff"})
#: What EXTRACT can take from a moment (Spark 3.5).
MOMENTS = frozenset(
    (
        *("d", "day", "dayofweek", "dayofweek_iso", "days", "dow", "dow_iso", "doy", "h", "hour"),
        *("hours", "hr", "hrs", "m", "min", "mins", "minute", "minutes", "mon", "mons"),
        *("month", "months", "qtr", "quarter", "s", "sec", "second", "seconds", "secs", "w"),
        *("week", "weeks", "y", "year", "yearofweek", "years", "yr", "yrs"),
    )
)
_TRUE_OR_FALSE = (exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between, exp.Boolean, exp.Escape, exp.Exists)
_SAME = (exp.Paren, exp.Alias, exp.Window, exp.Filter, exp.PropertyEQ)
_OF_NULLS = (exp.IgnoreNulls, exp.RespectNulls)
_MOST_OF_INT = 2**31


class TypeOf:
    """Types of what an expression names: columns, parameters, queries in place of a value; each is asked for once."""

    def __init__(self, of_name: Callable[[exp.Expression], str | None]) -> None:
        self.of_name = of_name
        self._found: dict[int, tuple[exp.Expression, str | None]] = {}

    def of(self, value: exp.Expression) -> str | None:
        """The type of any expression."""
        kept = self._found.get(id(value))
        if kept is None:
            kept = self._found[id(value)] = value, _type_of(value, self)
        return kept[1]


def is_unit(node: exp.Expression) -> bool:
    """Whether this is the DAY of dateadd(DAY, 1, day), which sqlglot reads as a column."""
    if not isinstance(node, exp.Column) or node.table or node.name.lower() not in UNITS:
        return False
    around = node.parent
    while around is not None and not isinstance(around, exp.Query):
        call = call_of(around)
        if call is not None:
            arguments = call.arguments or ()
            return call.name in WITH_UNITS and len(arguments) == 3 and arguments[0] is node
        around = around.parent
    return False


def type_of(value: exp.Expression | None, ask: TypeOf) -> str | None:
    """The type of an expression as Spark writes it; None where it is not certain, or there is none."""
    return None if value is None else ask.of(value)


def _type_of(value: exp.Expression, ask: TypeOf) -> str | None:
    for kind, rule in _RULES.items():
        if isinstance(value, kind) and not (kind in _IF_NO_CALL and call_of(value) is not None):
            return rule(value, ask)
    return _of_call(value, ask) or _of_operator(value, ask)


def cast_type(value: exp.Expression) -> str | None:
    """What a CAST casts to."""
    return of_cast(value.args.get("to"))


def operator_of(value: exp.Expression) -> str | None:
    """What Spark calls an operator with two operands; None if this is none."""
    return OPERATORS.get(type(value)) if call_of(value) is None else None


def part_type(held: str | None, name: str) -> str | None:
    """What `held.name` is, None where that is not known, or nothing."""
    fields = fields_of(held)
    if fields is not None:
        return next((type for label, type in fields if label.lower() == name.lower()), None)
    if fields_of(element_of(held)) is not None:
        inner = part_type(element_of(held), name)
        return f"array<{inner or '?'}>"
    return value_of(held)


def _of_bracket(value: exp.Expression, ask: TypeOf) -> str | None:
    held, key = type_of(value.this, ask), value.expressions[0] if value.expressions else None
    has_names = held and (family(held) == "struct" or fields_of(element_of(held)))
    if has_names and isinstance(key, exp.Literal) and key.is_string:
        return part_type(held, key.name)
    return element_of(held) if held and family(held) == "array" else value_of(held)


def _of_variable(value: exp.Expression, ask: TypeOf) -> str | None:
    """The type of a lambda's variable, which follows from what is handed to the function around the lambda."""
    place = variable_place(value)
    rule = VARIABLES.get(place.call.name) if place else None
    if place is None or rule is None or place.call.arguments is None:
        return None
    types = [None if isinstance(item, exp.Lambda) else type_of(item, ask) for item in place.call.arguments]
    return rule(types, place.argument, place.variable)


def _of_call(value: exp.Expression, ask: TypeOf) -> str | None:
    call = call_of(value)
    if call is None or call.arguments is None:
        return None
    given = [item.this if isinstance(item, exp.Lambda) else item for item in call.arguments]
    types = [type_of(item, ask) for item in given]
    found = result_of(call.name, types, call.arguments)
    if found is not None:
        return found
    known = signatures().get(call.name)
    return known.result(types) if known else None


def _of_operator(value: exp.Expression, ask: TypeOf) -> str | None:
    if isinstance(value, exp.Case | exp.If | exp.Coalesce):
        return common(type_of(item, ask) for item in branches(value))
    operator = operator_of(value)
    if operator is None or not isinstance(value, exp.Binary | exp.RegexpLike):
        return None
    if is_of_like(value.expression):
        return "boolean"
    one, two = type_of(value.this, ask), type_of(value.expression, ask)
    if operator in "+-" and "date" in (one, two):
        return _moved_day(value) or gives(operator, one, two)
    if operator == "||" and "array" in (family(one or ""), family(two or "")):
        return common([one, two])
    return gives(operator, one, two)


def _moved_day(value: exp.Binary) -> str | None:
    """What a date and an interval that is written out give: days and more a date, hours and less a timestamp."""
    for side in (value.this, value.expression):
        while isinstance(side, exp.Paren | exp.Neg):
            side = side.this
        if isinstance(side, exp.Interval) and isinstance(side.args.get("unit"), exp.Var):
            return "date" if re.fullmatch(r"(?i)(year|month|week|day)s?", side.args["unit"].name) else "timestamp"
    return None


def branches(value: exp.Expression) -> list[exp.Expression]:
    """The expressions one of which a CASE, an if or a coalesce gives."""
    if isinstance(value, exp.Coalesce):
        return [value.this, *value.expressions]
    if isinstance(value, exp.If):
        found = [value.args.get("true"), value.args.get("false")]
    else:
        found = [*(item.args.get("true") for item in value.args.get("ifs") or ()), value.args.get("default")]
    return [item for item in found if item is not None]


def common(types: Iterable[str | None]) -> str | None:
    """The type that values of several types are brought to, where it is certain."""
    try:
        return wider_of_all(types)
    except ApartError:
        return None


def _of_literal(value: exp.Expression, ask: TypeOf) -> str | None:
    if value.is_string:
        return "string"
    text = str(value.this)
    if re.fullmatch(r"[0-9]{1,19}", text):
        number = int(text)
        return "int" if number < _MOST_OF_INT else "bigint" if number < 2**63 else "decimal"
    found = re.fullmatch(r"([0-9]*)\.([0-9]*)", text)
    if found:
        whole, behind = found.group(1).lstrip("0"), found.group(2)
        return f"decimal({max(len(whole) + len(behind), 1)},{len(behind)})"
    return "double" if re.fullmatch(r"[0-9.]+[eE][+-]?[0-9]+", text) else None


def _of_interval(value: exp.Expression, ask: TypeOf) -> str | None:
    unit = value.args.get("unit")
    word = unit.this if isinstance(unit, exp.IntervalSpan) else unit
    return interval_of(word.name) if isinstance(word, exp.Expression) else None


def _of_extract(value: exp.Expression, ask: TypeOf) -> str | None:
    return "decimal(8,6)" if value.this.name.lower() in SECONDS else "int"


def _within_group(value: exp.Expression, ask: TypeOf) -> str | None:
    """percentile_cont and percentile_disc of numbers."""
    keys = value.expression.expressions if isinstance(value.expression, exp.Order) else ()
    kinds = {kind_of(type_of(key.this, ask)) for key in keys}
    return "double" if kinds and kinds <= NUMBERS else None


def _negated(value: exp.Expression, ask: TypeOf) -> str | None:
    found = type_of(value.this, ask)
    return found if found and family(found) != "string" else gives("negated", found)


_Kinds = type[exp.Expression] | tuple[type[exp.Expression], ...]
_RULES: dict[_Kinds, Callable[[exp.Expression, TypeOf], str | None]] = {
    (exp.Column, exp.Placeholder, exp.Subquery): lambda value, ask: ask.of_name(value),
    exp.Identifier: _of_variable,
    exp.Cast: lambda value, ask: cast_type(value),
    _SAME: lambda value, ask: type_of(value.expression if isinstance(value, exp.PropertyEQ) else value.this, ask),
    _OF_NULLS: lambda value, ask: type_of(value.this, ask),
    exp.WithinGroup: _within_group,
    _TRUE_OR_FALSE: lambda value, ask: "boolean",
    exp.Literal: _of_literal,
    exp.Null: lambda value, ask: "void",
    exp.HexString: lambda value, ask: "binary",
    exp.Concat: lambda value, ask: "string",  # of texts side by side
    exp.Interval: _of_interval,
    exp.Neg: _negated,
    exp.BitwiseNot: lambda value, ask: type_of(value.this, ask),
    exp.Dot: lambda value, ask: part_type(type_of(value.this, ask), value.expression.name),
    exp.Bracket: _of_bracket,
    exp.Extract: _of_extract,
    exp.CurrentDate: lambda value, ask: "date",
    exp.CurrentUser: lambda value, ask: "string",
    exp.CurrentTimestamp: lambda value, ask: "timestamp",
}
#: Nodes that sqlglot reads calls into, too: then the call says what they are.
_IF_NO_CALL = frozenset(
    {
        exp.Cast,
        exp.Concat,
        _OF_NULLS,
        _TRUE_OR_FALSE,
        exp.Bracket,
        exp.Extract,
        exp.BitwiseNot,
        exp.Neg,
        exp.CurrentDate,
        exp.CurrentTimestamp,
    }
)

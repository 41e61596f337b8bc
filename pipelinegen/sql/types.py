"""Types of expressions, where they follow from the expression alone."""

import re
from collections.abc import Callable, Iterable

from sqlglot import exp

from pipelinegen.sql.dialect import call_of
from pipelinegen.sql.kinds import family
from pipelinegen.sql.signatures import gives, signatures

#: The types of columns, of parameters and of queries that stand for a value.
TypeOf = Callable[[exp.Expression], str | None]

_CAST_TYPES = {
    "ARRAY": "array",
    "BIGINT": "bigint",
    "BINARY": "binary",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DECIMAL": "decimal",
    "DOUBLE": "double",
    "FLOAT": "float",
    "INT": "int",
    "MAP": "map",
    "STRUCT": "struct",
    "TEXT": "string",
    "TIMESTAMPLTZ": "timestamp",
    "TIMESTAMPTZ": "timestamp",
    "VARCHAR": "string",
}
#: Operators by what Spark calls them.
OPERATORS: dict[type[exp.Expression], str] = {
    exp.EQ: "=",
    exp.NEQ: "=",
    exp.NullSafeEQ: "<=>",
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
_AVERAGE = {"bigint": "double", "decimal": "decimal", "double": "double", "float": "double", "int": "double"}
#: What sums and averages give, by what they are taken of.
_SUMS = {
    "avg": _AVERAGE,
    "mean": _AVERAGE,
    "sum": {**_AVERAGE, "bigint": "bigint", "int": "bigint"},
}
#: What holds its arguments, whatever they are.
_CONTAINERS = {"array": "array", "collect_set": "array", "map": "map", "named_struct": "struct", "struct": "struct"}
#: What gives one of the values of its first argument.
_LIKE_FIRST = frozenset(
    (
        *("any_value", "array_sort", "first", "first_value", "last", "last_value", "max", "max_by", "min", "min_by"),
        *("nth_value", "nullif", "sort_array"),
    )
)
#: What gives one of its arguments.
_COMMON = frozenset({"coalesce", "greatest", "ifnull", "least", "nvl"})
#: Units of time as dateadd and its kin read them.
UNITS = frozenset(
    ("microsecond", "millisecond", "second", "minute", "hour", "day", "dayofyear", "week", "month", "quarter", "year")
)
#: What EXTRACT can take from a moment (Spark 3.5).
MOMENTS = frozenset(
    (
        *("d", "day", "dayofweek", "dayofweek_iso", "days", "dow", "dow_iso", "doy", "h", "hour"),
        *("hours", "hr", "hrs", "m", "min", "mins", "minute", "minutes", "mon", "mons"),
        *("month", "months", "qtr", "quarter", "s", "sec", "second", "seconds", "secs", "w"),
        *("week", "weeks", "y", "year", "yearofweek", "years", "yr", "yrs"),
    )
)
_TRUE_OR_FALSE = (exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between, exp.Exists, exp.Boolean)
_SAME = (exp.Paren, exp.Alias, exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls)
_ASKED = (exp.Column, exp.Placeholder, exp.Subquery)


def type_of(value: exp.Expression | None, ask: TypeOf) -> str | None:
    """The type of an expression in the words of a contract; None where it is not certain, or there is none."""
    if value is None:
        return None
    if isinstance(value, _ASKED):
        return ask(value)
    if isinstance(value, exp.Cast) and call_of(value) is None:
        return cast_type(value)
    if isinstance(value, _SAME):
        return type_of(value.this, ask)
    if isinstance(value, _TRUE_OR_FALSE):
        return "boolean"
    if isinstance(value, exp.Literal):
        return _of_literal(value)
    if isinstance(value, exp.Interval):
        return "interval"
    if isinstance(value, exp.Neg):
        return gives("negated", type_of(value.this, ask))
    return _of_call(value, ask) or _of_operator(value, ask)


def cast_type(value: exp.Expression) -> str | None:
    """What a CAST casts to."""
    target = value.args.get("to")
    return _CAST_TYPES.get(target.this.name) if isinstance(target, exp.DataType) and target.this else None


def operator_of(value: exp.Expression) -> str | None:
    """What Spark calls an operator with two operands; None if this is none."""
    return OPERATORS.get(type(value)) if call_of(value) is None else None


def _of_call(value: exp.Expression, ask: TypeOf) -> str | None:
    call = call_of(value)
    if call is None or call.arguments is None or call.name not in signatures():
        return None
    if call.name in _CONTAINERS:
        return _CONTAINERS[call.name]
    types = [type_of(item, ask) for item in call.arguments]
    if not types:
        return signatures()[call.name].result(types)
    if call.name in _SUMS:
        return _SUMS[call.name].get(family(types[0] or ""))
    if call.name in _LIKE_FIRST:
        return types[0]
    if call.name in _COMMON:
        return common(types)
    return signatures()[call.name].result(types)


def _of_operator(value: exp.Expression, ask: TypeOf) -> str | None:
    if isinstance(value, exp.Case | exp.If | exp.Coalesce):
        return common([type_of(item, ask) for item in branches(value)])
    if isinstance(value, exp.CurrentDate | exp.CurrentTimestamp):
        return "date" if isinstance(value, exp.CurrentDate) else "timestamp"
    operator = operator_of(value)
    if operator is None or not isinstance(value, exp.Binary | exp.RegexpLike):
        return None
    return gives(operator, type_of(value.this, ask), type_of(value.expression, ask))


def branches(value: exp.Expression) -> list[exp.Expression]:
    """The expressions one of which a CASE, an if or a coalesce gives."""
    if isinstance(value, exp.Coalesce):
        return [value.this, *value.expressions]
    if isinstance(value, exp.If):
        found = [value.args.get("true"), value.args.get("false")]
    else:
        found = [*(item.args.get("true") for item in value.args.get("ifs") or ()), value.args.get("default")]
    return [item for item in found if item is not None and not isinstance(item, exp.Null)]


def common(types: Iterable[str | None]) -> str | None:
    """The type that values of several types are brought to, where it is certain."""
    found: str | None = ""
    for type in types:
        found = type if found in ("", type) else gives("case", found, type)
        if found is None:
            return None
    return found or None


def _of_literal(value: exp.Literal) -> str | None:
    if value.is_string:
        return "string"
    text = str(value.this)
    if re.fullmatch(r"[0-9]{1,9}", text):
        return "int"
    return "decimal" if re.fullmatch(r"[0-9]*\.[0-9]+", text) else None

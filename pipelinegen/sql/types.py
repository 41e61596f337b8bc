"""Types of expressions, where they follow from the expression alone, and types that never go together."""

import re
from collections.abc import Callable, Iterable

from sqlglot import exp

TypeOf = Callable[[exp.Expression], str | None]


def family(type: str) -> str:
    """The type without what is in brackets: `decimal` of decimal(12,2), `array` of array<string>."""
    return re.split(r"[(<]", type)[0]


WHOLE = frozenset({"int", "bigint"})
NUMBERS = frozenset({*WHOLE, "float", "double", "decimal"})
TIMES = frozenset({"date", "timestamp"})

_CAST_TYPES = {
    exp.DataType.Type.VARCHAR: "string",
    exp.DataType.Type.TEXT: "string",
    exp.DataType.Type.INT: "int",
    exp.DataType.Type.BIGINT: "bigint",
    exp.DataType.Type.FLOAT: "float",
    exp.DataType.Type.DOUBLE: "double",
    exp.DataType.Type.BOOLEAN: "boolean",
    exp.DataType.Type.DATE: "date",
}
#: Comparisons, and the operands of AND, OR and NOT.
COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ)
_TRUE_OR_FALSE = (exp.And, exp.Or, exp.Not, *COMPARISONS, exp.Is, exp.In, exp.Between, exp.Like)
_TEXT = (exp.Upper, exp.Lower, exp.Trim, exp.Concat)
_SAME = (exp.Paren, exp.Min, exp.Max, exp.Alias)


def type_of(value: exp.Expression, type_of_column: TypeOf) -> str | None:
    """The type of an expression in the words of a contract; None where it is not certain.

    `type_of_column` gives the types of columns and of parameters.
    """
    if isinstance(value, exp.Column | exp.Placeholder):
        return type_of_column(value)
    if isinstance(value, exp.Cast):
        return _CAST_TYPES.get(value.to.this)
    if isinstance(value, _SAME):
        return type_of(value.this, type_of_column)
    if isinstance(value, (*_TRUE_OR_FALSE, exp.Boolean)):
        return "boolean"
    if isinstance(value, exp.Literal):
        return _of_literal(value)
    if isinstance(value, _TEXT):
        return "string"
    if isinstance(value, exp.Count):
        return "bigint"
    if isinstance(value, exp.Sum):
        return {"int": "bigint", "bigint": "bigint"}.get(type_of(value.this, type_of_column) or "")
    return "double" if isinstance(value, exp.Avg) and type_of(value.this, type_of_column) in WHOLE else None


def _of_literal(value: exp.Literal) -> str | None:
    if value.is_string:
        return "string"
    return "int" if re.fullmatch(r"[0-9]{1,9}", str(value.this)) else None


def cannot_meet(types: Iterable[str | None]) -> tuple[str, str] | None:
    """Two of the types that Spark never brings to one, as in a comparison; None where there are none."""
    known = [item for item in dict.fromkeys(types) if item]
    for place, one in enumerate(known):
        for two in known[place + 1 :]:
            if _apart(family(one), family(two)):
                return one, two
    return None


def _apart(one: str, two: str) -> bool:
    pair = {one, two}
    if "array" in pair:
        return one != two
    if pair & TIMES:
        return bool(pair & NUMBERS or "boolean" in pair)
    return False

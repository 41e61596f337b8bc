"""Types of expressions, where they follow from the expression alone."""

import re
from collections.abc import Callable

from sqlglot import exp

TypeOf = Callable[[exp.Column], str | None]


def family(type: str) -> str:
    """The type without what is in brackets: `decimal` of decimal(12,2), `array` of array<string>."""
    return re.split(r"[(<]", type)[0]


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
_TRUE_OR_FALSE = (
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like
)  # fmt: skip
_TEXT = (exp.Upper, exp.Lower, exp.Trim)
_SAME = (exp.Paren, exp.Min, exp.Max)


def type_of(value: exp.Expression, type_of_column: TypeOf) -> str | None:
    """The type of an expression in the words of a contract; None where it is not certain."""
    if isinstance(value, exp.Column):
        return type_of_column(value)
    if isinstance(value, exp.Cast):
        return _CAST_TYPES.get(value.to.this)
    if isinstance(value, _SAME):
        return type_of(value.this, type_of_column)
    if isinstance(value, _TRUE_OR_FALSE):
        return "boolean"
    if isinstance(value, _TEXT) or (isinstance(value, exp.Literal) and value.is_string):
        return "string"
    if isinstance(value, exp.Count):
        return "bigint"
    return "boolean" if isinstance(value, exp.Boolean) else None

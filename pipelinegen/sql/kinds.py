"""Kinds of types, in the words of contracts and of Spark."""

import re

NUMBERS = frozenset({"int", "bigint", "float", "double", "decimal"})
#: What columns of datasets can be.
CONTRACT_KINDS = ("array", "bigint", "boolean", "date", "decimal", "double", "float", "int", "string", "timestamp")


def family(type: str) -> str:
    """The type without what is in brackets: `decimal` of decimal(12,2), `array` of array<string>, `interval` of any."""
    return re.split(r"[(< ]", type)[0]

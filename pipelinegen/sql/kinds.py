"""Kinds of types, in the words of contracts and of Spark."""

import re

NUMBERS = frozenset({"int", "bigint", "float", "double", "decimal"})
#: What columns of datasets can be.
CONTRACT_KINDS = ("array", "bigint", "boolean", "date", "decimal", "double", "float", "int", "string", "timestamp")
#: Of which Spark was asked what it takes (tests/oracle/renew_spark_signatures.py); of others nothing is known.
ASKED_KINDS = frozenset(
    {*CONTRACT_KINDS, "binary", "calendar", "daytime", "map", "struct", "void", "yearmonth"},
)


def family(type: str) -> str:
    """The type without what is in brackets: `decimal` of decimal(12,2), `array` of array<string>.

    There are three of intervals: `daytime`, `yearmonth`, and `calendar` for those that mix both.
    """
    if type.startswith("interval"):
        words = type.split()
        return "calendar" if len(words) == 1 else "yearmonth" if words[1] in ("year", "month") else "daytime"
    return re.split(r"[(<]", type)[0]


def kind_of(type: str | None) -> str | None:
    """The family, None of a type of which nothing is known."""
    found = family(type) if type else None
    return found if found in ASKED_KINDS else None

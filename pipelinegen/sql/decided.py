"""Calls that are certainly right, once no fault was found in them: by products of kinds, or by rules of their own."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from sqlglot import exp

from pipelinegen.sql.coercion import ApartError, is_apart, is_orderable, tightest, wider_of_all
from pipelinegen.sql.constants import is_stable
from pipelinegen.sql.datatypes import element_of, key_of
from pipelinegen.sql.dialect import Call, whole_number
from pipelinegen.sql.grouping import is_aggregate, is_of_keys
from pipelinegen.sql.kinds import NUMBERS, kind_of
from pipelinegen.sql.results import ARGUMENT_COUNTS
from pipelinegen.sql.rules import WINDOW_STAND_IN
from pipelinegen.sql.signatures import signatures, takes
from pipelinegen.sql.types import MOMENTS, UNITS, WITH_UNITS, TypeOf, type_of

Types = Sequence[str]
Rule = Callable[[Types, Sequence[exp.Expression]], bool]
_WHOLE = frozenset({"int", "bigint"})
_MOMENT = frozenset({"date", "timestamp"})
_STEPS = frozenset({"daytime", "yearmonth"})
_PARTED = frozenset({"array", "map", "struct"})
_DURATION = re.compile(r"(?i)(interval )?( *[1-9]\d* *(microsecond|millisecond|second|minute|hour|day|week)s?)+")


def is_decided(node: exp.Expression, call: Call, ask: TypeOf) -> bool:
    """Whether Spark takes a call in which no fault was found."""
    if call.arguments is None or (is_aggregate(node) and not is_stable(node)):
        return False
    types = [type_of(item.this if isinstance(item, exp.Lambda) else item, ask) for item in call.arguments]
    stars = [item for item in call.arguments if item.is_star]
    if stars:
        return call.name in ("count", "struct") and len(types) == 1
    if None in types and not (call.name in WITH_UNITS and len(types) == 3):
        return False
    if call.name in ("grouping", "grouping_id"):
        return not types or is_of_keys(node, call.arguments)
    if not _is_taken(call.name, len(types)):
        return False
    given = [type or "" for type in types]
    rule = _RULES.get(call.name)
    with suppress(IndexError):  # fewer arguments than the rule is about
        if rule is not None and rule(given, call.arguments):
            return True
    return call.name not in _BY_VALUE and _is_in_product(call.name, given)


def _is_taken(name: str, count: int) -> bool:
    """Whether a function takes so many arguments, as far as it was asked for."""
    known = signatures().get(name)
    return known is None or not known.counts or count > known.counts[-1] or count in known.counts


def _is_in_product(name: str, types: Types) -> bool:
    if not types:
        return True
    places = _products().get(name, {}).get(str(len(types)))
    return places is not None and all(
        kind_of(type) in place or type in place for type, place in zip(types, places, strict=True)
    )


@cache
def _products() -> Mapping[str, Mapping[str, Sequence[frozenset[str]]]]:
    """For each function and number of arguments, what Spark takes at each place, in any combination."""
    found = json.loads(Path(__file__).with_name("spark_products.json").read_text(encoding="utf-8"))
    return {
        name: {count: [frozenset(place.split()) for place in places] for count, places in item.items()}
        for name, item in found.items()
    }


def _with_lambda(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """A function of higher order over what it can go through; what its lambda gives was checked."""
    is_given = any(isinstance(item, exp.Lambda) for item in arguments)
    return kind_of(types[0]) in ("array", "map") and (is_given or len(arguments) == 1)


def _like_array(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """A function of an array and one of its elements; what these may be was checked."""
    return kind_of(types[0]) == "array" and len(types) == 2


def _exactly(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """The same, of functions that take only what an element is without loss."""
    return _like_array(types, arguments) and not is_apart(tightest, element_of(types[0]), types[1])


def _found(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """An element by its place, or by a key that a key is without loss."""
    return kind_of(types[0]) == "array" or not is_apart(tightest, key_of(types[0]), types[1])


def _united(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """Two arrays whose elements are one sort without loss."""
    return len(types) == 2 and not is_apart(tightest, types[0], types[1])


def _of_unit(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """dateadd(DAY, 1, day) and its kin."""
    return len(types) == 3 and arguments[0].name.lower() in UNITS and all(map(kind_of, types[1:]))


def _percentile(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """A share that is written out, of numbers."""
    share = arguments[1]
    shares = share.expressions if isinstance(share, exp.Array) else [share]
    others = all(map(_is_counted, arguments[2:]))
    is_whole_parameter = isinstance(share, exp.Placeholder) and types[1] != "double"
    are_fine = others and not is_whole_parameter and all(map(_is_share, shares))
    return len(types) <= 3 and kind_of(types[0]) in NUMBERS and are_fine


def _percentile_within(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    return len(types) == 1 and _is_share(arguments[0])


def _is_share(value: exp.Expression) -> bool:
    if isinstance(value, exp.Placeholder):
        return True
    is_number = isinstance(value, exp.Literal) and not value.is_string
    return is_number and re.fullmatch(r"0?\.\d+|0|1|1\.0+", value.name) is not None


def _is_counted(value: exp.Expression) -> bool:
    """Whether this is a number of things that is written out."""
    return (whole_number(value) or 0) > 0


def _decode(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """With pairs of values, each of which is compared to the first."""
    keys = types[1:-1:2] if len(types) % 2 == 0 else types[1::2]
    given = [*types[2::2], *(types[-1:] if len(types) % 2 == 0 else ())]
    are_plain = not {kind_of(type) for type in types} & _PARTED
    return len(types) > 2 and are_plain and all(takes("<=>", types[0], key) for key in keys) and _are_alike(given)


def _are_alike(types: Types) -> bool:
    try:
        return wider_of_all(types) is not None
    except ApartError:
        return False


def _with_flag(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """first(x, true) and its kin."""
    return len(types) == 2 and isinstance(arguments[1], exp.Boolean)


def _sorted(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    is_flag = len(types) == 1 or (len(types) == 2 and isinstance(arguments[1], exp.Boolean))
    return kind_of(types[0]) == "array" and is_flag


def _inserted(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    is_placed = len(types) == 3 and kind_of(types[0]) == "array" and _is_counted(arguments[1])
    return is_placed and not is_apart(tightest, element_of(types[0]), types[2])


def _sequence(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    kinds = [kind_of(type) for type in types]
    if {*kinds} <= _WHOLE:
        return len(types) in (2, 3)
    is_of_moments = {*kinds[:2]} <= _MOMENT and len(types) in (2, 3)
    return is_of_moments and {*kinds[2:]} <= _STEPS


def _part(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """date_part('YEAR', day)."""
    is_named = isinstance(arguments[0], exp.Literal) and arguments[0].name.lower() in MOMENTS
    return len(types) == 2 and is_named and kind_of(types[1]) in _MOMENT


def _windows(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """window(moment, '1 hour') with durations in quotes."""
    durations = [item.name for item in arguments[1:] if isinstance(item, exp.Literal) and item.is_string]
    are_read = len(durations) == len(arguments) - 1 > 0 and all(map(_DURATION.fullmatch, durations))
    return kind_of(types[0]) in _MOMENT and are_read and len(arguments) <= 3


def _session(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    return len(types) == 2 and _windows(types, arguments)


def _branches(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    return len(types) == 3


def _later(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """lag and lead of one row or so many, with nothing or a value of the same type instead."""
    is_counted = len(types) < 2 or _is_counted(arguments[1])
    return is_counted and (len(types) < 3 or kind_of(types[2]) in (kind_of(types[0]), "void"))


def _scaled(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """ceil(x, 2) and its kin; that the scale is written out was checked."""
    return len(types) == 2 and kind_of(types[0]) in NUMBERS and isinstance(arguments[1], exp.Literal)


def _in_zone(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """Year to second, and a zone."""
    return len(types) == 7 and kind_of(types[6]) == "string" and all(kind_of(type) in NUMBERS for type in types[:6])


def _reckoned(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    """A moment and what is added to it."""
    return kind_of(types[0]) in _MOMENT and kind_of(types[1]) in _STEPS


def _counted(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    return bool(types)


def _hashed(types: Types, arguments: Sequence[exp.Expression]) -> bool:
    return bool(types) and all(map(is_orderable, types))


#: Functions that look at what their arguments are, or at the parts of their types, and not only at kinds.
_BY_VALUE = frozenset(
    (
        *("approx_percentile", "mask", "percentile", "percentile_approx", "to_binary", "to_char", "to_number"),
        *("array_append", "array_except", "array_insert", "array_intersect", "array_position", "array_prepend"),
        *("array_remove", "array_union", "arrays_overlap", "element_at", "try_element_at"),
        *("stack", "to_varchar", "try_to_binary", "try_to_number", "width_bucket"),
    )
)
_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(ARGUMENT_COUNTS, _with_lambda),
    **dict.fromkeys(
        ("array", "coalesce", "nvl", "ifnull", "greatest", "least", "map", "named_struct", "struct"), _counted
    ),
    **dict.fromkeys(("array_position", "array_remove", "array_append", "array_prepend"), _exactly),
    **dict.fromkeys(("array_union", "array_intersect", "array_except", "arrays_overlap"), _united),
    **dict.fromkeys(("element_at", "try_element_at"), _found),
    **dict.fromkeys(("map_contains_key", "max_by", "min_by", "nullif"), _counted),
    **dict.fromkeys(("array_join", "concat_ws", "map_concat", "map_from_arrays", "map_from_entries"), _counted),
    **dict.fromkeys(("from_json", "from_csv", "json_tuple", "inline", "inline_outer"), _counted),
    **dict.fromkeys(("explode", "explode_outer", "posexplode", "posexplode_outer", "flatten", "count"), _counted),
    **dict.fromkeys(("approx_percentile", "percentile", "percentile_approx"), _percentile),
    **dict.fromkeys(("percentile_cont", "percentile_disc"), _percentile_within),
    **dict.fromkeys(("first", "first_value", "last", "last_value", "any_value"), _with_flag),
    **dict.fromkeys(("date_part", "datepart"), _part),
    **dict.fromkeys(("lag", "lead"), _later),
    **dict.fromkeys(("window", WINDOW_STAND_IN), _windows),
    **dict.fromkeys(("hash", "xxhash64"), _hashed),
    **dict.fromkeys(WITH_UNITS, _of_unit),
    **dict.fromkeys(("ceil", "ceiling", "floor"), _scaled),
    **dict.fromkeys(("make_timestamp", "make_timestamp_ltz"), _in_zone),
    **dict.fromkeys(("try_add", "try_subtract"), _reckoned),
    "array_contains": _like_array,
    "array_insert": _inserted,
    "concat": lambda types, arguments: not {kind_of(type) for type in types} & {"calendar", "map", "struct"},
    "decode": _decode,
    "nvl2": _branches,
    "sequence": _sequence,
    "session_window": _session,
    "sort_array": _sorted,
    "stack": lambda types, arguments: len(types) > 1 and _is_counted(arguments[0]) and types[0] == "int",
    "width_bucket": lambda types, arguments: len(types) == 4 and all(kind_of(type) in NUMBERS for type in types),
}

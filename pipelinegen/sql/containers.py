"""PG133: what functions of arrays, maps, structs and lambdas take, where that depends on the parts of arguments."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from pipelinegen.sql import written_arguments as arguments_of
from pipelinegen.sql.coercion import (
    ApartError,
    holds_map,
    is_apart,
    is_orderable,
    tightest,
    wider,
    wider_of_all,
    wider_without_text,
)
from pipelinegen.sql.datatypes import element_of, fields_of, key_of
from pipelinegen.sql.dialect import Call
from pipelinegen.sql.kinds import kind_of
from pipelinegen.sql.results import ARGUMENT_COUNTS, VARIABLE_COUNTS
from pipelinegen.sql.types import TypeOf, type_of
from pipelinegen.sql.written_arguments import Fault, Rule, Types

_SCALAR = "cast one of them"
_OF_TIME = frozenset({"calendar", "daytime", "void", "yearmonth"})
#: What a sequence goes on by.
_STEPS = {
    **dict.fromkeys(("date", "timestamp"), _OF_TIME),
    **dict.fromkeys(("int", "bigint"), frozenset({"int", "bigint", "void"})),
}


def container_fault(call: Call, ask: TypeOf) -> Fault | None:
    """The first fault of a call that the table of kinds does not tell."""
    arguments = call.arguments or ()
    fault = _lambda_fault(call.name, arguments)
    if fault:
        return fault
    types = [type_of(item.this if isinstance(item, exp.Lambda) else item, ask) for item in arguments]
    for rule in _RULES.get(call.name, ()):
        fault = rule(call.name, types, arguments)
        if fault:
            return fault
    return None


def _lambda_fault(name: str, arguments: Sequence[exp.Expression]) -> Fault | None:
    wanted = VARIABLE_COUNTS.get(name)
    taken = ARGUMENT_COUNTS.get(name, (len(arguments),))
    if len(arguments) not in taken:
        return f"'{name}' takes {' or '.join(map(str, taken))} arguments, found {len(arguments)}", "count them"
    lambdas = [item for item in arguments if isinstance(item, exp.Lambda)]
    if lambdas and wanted is None:
        return f"'{name}' takes no function", "write a value"
    for place, item in enumerate(lambdas):
        counts = wanted or ()
        if name in ("aggregate", "reduce"):
            counts = counts[place : place + 1]
        names = [variable.name.lower() for variable in item.expressions]
        if counts and len(names) not in counts:
            many = " or ".join(map(str, counts))
            return f"the function in '{name}' has {many} variables, found {len(names)}", "name as many as it is given"
        if len(set(names)) < len(names):
            return f"two variables in '{name}' have one name", "name them differently"
    return None


def _element(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """A value that is no element of an array."""
    if len(types) < 2:
        return None
    held, item = element_of(types[0]), types[-1]
    if kind_of(types[0]) == "array" and is_apart(wider_without_text, held, item):
        return f"'{name}' looks for {item} in {types[0]}", "cast what is looked for"
    return None


def _ordered(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """Elements that cannot be compared."""
    for type in types:
        if kind_of(type) == "array" and not is_orderable(element_of(type)):
            return f"'{name}' compares values, and {type} holds some that cannot be compared", "take a part of each"
    return None


def _first_ordered(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    return _ordered(name, types[:1], arguments)


def _sorted_by_itself(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    if len(types) == 1:
        return _ordered(name, types, arguments)
    if kind_of(types[1]) not in (None, "int"):
        return f"the function in '{name}' gives {types[1]}, where an int is wanted", "give -1, 0 or 1"
    return None


def _alike(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """Arrays whose elements have no common type."""
    if len(types) == 2 and is_apart(wider_without_text, types[0], types[1]):
        return f"'{name}' does not take {types[0]} together with {types[1]}", _SCALAR
    return None


def _common(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """Values that are brought to one type."""
    return _apart(name, types)


def _common_arrays(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    return _apart(name, types) if "array" in map(kind_of, types) else None


def _apart(name: str, types: Types) -> Fault | None:
    try:
        wider_of_all(types)
    except ApartError as error:
        one, two = error.args
        return f"'{name}' does not take {one} together with {two}", _SCALAR
    return None


def _bound_together(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """What greatest and least compare."""
    found: str | None = "void"
    for type in types:
        if is_apart(wider_without_text, found, type):
            return f"'{name}' does not take {found} together with {type}", _SCALAR
        if not is_orderable(type):
            return f"'{name}' compares values, and {type} cannot be compared", "take a part of it"
        found = wider_without_text(found, type)
    return None


def _map(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    if len(types) % 2:
        return f"'{name}' takes keys and values in turn, found {len(types)} arguments", "give each key its value"
    keys = types[::2]
    if any(holds_map(key) for key in keys):
        return "no key of a map can hold a map", "make a key of texts or numbers"
    return _keys_or_values("keys", keys) or _keys_or_values("values", types[1::2])


def _keys_or_values(what: str, types: Types) -> Fault | None:
    try:
        wider_of_all(types)
    except ApartError as error:
        one, two = error.args
        return f"the {what} of a map are {one} and {two}", _SCALAR
    return None


def _named_struct(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    if len(arguments) % 2:
        return f"'{name}' takes names and values in turn, found {len(types)} arguments", "give each name its value"
    for item, type in zip(arguments[::2], types[::2], strict=True):
        if isinstance(item, exp.Column) or kind_of(type) not in (None, "string"):
            return f"'{name}' wants names in quotes", "write named_struct('a', …), or struct(… AS a)"
    return None


def _nested_array(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    held = element_of(types[0]) if types else None
    if kind_of(held) not in (None, "array"):
        return f"'{name}' wants an array of arrays, found {types[0]}", "leave it out"
    return None


def _entries(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    held = element_of(types[0]) if types else None
    fields = fields_of(held)
    if kind_of(held) not in (None, "struct") or (fields is not None and len(fields) != 2):
        return f"'{name}' wants an array of structs with two parts, found {types[0]}", "make it of struct(key, value)"
    if fields is not None and holds_map(fields[0][1]):
        return "no key of a map can hold a map", "make a key of texts or numbers"
    return None


def _key_array(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    if types and holds_map(element_of(types[0])):
        return "no key of a map can hold a map", "make a key of texts or numbers"
    return None


def _key(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """A key that a map cannot have, or a place that an array has not."""
    if len(types) == 2 and kind_of(types[0]) == "array" and kind_of(types[1]) not in (None, "int", "void"):
        return f"the place of an element is an int, found {types[1]}", "write a number, or cast it to int"
    if len(types) == 2 and kind_of(types[0]) == "map" and is_apart(wider_without_text, key_of(types[0]), types[1]):
        return f"'{name}' looks for {types[1]} in {types[0]}", "cast what is looked for"
    return None


def _inlined(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    held = element_of(types[0]) if types else None
    if kind_of(held) not in (None, "struct"):
        return f"'{name}' wants an array of structs, found {types[0]}", "write explode(…)"
    return None


def _condition(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    if len(types) > 1 and kind_of(types[-1]) not in (None, "boolean", "void"):
        return f"the function in '{name}' gives {types[-1]}, where true or false is wanted", "compare it with something"
    return None


def _folded(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    if len(types) > 2 and types[1] and types[2] and not _same(types[1], types[2]):
        fact = f"the function in '{name}' gives {types[2]}, and begins with {types[1]}"
        return fact, f"begin with CAST(… AS {types[2]}), or cast what it gives"
    return None


def _same(one: str, two: str) -> bool:
    """Whether two types are one; parts of which nothing is known may be."""
    if "?" in one + two or two == "void" or (kind_of(one) == kind_of(two) and "decimal" in (one, two)):
        return True
    return one.lower() == two.lower()


def _keys_made(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    if len(types) > 1 and holds_map(types[1]):
        return "no key of a map can hold a map", "make a key of texts or numbers"
    return None


def _second_map(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    return None if kind_of(types[1]) in (None, "map") else (f"'{name}' takes two maps, found {types[1]}", "cast it")


def _second_array(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    is_fine = kind_of(types[1]) in (None, "array")
    return None if is_fine else (f"'{name}' takes two arrays, found {types[1]}", "make an array of it")


def _branches(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    return _apart(name, types[1:])


def _compared(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """What nullif compares."""
    for type in types:
        if kind_of(type) in ("array", "struct") and not is_orderable(type):
            return f"'{name}' compares values, and {type} cannot be compared", "take a part of it"
    if {kind_of(type) for type in types} & {"array", "struct"} and len(types) == 2 and is_apart(tightest, *types):
        return f"'{name}' does not take {types[0]} together with {types[1]}", _SCALAR
    return None


def _first_kind(wanted: str) -> Rule:
    """That the first argument is an array, or a map."""

    def rule(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
        if types and kind_of(types[0]) not in (None, wanted):
            return (
                f"'{name}' wants {'an' if wanted == 'array' else 'a'} {wanted} first, found {types[0]}",
                "give it one",
            )
        return None

    return rule


def _maps(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    one, two = (key_of(type) for type in types[:2])
    if is_apart(wider, one, two):
        return f"'{name}' takes maps of one sort of keys, found {types[0]} and {types[1]}", _SCALAR
    return None


def _sequence(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    step = kind_of(types[2]) if len(types) > 2 else None
    wanted = _STEPS.get(kind_of(types[0]) or "")
    if step is not None and wanted is not None and step not in wanted:
        return f"'{name}' of {types[0]} takes no step that is {types[2]}", "give it an interval, or a number"
    if len(types) > 1 and is_apart(wider, types[0], types[1]):
        return f"'{name}' does not take {types[0]} together with {types[1]}", _SCALAR
    return None


def _comparable(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    for type in types[-1:] if name in ("max_by", "min_by") else types[:1]:
        if not is_orderable(type):
            return f"'{name}' compares values, and {type} cannot be compared", "take a part of it"
    return None


def _no_maps(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    for type in types:
        if holds_map(type):
            return f"'{name}' takes no maps, found {type}", "take its keys or its values"
    return None


_RULES: Mapping[str, tuple[Rule, ...]] = {
    **dict.fromkeys(("array_contains", "array_position", "array_remove"), (_element, _first_ordered)),
    **dict.fromkeys(("array_append", "array_prepend", "array_insert"), (_element,)),
    **dict.fromkeys(("array_union", "array_intersect", "array_except", "arrays_overlap"), (_alike, _ordered)),
    **dict.fromkeys(("array_distinct", "array_max", "array_min"), (_first_ordered,)),
    "sort_array": (arguments_of.order_of_sort, _first_ordered),
    **dict.fromkeys(("inline", "inline_outer"), (_inlined,)),
    **dict.fromkeys(("array_join", "concat_ws"), (arguments_of.texts,)),
    **dict.fromkeys(("exists", "filter", "forall", "map_filter"), (_condition,)),
    **dict.fromkeys(("aggregate", "reduce"), (_first_kind("array"), _folded)),
    **dict.fromkeys(("greatest", "least"), (_bound_together,)),
    **dict.fromkeys(("from_json", "from_csv"), (arguments_of.read_text, arguments_of.schema, arguments_of.options)),
    **dict.fromkeys(("max", "min", "max_by", "min_by"), (_comparable,)),
    **dict.fromkeys(("hash", "xxhash64", "collect_set"), (_no_maps,)),
    **dict.fromkeys(("coalesce", "nvl", "ifnull", "array", "map_concat"), (_common,)),
    **dict.fromkeys(("element_at", "try_element_at", "map_contains_key"), (_key,)),
    **dict.fromkeys(("make_timestamp", "make_timestamp_ltz", "make_timestamp_ntz"), (arguments_of.parts_of_time,)),
    **dict.fromkeys(("make_interval", "make_dt_interval"), (arguments_of.parts_of_time,)),
    **dict.fromkeys(("ceil", "ceiling", "floor"), (arguments_of.scale,)),
    **dict.fromkeys(("to_csv", "to_json", "schema_of_json", "schema_of_csv"), (arguments_of.options,)),
    **dict.fromkeys(("date_part", "datepart"), (arguments_of.part_of_moment,)),
    "json_tuple": (arguments_of.plain_texts,),
    "stack": (arguments_of.stacked,),
    "ntile": (arguments_of.buckets,),
    "nullif": (_compared,),
    "nvl2": (_branches,),
    "zip_with": (_first_kind("array"), _second_array),
    "array_sort": (
        _first_kind("array"),
        _sorted_by_itself,
    ),
    "concat": (_common_arrays,),
    "flatten": (_nested_array,),
    "map": (_map,),
    "map_from_arrays": (_key_array,),
    "map_from_entries": (_entries,),
    "map_zip_with": (_first_kind("map"), _second_map, _maps),
    "named_struct": (_named_struct,),
    "sequence": (_sequence,),
    "transform_keys": (_keys_made,),
}

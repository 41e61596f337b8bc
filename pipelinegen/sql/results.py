"""What functions give whose result depends on the parts of what they are given."""

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from pipelinegen.sql.coercion import ApartError, wider, wider_of_all, wider_without_text
from pipelinegen.sql.datatypes import (
    TypeTextError,
    array_of,
    element_of,
    fields_of,
    key_of,
    map_of,
    of_schema,
    struct_of,
    value_of,
)
from pipelinegen.sql.kinds import family
from pipelinegen.sql.signatures import gives

#: What window(…) gives.
WINDOW_OF_TIME = "struct<start:timestamp,end:timestamp>"
Types = Sequence[str | None]
Rule = Callable[[Types, Sequence[exp.Expression]], str | None]

_AVERAGE = {"bigint": "double", "decimal": "decimal", "double": "double", "float": "double", "int": "double"}
_INTERVALS = {"daytime": "interval day to second", "yearmonth": "interval year to month"}
_SUMS = {**_AVERAGE, "bigint": "bigint", "int": "bigint", "string": "double", **_INTERVALS}
_AVERAGES = {**_AVERAGE, "string": "double", **_INTERVALS}


def result_of(name: str, types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    """The type, None if no rule of this module tells it."""
    rule = _RULES.get(name)
    if rule is None or not types:
        return _EMPTY.get(name) if rule is not None else None
    try:
        return rule(types, arguments)
    except (ApartError, IndexError):
        return None


def schema_of(argument: exp.Expression) -> str | None:
    """The type that a literal schema says; None if it is no literal, or cannot be read."""
    if not isinstance(argument, exp.Literal) or not argument.is_string:
        return None
    try:
        return of_schema(argument.name)
    except TypeTextError:
        return None


def struct_fields(arguments: Sequence[exp.Expression], types: Types) -> list[tuple[str, str | None]] | None:
    """The fields that struct(…) makes."""
    found = []
    for place, (item, type) in enumerate(zip(arguments, types, strict=True)):
        if item.is_star:
            return None
        found.append((_label(item) or f"col{place + 1}", type))
    return found


def _label(item: exp.Expression) -> str | None:
    if isinstance(item, exp.PropertyEQ | exp.Dot):
        return str((item.this if isinstance(item, exp.PropertyEQ) else item.expression).name)
    if isinstance(item, exp.Alias):
        return str(item.alias)
    return item.name if isinstance(item, exp.Column | exp.Identifier) else None


def _struct(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    fields = struct_fields(arguments, types)
    return struct_of(fields) if fields is not None and all(_is_plain(name) for name, _ in fields) else "struct"


def _named_struct(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    names = arguments[::2]
    is_known = len(arguments) % 2 == 0 and all(isinstance(item, exp.Literal) and item.is_string for item in names)
    if not is_known or not all(_is_plain(item.name) for item in names):
        return "struct"
    return struct_of([(item.name, type) for item, type in zip(names, types[1::2], strict=True)])


def _is_plain(name: str) -> bool:
    """Whether a name can stand in the text of a type."""
    return name.replace("_", "").replace(" ", "").isalnum()


def _zipped(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    fields = []
    for place, (item, type) in enumerate(zip(arguments, types, strict=True)):
        label = _label(item) if isinstance(item, exp.Column | exp.Dot | exp.Identifier) else str(place)
        fields.append((label or str(place), element_of(type)))
    return array_of(struct_of(fields)) if all(_is_plain(name) for name, _ in fields) else "array"


def _element_at(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    return element_of(types[0]) or value_of(types[0])


def _with_item(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    item = types[-1]
    return array_of(wider_without_text(element_of(types[0]), item))


def _both(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    return wider_without_text(types[0], types[1])


def _entries(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    return array_of(struct_of([("key", key_of(types[0])), ("value", value_of(types[0]))]))


def _from_entries(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    fields = fields_of(element_of(types[0])) or (("", None), ("", None))
    return map_of(fields[0][1], fields[1][1])


def _concat(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    kinds = {family(type) if type else None for type in types}
    if "array" in kinds:
        return wider_of_all(types)
    if None in kinds:
        return None
    return "binary" if kinds == {"binary"} else "string"


def _sequence(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    found = wider_without_text(types[0], types[1])
    return array_of(found)


def _schema(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    return schema_of(arguments[1])


def _percentile(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    held = types[1] and family(types[1])
    if held is None:
        return None
    if types[0] and family(types[0]) in _INTERVALS:
        return array_of(types[0]) if held == "array" else types[0]
    return "array<double>" if held == "array" else "double"


def _approximate(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    if types[0] is None or types[1] is None:
        return None
    one = "double" if types[0] == "string" else types[0]
    return array_of(one) if family(types[1]) == "array" else one


def _least_common(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    found: str | None = "void"
    for type in types:
        found = wider_without_text(found, type)
    return found


def _decode(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    if len(types) == 2:
        return "string"
    return wider_of_all([*types[2::2], *(types[-1:] if len(types) % 2 == 0 else ())])


def _abs(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    return "double" if types[0] == "string" else types[0]


def _whole(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    """What ceil and floor give: of decimals decimals, of what has a scale, too; else whole numbers."""
    is_decimal = types[0] is not None and (len(types) == 2 or family(types[0]) == "decimal")
    return "decimal" if is_decimal else None


def _rounded(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    held = family(types[0] or "")
    return {"string": "double", "decimal": "decimal"}.get(held, types[0])


def _mapped(key: int | None, value: int | None) -> Rule:
    """A map whose keys or values are what a lambda at that place gives, else those of the first argument."""

    def rule(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
        return map_of(
            key_of(types[0]) if key is None else types[key], value_of(types[0]) if value is None else types[value]
        )

    return rule


def _like_first(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    return types[0]


def _listed(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    return array_of(types[0])


def _part_of_moment(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
    name = arguments[0]
    is_second = isinstance(name, exp.Literal) and name.name.lower() in SECONDS
    return "decimal(8,6)" if is_second else "int" if isinstance(name, exp.Literal) else None


def _of_operator(sign: str) -> Rule:
    """What the operator gives that a function stands for."""

    def rule(types: Types, arguments: Sequence[exp.Expression]) -> str | None:
        return gives(sign, *types)

    return rule


#: try_add and its kin by what they do.
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
#: Seconds as EXTRACT and date_part call them.
SECONDS = frozenset(("s", "sec", "second", "seconds", "secs"))
_EMPTY = {"count": "bigint", "grouping_id": "bigint", "array": "array<void>", "map": "map<void,void>"}
_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("any_value", "first", "first_value", "last", "last_value", "max", "max_by", "min"), _like_first),
    **dict.fromkeys(("min_by", "mode", "nth_value", "lag", "lead", "nullif", "map_filter", "filter"), _like_first),
    **dict.fromkeys(("array_compact", "array_distinct", "array_remove", "array_sort", "shuffle", "slice"), _like_first),
    **dict.fromkeys(("sort_array", "reverse"), lambda t, a: t[0] if t[0] and family(t[0]) == "array" else None),
    **dict.fromkeys(("array_agg", "collect_list", "collect_set", "array_repeat"), _listed),
    **dict.fromkeys(("array_append", "array_prepend", "array_insert"), _with_item),
    **dict.fromkeys(("array_union", "array_intersect", "array_except"), _both),
    **dict.fromkeys(("array_max", "array_min"), lambda t, a: element_of(t[0])),
    **dict.fromkeys(("element_at", "try_element_at"), _element_at),
    **dict.fromkeys(("from_json", "from_csv"), _schema),
    **dict.fromkeys(("coalesce", "ifnull", "nvl"), lambda t, a: wider_of_all(t)),
    **dict.fromkeys(("greatest", "least"), _least_common),
    **dict.fromkeys(("percentile_approx", "approx_percentile"), _approximate),
    **dict.fromkeys(("round", "bround"), _rounded),
    **dict.fromkeys(("sum", "try_sum"), lambda t, a: _SUMS.get(family(t[0] or ""))),
    **dict.fromkeys(("avg", "mean", "try_avg"), lambda t, a: _AVERAGES.get(family(t[0] or ""))),
    **dict.fromkeys(("aggregate", "reduce"), lambda t, a: t[3] if len(t) > 3 else t[1]),
    **dict.fromkeys(("dateadd", "date_add", "timestampadd"), lambda t, a: "timestamp" if len(t) == 3 else None),
    **dict.fromkeys(("datediff", "date_diff", "timestampdiff"), lambda t, a: "bigint" if len(t) == 3 else None),
    **dict.fromkeys(("lpad", "rpad"), lambda t, a: "string" if t[0] and family(t[0]) != "binary" else None),
    **dict.fromkeys(("exists", "forall"), lambda t, a: "boolean"),
    **dict.fromkeys(("count", "grouping_id", "width_bucket", "xxhash64"), lambda t, a: "bigint"),
    **dict.fromkeys(("make_timestamp", "make_timestamp_ltz"), lambda t, a: "timestamp"),
    **{f"try_{word}": _of_operator(sign) for word, sign in _SIGNS.items()},
    "hash": lambda t, a: "int",
    "nanvl": lambda t, a: "float" if set(t) == {"float"} else "double",
    **dict.fromkeys(("mod", "pmod"), _of_operator("%")),
    **dict.fromkeys(("date_part", "datepart"), _part_of_moment),
    "make_interval": lambda t, a: "interval",
    **dict.fromkeys(("ceil", "ceiling", "floor"), _whole),
    "abs": _abs,
    "grouping": lambda t, a: "int",  # a tinyint, which goes wherever an int does
    "get": lambda t, a: element_of(t[0]),
    "array": lambda t, a: array_of(wider_of_all(t)),
    "arrays_zip": _zipped,
    "concat": _concat,
    "decode": _decode,
    "flatten": lambda t, a: element_of(t[0]),
    "if": lambda t, a: wider(t[1], t[2]),
    "map": lambda t, a: map_of(wider_of_all(t[::2]), wider_of_all(t[1::2])),
    "map_concat": lambda t, a: wider_of_all(t),
    "map_entries": _entries,
    "map_from_arrays": lambda t, a: map_of(element_of(t[0]), element_of(t[1])),
    "map_from_entries": _from_entries,
    "map_keys": lambda t, a: array_of(key_of(t[0])),
    "map_values": lambda t, a: array_of(value_of(t[0])),
    "map_zip_with": lambda t, a: map_of(wider(key_of(t[0]), key_of(t[1])), t[2]),
    "named_struct": _named_struct,
    "nvl2": lambda t, a: wider(t[1], t[2]),
    "percentile": _percentile,
    "sequence": _sequence,
    "session_window": lambda t, a: WINDOW_OF_TIME,
    "struct": _struct,
    "transform": lambda t, a: array_of(t[1]),
    "transform_keys": _mapped(1, None),
    "transform_values": _mapped(None, 1),
    "windoo": lambda t, a: WINDOW_OF_TIME,
    "window": lambda t, a: WINDOW_OF_TIME,
    "zip_with": lambda t, a: array_of(t[2]),
}


def _of_elements(types: Types, argument: int, variable: int) -> str | None:
    return element_of(types[0]) if variable == 0 else "int"


def _of_two_elements(types: Types, argument: int, variable: int) -> str | None:
    return element_of(types[0])


def _of_folded(types: Types, argument: int, variable: int) -> str | None:
    return types[1] if variable == 0 else element_of(types[0])


def _of_map(types: Types, argument: int, variable: int) -> str | None:
    return key_of(types[0]) if variable == 0 else value_of(types[0])


def _of_two_arrays(types: Types, argument: int, variable: int) -> str | None:
    return element_of(types[variable])


def _of_two_maps(types: Types, argument: int, variable: int) -> str | None:
    if variable == 0:
        try:
            return wider(key_of(types[0]), key_of(types[1]))
        except ApartError:
            return None
    return value_of(types[variable - 1])


#: What a lambda's variables are: by the types of the arguments, the lambda's place and the variable's.
VARIABLES: Mapping[str, Callable[[Types, int, int], str | None]] = {
    **dict.fromkeys(("exists", "filter", "forall", "transform"), _of_elements),
    **dict.fromkeys(("aggregate", "reduce"), _of_folded),
    **dict.fromkeys(("map_filter", "transform_keys", "transform_values"), _of_map),
    "array_sort": _of_two_elements,
    "map_zip_with": _of_two_maps,
    "zip_with": _of_two_arrays,
}
#: How many variables each lambda may have.
VARIABLE_COUNTS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("exists", "forall"), (1,)),
    **dict.fromkeys(("filter", "transform"), (1, 2)),
    **dict.fromkeys(("array_sort", "map_filter", "transform_keys", "transform_values", "zip_with"), (2,)),
    **dict.fromkeys(("aggregate", "reduce"), (2, 1)),
    "map_zip_with": (3,),
}
#: How many arguments functions of higher order take.
ARGUMENT_COUNTS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("exists", "forall", "filter", "transform", "map_filter"), (2,)),
    **dict.fromkeys(("transform_keys", "transform_values"), (2,)),
    **dict.fromkeys(("zip_with", "map_zip_with"), (3,)),
    **dict.fromkeys(("aggregate", "reduce"), (3, 4)),
    "array_sort": (1, 2),
}

"""What stands in FROM besides tables: functions that make rows, VALUES, PIVOT; and which columns each gives."""

from collections.abc import Iterator, Sequence

from sqlglot import exp

from pipelinegen.sql.coercion import ApartError, wider_of_all, wider_without_text
from pipelinegen.sql.datatypes import element_of, fields_of, key_of, value_of
from pipelinegen.sql.dialect import call_of, whole_number
from pipelinegen.sql.kinds import kind_of
from pipelinegen.sql.question import Finding
from pipelinegen.sql.relation import UNKNOWN, Field, Relation
from pipelinegen.sql.rules import place_of
from pipelinegen.sql.signatures import signatures
from pipelinegen.sql.types import TypeOf, type_of

GENERATORS = frozenset(
    f"{name}{outer}" for name in ("explode", "posexplode", "inline", "stack") for outer in ("", "_outer")
) | {"json_tuple"}

Given = Sequence[tuple[str, str | None]]


def generated(node: exp.Expression, ask: TypeOf) -> Given | None:
    """Names and types of the columns that a call makes; None if it is no such function, or that is not known."""
    call = call_of(node)
    if call is None or call.arguments is None or call.name not in GENERATORS or not call.arguments:
        return None
    types = [type_of(item, ask) for item in call.arguments]
    name = call.name.removesuffix("_outer")
    if name == "json_tuple":
        return [(f"c{place}", "string") for place in range(len(types) - 1)]
    if name == "stack":
        return _stacked(call.arguments, types)
    if name == "inline":
        return fields_of(element_of(types[0]))
    place: Given = [("pos", "int")] if name == "posexplode" else []
    kind = kind_of(types[0])
    if kind == "map":
        return [*place, ("key", key_of(types[0])), ("value", value_of(types[0]))]
    return [*place, ("col", element_of(types[0]))] if kind == "array" else None


def makes_rows(projection: exp.Expression) -> bool:
    """Whether a projection may give several columns; any other gives one, of a name that no contract could declare."""
    calls = (call_of(node) for node in projection.walk())
    return any(call is not None and is_generator(call.name) for call in calls)


def is_generator(name: str) -> bool:
    """Whether a function makes rows."""
    known = signatures().get(name)
    return name in GENERATORS or (known is not None and known.group == "generator_funcs")


def _stacked(arguments: Sequence[exp.Expression], types: Sequence[str | None]) -> Given | None:
    rows = whole_number(arguments[0]) or 0
    if rows < 1:
        return None
    width = -(-(len(types) - 1) // rows)
    return [(f"col{place}", _common(types[1 + place :: width])) for place in range(width)]


def _common(types: Sequence[str | None]) -> str | None:
    try:
        return wider_of_all(types)
    except ApartError:
        return None


def _alike(types: Sequence[str | None]) -> str | None:
    """What the values of a column are, which Spark brings to no text."""
    found: str | None = "void"
    try:
        for type in types:
            found = wider_without_text(found, type)
    except ApartError:
        return None
    return found


def renamed(given: Given, names: Sequence[str], place: exp.Expression) -> tuple[Given, list[Finding]]:
    """The columns under the names that AS gives them; PG133 if there are not as many."""
    if not names:
        return given, []
    if len(names) != len(given):
        fact = f"AS names {len(names)} columns, and the function makes {len(given)}"
        return given, [Finding("PG133", fact, "name each of them", *place_of(place))]
    return [(name, type) for name, (_, type) in zip(names, given, strict=True)], []


def relation_of(given: Given) -> Relation:
    """The columns as a table; nothing is known of where their values come from."""
    names = [name.lower() for name, _ in given]
    repeated = frozenset(name for name in names if names.count(name) > 1)
    return Relation({name.lower(): Field(type) for name, type in given}, repeated=repeated)


def values_of(item: exp.Values) -> Iterator[exp.Expression]:
    """Every value, row by row."""
    for row in item.expressions:
        yield from row.expressions if isinstance(row, exp.Tuple) else (row,)


def of_values(item: exp.Values, ask: TypeOf) -> Relation:
    """The table that VALUES makes."""
    rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in item.expressions]
    if not rows or len({len(row) for row in rows}) != 1:
        return UNKNOWN
    columns = zip(*rows, strict=True)
    types = [_alike([type_of(value, ask) for value in column]) for column in columns]
    return Relation({f"col{place + 1}": Field(type) for place, type in enumerate(types)})


def pivoted(inner: Relation, pivots: Sequence[exp.Expression], ask: TypeOf) -> Relation:
    """The table that PIVOT makes of another; UNPIVOT and what has several keys are left to Spark."""
    pivot = pivots[0]
    if len(pivots) != 1 or inner.is_open or inner.repeated or pivot.args.get("unpivot"):
        return UNKNOWN
    keys, sums = pivot.args.get("fields") or [], pivot.expressions
    if len(keys) != 1 or not isinstance(keys[0], exp.In) or not isinstance(keys[0].this, exp.Column):
        return UNKNOWN
    used = {column.name.lower() for part in (keys[0].this, *sums) for column in _columns(part)}
    fields = {name: field for name, field in inner.fields.items() if name not in used}
    for value in keys[0].expressions:
        for item in sums:
            name = _pivot_name(value, item, len(sums))
            if name is None:
                return UNKNOWN
            fields[name] = Field(type_of(item.unalias(), ask))
    return Relation(fields)


def _pivot_name(value: exp.Expression, item: exp.Expression, count: int) -> str | None:
    if isinstance(value, exp.PivotAlias):
        key = value.args["alias"].name
    elif isinstance(value, exp.Literal) and (value.is_string or str(value.this).isdigit()):
        key = value.name
    else:
        return None
    if count == 1:
        return str(key).lower()
    return f"{key}_{item.alias}".lower() if isinstance(item, exp.Alias) else None


def _columns(node: exp.Expression) -> Iterator[exp.Column]:
    yield from node.find_all(exp.Column)

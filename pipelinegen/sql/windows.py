"""PG133: windows that Spark does not plan: unknown names, functions that have no OVER, frames that are none."""

from collections.abc import Iterator, Mapping

from sqlglot import exp

from pipelinegen.errors import suggest
from pipelinegen.sql.dialect import call_of, whole_number
from pipelinegen.sql.grouping import heads, is_aggregate, over_of, own_nodes, word_place
from pipelinegen.sql.kinds import NUMBERS, kind_of
from pipelinegen.sql.question import Finding
from pipelinegen.sql.rules import place_of
from pipelinegen.sql.signatures import signatures
from pipelinegen.sql.types import TypeOf, type_of

_RANKS = ("dense_rank", "ntile", "percent_rank", "rank", "row_number")
_ORDERED = frozenset({"cume_dist", "lag", "lead", "nth_value", *_RANKS})
#: Functions whose frame is fixed, as Spark writes it; None for those that take none.
_FRAMES: Mapping[str, tuple[str, str, str] | None] = {
    **dict.fromkeys(("lag", "lead"), None),
    **dict.fromkeys(
        ("dense_rank", "ntile", "percent_rank", "rank", "row_number"), ("ROWS", "UNBOUNDED", "CURRENT ROW")
    ),
    "cume_dist": ("RANGE", "UNBOUNDED", "CURRENT ROW"),
}
_WHOLE = frozenset(("int", "smallint", "tinyint"))
#: Numbers that Spark counts the units of an interval in.
_OF_UNITS = frozenset(("int", "bigint", "decimal"))


def window_faults(select: exp.Select, ask: TypeOf) -> Iterator[Finding]:
    """Every fault of the windows of one SELECT."""
    named = {item.this.name.lower(): item for item in select.args.get("windows") or ()}
    yield from _names_given(select)
    for item in [*select.expressions, *_ordering(select), *(select.args.get("windows") or ())]:
        for node in own_nodes(item):
            if isinstance(node, exp.Window):
                yield from _of_window(node, named, ask)
            elif _name(node) in _ORDERED and over_of(node) is None:
                help = "write OVER (ORDER BY …) behind it"
                yield Finding("PG133", f"'{_name(node)}' needs an OVER", help, *word_place(node))


def _ordering(select: exp.Select) -> list[exp.Expression]:
    order = select.args.get("order")
    return [order] if isinstance(order, exp.Expression) else []


def _names_given(select: exp.Select) -> Iterator[Finding]:
    seen = set()
    for item in select.args.get("windows") or ():
        parameter = item.find(exp.Placeholder)
        if parameter is not None:
            fact = f"Spark binds no parameters in WINDOW, such as ':{parameter.name}'"
            yield Finding("PG139", fact, "write the window behind OVER", *place_of(item.this))
        if item.this.name.lower() in seen:
            fact = f"two windows are called '{item.this.name}'"
            yield Finding("PG133", fact, "give one of them another name", *place_of(item.this))
        seen.add(item.this.name.lower())


def _of_window(window: exp.Window, named: Mapping[str, exp.Window], ask: TypeOf) -> Iterator[Finding]:
    alias, spec = window.args.get("alias"), window
    if isinstance(alias, exp.Identifier):
        found = named.get(alias.name.lower())
        if found is None:
            help = suggest(alias.name, named, "its windows") if named else "define it: WINDOW name AS (…)"
            yield Finding("PG133", f"the query has no window '{alias.name}'", help, *place_of(alias))
            return
        if any(window.args.get(key) for key in ("partition_by", "order", "spec")):
            help = "write the whole window in the brackets"
            yield Finding("PG080", "Spark adds nothing to a window that has a name", help, *place_of(alias))
            return
        spec = found
    is_use = not isinstance(window.this, exp.Identifier) or call_of(window.this) is not None
    if is_use:
        yield from _of_function(window, spec, ask)
    if spec is window:
        yield from _of_parts(window, ask)


def _of_function(window: exp.Window, spec: exp.Window, ask: TypeOf) -> Iterator[Finding]:
    """What stands before an OVER, and whether the window suits it."""
    head = heads(window)[-1]
    name, known = _name(head), signatures().get(_name(head))
    place = word_place(head)
    if isinstance(head.this, exp.Distinct):
        yield Finding(
            "PG133", "DISTINCT cannot stand before an OVER", "count in a query of its own, and join it", *place
        )
    if known and not (known.is_aggregate or known.is_window) and not is_aggregate(head):
        help = "write OVER behind an aggregate, or a function of windows"
        yield Finding("PG133", f"'{name}' is no function of windows", help, *place)
    if name in _ORDERED and spec.args.get("order") is None:
        yield Finding("PG133", f"'{name}' needs an order of the rows", "add ORDER BY to its OVER", *place)
    frame = spec.args.get("spec")
    if frame is not None and name in _FRAMES:
        fixed = _FRAMES[name]
        written = (frame.args.get("kind"), _bound(frame, "start"), _bound(frame, "end") or "CURRENT ROW")
        if fixed is None and _is_one_row(frame, head):
            return
        if fixed is None or written != fixed:
            yield Finding("PG133", f"'{name}' takes no frame of rows", "leave ROWS or RANGE out", *place)


def _is_one_row(frame: exp.Expression, head: exp.Expression) -> bool:
    """Whether a frame is the one row that a lag or lead means: so many before, or behind, as its offset says."""
    call = call_of(head)
    arguments = (call.arguments if call else None) or ()
    offset = whole_number(arguments[1]) if len(arguments) > 1 else 1
    wanted = -offset if offset is not None and call and call.name == "lag" else offset
    start, end = ((frame.args.get(side), frame.args.get(f"{side}_side")) for side in ("start", "end"))
    if frame.args.get("kind") != "ROWS" or "UNBOUNDED" in (start[0], end[0]):
        return False
    rows = {_row(frame, "start"), _row(frame, "end")}
    return start == end if wanted is None or None in rows else rows == {wanted}


def _row(frame: exp.Expression, side: str) -> int | None:
    """The row that a side of a frame is at, counted from the current one; None where it is no plain number."""
    given = frame.args.get(side)
    number = 0 if given == "CURRENT ROW" else whole_number(given)
    return -number if number is not None and frame.args.get(f"{side}_side") == "PRECEDING" else number


def _bound(frame: exp.Expression, side: str) -> str:
    found = frame.args.get(side)
    return str(found) if isinstance(found, str) else "" if found is None else "…"


def _of_parts(window: exp.Window, ask: TypeOf) -> Iterator[Finding]:
    """The frame of a window that is written out."""
    frame = window.args.get("spec")
    if isinstance(frame, exp.Expression):
        order = window.args.get("order")
        keys = [item.this if isinstance(item, exp.Ordered) else item for item in (order.expressions if order else ())]
        yield from _of_frame(frame, keys, ask)


def _of_frame(frame: exp.Expression, keys: list[exp.Expression], ask: TypeOf) -> Iterator[Finding]:
    bounds = [(frame.args.get(side), frame.args.get(f"{side}_side")) for side in ("start", "end")]
    values = [value for value, _ in bounds if isinstance(value, exp.Expression)]
    place = place_of(frame.parent) if frame.parent is not None else (None, None)
    if any(value == "UNBOUNDED" and side is None for value, side in bounds):
        yield Finding("PG080", "UNBOUNDED wants PRECEDING or FOLLOWING behind it", "say which", *place)
    for value in values:
        if not _is_literal(value):
            fact = "the bound of a frame wants a number or an interval as such"
            yield Finding("PG133", fact, "write it out: no column, parameter or function", *place)
            return
    fault = _of_order(bounds) or (
        _of_rows(values, ask) if frame.args.get("kind") == "ROWS" else _of_range(bounds, values, keys, ask)
    )
    if fault:
        yield Finding("PG133", fault[0], fault[1], *place)


def _of_order(bounds: list[tuple[object, object]]) -> tuple[str, str] | None:
    """A frame that begins behind its end."""
    ends = [_position(value, side) for value, side in bounds]
    is_wrong = ends[0] is not None and ends[1] is not None and ends[0] > ends[1]
    if bounds[0] == ("UNBOUNDED", "FOLLOWING") or bounds[1] == ("UNBOUNDED", "PRECEDING") or is_wrong:
        return "the frame begins behind its end", "write the earlier bound first"
    return None


def _position(value: object, side: object) -> float | None:
    """Where a bound stands that is a value; Spark holds no others against each other."""
    sign = -1.0 if side == "PRECEDING" else 1.0
    if isinstance(value, exp.Neg):
        value, sign = value.this, -sign
    if isinstance(value, exp.Interval):
        return sign / 2  # on which side of the row it stands is all that can be said
    try:
        return sign * float(value.name) if isinstance(value, exp.Literal) else None
    except ValueError:
        return None


def _of_rows(values: list[exp.Expression], ask: TypeOf) -> tuple[str, str] | None:
    for value in values:
        type = type_of(value, ask)
        if type not in (None, *_WHOLE):
            return f"ROWS counts rows, found {type}", "write a whole number, or RANGE"
    return None


def _of_range(
    bounds: list[tuple[object, object]], values: list[exp.Expression], keys: list[exp.Expression], ask: TypeOf
) -> tuple[str, str] | None:
    is_unbounded = [value for value, _ in bounds] == ["UNBOUNDED", "UNBOUNDED"]
    if not keys:
        return None if is_unbounded else ("RANGE needs an order of the rows", "add ORDER BY, or write ROWS")
    if not values:
        return None
    if len(keys) > 1:
        return f"RANGE with a bound wants one key to order by, found {len(keys)}", "order by one, or write ROWS"
    key = type_of(keys[0], ask)
    for value in values:
        found = type_of(value, ask)
        if not _fits(key, found):
            help = "write a number of days" if kind_of(key) == "date" else "write an interval, a number, or ROWS"
            return f"RANGE by {key} takes no bound that is {found}", help
    return None


def _fits(key: str | None, bound: str | None) -> bool:
    kind, other = kind_of(key), kind_of(bound)
    if kind is None or other is None:
        return True
    if kind == "date":  # of days there are numbers only: Spark 3.5 takes no INTERVAL 7 DAYS there
        return other in ("int", "yearmonth")
    if kind == "timestamp":
        return other in ("daytime", "yearmonth", "calendar")
    if kind in NUMBERS:
        return other in NUMBERS or other == "string" or (other in ("daytime", "yearmonth") and kind in _OF_UNITS)
    return kind == other and kind in ("daytime", "yearmonth")


def _is_literal(value: exp.Expression) -> bool:
    """Whether Spark knows the value as soon as it has read it."""
    return not any(
        isinstance(node, exp.Column | exp.Placeholder | exp.Query) or call_of(node) is not None for node in value.walk()
    )


def _name(node: exp.Expression) -> str:
    call = call_of(node)
    return call.name if call else ""

"""PG133: arguments that have to be written in one way, or be of one sort, whatever the table of kinds says."""

from collections.abc import Callable, Sequence

from sqlglot import exp

from pipelinegen.sql.datatypes import TypeTextError, element_of, of_schema
from pipelinegen.sql.dialect import call_of, whole_number
from pipelinegen.sql.kinds import NUMBERS, kind_of

Types = Sequence[str | None]
#: What is wrong, and what to do about it.
Fault = tuple[str, str]
Rule = Callable[[str, Types, Sequence[exp.Expression]], Fault | None]


def order_of_sort(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """The second argument of sort_array, true or false as such."""
    if kind_of(types[0]) not in (None, "array", "void"):
        return f"'{name}' takes no {types[0]}", "give it an array"
    if len(arguments) > 1 and not isinstance(arguments[1], exp.Boolean | exp.Placeholder | exp.Cast):
        return f"'{name}' wants true or false as its second argument", "write true for the smallest first"
    return None


def texts(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """Arrays that texts are made of."""
    for type in types:
        if kind_of(type) == "array" and kind_of(element_of(type)) in ("array", "map", "struct", "calendar"):
            return f"'{name}' makes texts of an array's elements, found {type}", "transform them into texts first"
    return None


def plain_texts(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """Arguments that are texts, and nothing that becomes one."""
    for type in types:
        if kind_of(type) not in (None, "string", "void"):
            return f"'{name}' takes texts only, found {type}", "cast it to a text"
    return None


def options(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """Options, which Spark reads from map(…) only."""
    place = 2 if name.startswith("from_") else 1
    call = call_of(arguments[place]) if len(arguments) > place else None
    if len(arguments) > place and (call is None or call.name != "map"):
        return f"'{name}' wants its options written as a map", "write map('name', 'value')"
    return None


def scale(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """How many digits are kept, as a whole number as such."""
    if len(arguments) < 2 or isinstance(arguments[1], exp.Placeholder):
        return None
    value = arguments[1].this if isinstance(arguments[1], exp.Neg) else arguments[1]
    if isinstance(value, exp.Literal) and not value.is_string and types[1] == "int":
        return None
    return f"'{name}' wants a whole number as its second argument", "write how many digits are kept"


def buckets(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """Into how many parts ntile puts rows."""
    given = arguments[0] if arguments else None
    is_none = isinstance(given, exp.Literal) and given.name == "0"
    if is_none or (isinstance(given, exp.Neg) and isinstance(given.this, exp.Literal)):
        return f"'{name}' wants a number above 0", "say into how many parts the rows fall"
    return None


def parts_of_time(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """The numbers that a moment or an interval is made of."""
    for type in types[:6]:
        if kind_of(type) not in (None, "string", "void", *NUMBERS):
            return f"'{name}' takes no {type}", "give it numbers"
    return None


def read_text(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """What JSON and CSV are read from, and the schema."""
    if types and kind_of(types[0]) not in (None, "string", "void"):
        return f"'{name}' reads texts, found {types[0]}", "cast it to a text"
    if len(types) > 1 and (isinstance(arguments[1], exp.Column) or kind_of(types[1]) not in (None, "string")):
        return f"'{name}' wants its schema in quotes", "write it as in 'a INT, b ARRAY<STRING>'"
    return None


def stacked(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """Columns of stack(…) whose values are of different types: Spark brings them to none."""
    rows = whole_number(arguments[0]) if arguments else None
    width = -(-(len(types) - 1) // rows) if rows and rows > 0 else 0
    for place in range(width):
        given = [type for type in types[1 + place :: width] if type not in (None, "void")]
        for type in given[1:]:
            if kind_of(type) != kind_of(given[0]) and None not in (kind_of(type), kind_of(given[0])):
                return f"column {place + 1} of '{name}' is {given[0]} and {type}", "cast one of them"
    return None


def part_of_moment(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """The part that date_part takes, in quotes."""
    if arguments and (isinstance(arguments[0], exp.Column) or kind_of(types[0]) not in (None, "string")):
        return f"'{name}' wants the part in quotes first", "write 'YEAR', 'MONTH', 'DAY' and so on"
    return None


def schema(name: str, types: Types, arguments: Sequence[exp.Expression]) -> Fault | None:
    """The schema of from_json and its kin, where it stands in quotes."""
    given = arguments[1] if len(arguments) > 1 else None
    if not isinstance(given, exp.Literal) or not given.is_string:
        return None
    try:
        found = of_schema(given.name)
    except TypeTextError as error:
        word = f" from '{error}' on" if str(error) else ""
        return f"the schema of '{name}' cannot be read{word}", "write it as in 'a INT, b ARRAY<STRING>'"
    kinds = ("struct",) if name == "from_csv" else ("array", "map", "struct")
    if kind_of(found) not in (None, *kinds):
        return f"'{name}' wants a schema of parts, found {found}", "write it as in 'a INT, b ARRAY<STRING>'"
    return None

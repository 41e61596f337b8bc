"""To which type Spark brings values of two types: Catalyst's TypeCoercion (3.5, without ANSI), parts and all."""

from collections.abc import Callable, Iterable

from pipelinegen.sql.datatypes import UNKNOWN_PART, Parsed, array_of, known, map_of, parsed, struct_of
from pipelinegen.sql.kinds import family, kind_of
from pipelinegen.sql.signatures import takes

_WIDTH = {"tinyint": 0, "smallint": 1, "int": 2, "bigint": 3, "float": 4, "double": 5}
_DIGITS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 20}
#: What a text is never the common type with.
_NO_TEXT = frozenset({"array", "binary", "boolean", "calendar", "map", "struct", "void"})
_MOST_DIGITS = 38
_ORDERED = frozenset({"map", "calendar"})

Two = Callable[[str | None, str | None], str | None]


class ApartError(ValueError):
    """Two types that no type is common to."""


def tightest(one: str | None, two: str | None) -> str | None:
    """What both are without loss, None if that is not known. Raises: ApartError."""
    return _common(one, two, tightest, is_wide=False, has_text=False)


def wider(one: str | None, two: str | None) -> str | None:
    """The same, decimals and texts included, as CASE and UNION have it. Raises: ApartError."""
    return _common(one, two, wider, is_wide=True, has_text=True)


def wider_without_text(one: str | None, two: str | None) -> str | None:
    """The same without texts, as functions of arrays have it. Raises: ApartError."""
    return _common(one, two, wider_without_text, is_wide=True, has_text=False)


def wider_of_all(types: Iterable[str | None]) -> str | None:
    """What several values are brought to. Raises: ApartError."""
    given = list(types)
    if any(type is None for type in given):
        return None
    texts = [type for type in given if _holds_text(type)]
    found: str | None = "void"
    for type in [*texts, *(type for type in given if not _holds_text(type))]:
        found = wider(found, type)
        if found is None:
            return None
    return found


def is_apart(rule: Two, one: str | None, two: str | None) -> bool:
    """Whether a rule finds no common type."""
    try:
        rule(one, two)
    except ApartError:
        return True
    return False


def common_or_none(rule: Two, one: str | None, two: str | None) -> str | None:
    """What a rule finds, None where that is not known or nothing."""
    try:
        return rule(one, two)
    except ApartError:
        return None


def is_alike(one: str | None, two: str | None) -> bool:
    """Whether two types differ at most in the names of fields, or that is not known."""
    if one is None or two is None:
        return True
    a, b = parsed(one), parsed(two)
    if a.name != b.name or len(a.parts) != len(b.parts):
        return kind_of(one) == kind_of(two) and "decimal" in (one, two)
    return all(is_alike(known(x), known(y)) for x, y in zip(a.parts, b.parts, strict=True))


def is_orderable(type: str | None) -> bool:
    """Whether values can be sorted and compared; true where that is not known."""
    if type is None:
        return True
    found = parsed(type)
    return family(found.name) not in _ORDERED and all(is_orderable(known(part)) for part in found.parts)


def holds_map(type: str | None) -> bool:
    """Whether a type is a map or has one among its parts."""
    if type is None:
        return False
    found = parsed(type)
    return found.name == "map" or any(holds_map(known(part)) for part in found.parts)


def can_cast(have: str | None, want: str | None, word: str = "cast") -> bool:
    """Whether Spark casts; true where that is not known. Of parts `try_cast` takes what CAST does."""
    if have is None or want is None or have == want or have == "void":
        return True
    one, two = parsed(have), parsed(want)
    if two.name == "string" and word == "cast":
        return True
    if one.name in ("array", "map", "struct") and one.name == two.name and one.parts and two.parts:
        if len(one.parts) != len(two.parts):
            return False
        if one.name == "map" and _may_fail(one.parts[0], two.parts[0]):
            return False
        pairs = zip(one.parts, two.parts, strict=True)
        return all(can_cast(known(part), known(other)) for part, other in pairs)
    if two.name in ("array", "map", "struct") and kind_of(have) is not None and one.name != two.name:
        return False
    return takes(f"{word}_{family(want)}", have)


def _may_fail(have: str, want: str) -> bool:
    """Whether a cast may give null, which no key of a map can be."""
    if UNKNOWN_PART in have + want or have == want or family(want) in ("string", "binary"):
        return False
    return family(have) == "string" or (family(have) in ("float", "double") and family(want) in _DIGITS)


def _common(one: str | None, two: str | None, parts: Two, *, is_wide: bool, has_text: bool) -> str | None:
    if one is None or two is None:
        return None
    if one == two or two == "void":
        return one
    if one == "void":
        return two
    a, b = parsed(one), parsed(two)
    if a.name == b.name and a.name in ("array", "map", "struct"):
        return _of_parts(a, b, parts)
    kinds = family(a.name), family(b.name)
    number = _of_numbers(one, two, is_wide=is_wide)
    if number:
        return number
    if kinds[0] == kinds[1]:
        return one
    if set(kinds) <= {"date", "timestamp", "timestamp_ntz"}:
        return "timestamp"
    if has_text and "string" in kinds and not set(kinds) & _NO_TEXT:
        return "string"
    raise ApartError(one, two)


def _of_numbers(one: str, two: str, *, is_wide: bool) -> str | None:
    a, b = family(one), family(two)
    if a in _WIDTH and b in _WIDTH:
        return a if _WIDTH[a] >= _WIDTH[b] else b
    if "decimal" not in (a, b) or not {a, b} <= {*_WIDTH, "decimal"}:
        return None
    if {a, b} & {"float", "double"}:
        if not is_wide:
            raise ApartError(one, two)
        return "double"
    sizes = [_size(one), _size(two)]
    if None in sizes:
        return "decimal"
    (p1, s1), (p2, s2) = sizes[0] or (0, 0), sizes[1] or (0, 0)
    whole, scale = max(p1 - s1, p2 - s2), max(s1, s2)
    held = (p1, s1) if a == "decimal" else (p2, s2)
    if not is_wide and (a == b or held != (whole + scale, scale)):
        raise ApartError(one, two)
    precision = min(whole + scale, _MOST_DIGITS)
    return f"decimal({precision},{min(scale, _MOST_DIGITS)})"


def _size(type: str) -> tuple[int, int] | None:
    """Digits and those behind the point."""
    if type in _DIGITS:
        return _DIGITS[type], 0
    if "(" not in type:
        return None
    precision, scale = type[type.index("(") + 1 : -1].split(",")
    return int(precision), int(scale)


def _of_parts(one: Parsed, two: Parsed, rule: Two) -> str | None:
    if not one.parts or not two.parts:
        return one.name
    if len(one.parts) != len(two.parts):
        raise ApartError(one.name, two.name)
    if [name.lower() for name in one.labels] != [name.lower() for name in two.labels]:
        raise ApartError(one.name, two.name)
    found = [rule(known(a), known(b)) for a, b in zip(one.parts, two.parts, strict=True)]
    if one.name == "array":
        return array_of(found[0])
    return map_of(*found) if one.name == "map" else struct_of(list(zip(one.labels, found, strict=True)))


def _holds_text(type: str | None) -> bool:
    found = parsed(type or "")
    return found.name == "string" or (found.name == "array" and bool(found.parts) and _holds_text(found.parts[0]))

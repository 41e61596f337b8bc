"""Spark's types with all their parts: `struct<a:int,b:array<?>>`, where `?` is a part of which nothing is known."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

#: Stands for a part of which nothing is known.
UNKNOWN_PART = "?"
_DAYTIME, _YEARMONTH = "interval day to second", "interval year to month"
#: Spark's names of types, and what Spark calls them when asked.
_NAMES: Mapping[str, str] = {
    **{name: name for name in ("bigint", "binary", "boolean", "date", "double", "float", "int", "smallint")},
    **{name: name for name in ("string", "timestamp", "timestamp_ntz", "tinyint", "void")},
    "byte": "tinyint",
    "dec": "decimal",
    "decimal": "decimal",
    "integer": "int",
    "long": "bigint",
    "null": "void",
    "numeric": "decimal",
    "real": "float",
    "short": "smallint",
    "timestamp_ltz": "timestamp",
    "char": "string",
    "character": "string",
    "varchar": "string",
}
_UNITS = frozenset(("year", "years", "month", "months"))
_WORD = re.compile(r"\s*(`[^`]*`|[A-Za-z_?][\w?]*|\d+|[<>(),:])")


class TypeTextError(ValueError):
    """A text that is no type; its one argument is the word that is at fault."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A type: its name, its parts (of an array one, of a map two), and the names of a struct's fields."""

    name: str
    parts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


def element_of(type: str | None) -> str | None:
    """What an array holds."""
    return _part(type, "array", 0)


def key_of(type: str | None) -> str | None:
    """What the keys of a map are."""
    return _part(type, "map", 0)


def value_of(type: str | None) -> str | None:
    """What the values of a map are."""
    return _part(type, "map", 1)


def fields_of(type: str | None) -> tuple[tuple[str, str | None], ...] | None:
    """Names and types of a struct's fields; None if they are not known."""
    found = parsed(type) if type else None
    if found is None or found.name != "struct" or not found.labels:
        return None
    return tuple((label, known(part)) for label, part in zip(found.labels, found.parts, strict=True))


def known(part: str) -> str | None:
    """A part, None for one of which nothing is known."""
    return None if part == UNKNOWN_PART else part


def array_of(element: str | None) -> str:
    """The type of an array."""
    return f"array<{element or UNKNOWN_PART}>"


def map_of(key: str | None, value: str | None) -> str:
    """The type of a map."""
    return f"map<{key or UNKNOWN_PART},{value or UNKNOWN_PART}>"


def struct_of(fields: Sequence[tuple[str, str | None]]) -> str:
    """The type of a struct."""
    return f"struct<{','.join(f'{name}:{type or UNKNOWN_PART}' for name, type in fields)}>"


def is_certain(type: str | None) -> bool:
    """Whether all of a type is known."""
    return type is not None and UNKNOWN_PART not in type and not re.search(r"decimal(?!\()", type)


def interval_of(unit: str) -> str:
    """The type of an interval whose first unit this is."""
    return _YEARMONTH if unit.lower() in _UNITS else _DAYTIME


def of_cast(target: exp.Expression | None) -> str | None:
    """The type that a CAST names; None where it is none that is known."""
    if not isinstance(target, exp.DataType):
        return None
    try:
        return canonical(target.sql(dialect="spark"))
    except (TypeTextError, AttributeError, ValueError):
        return None


def of_schema(text: str) -> str | None:
    """The type that a schema of from_json says: fields as in `a INT, b STRING`, or one type; None for one in JSON.

    Raises: TypeTextError if Spark could not read it.
    """
    if text.lstrip().startswith(("{", '"')):
        return None
    try:
        words = _Words(text)
        found = words.fields("")
        words.end()
        return found
    except TypeTextError as error:
        try:
            return canonical(text)
        except TypeTextError:
            raise error from None


@lru_cache(maxsize=2048)
def canonical(text: str) -> str:
    """A type as Spark itself writes it. Raises: TypeTextError."""
    words = _Words(text)
    found = words.type()
    words.end()
    return found


@lru_cache(maxsize=2048)
def parsed(type: str) -> Parsed:
    """A type taken to its parts; one that cannot be read has its name only."""
    if "<" not in type:
        return Parsed(type)
    name, inner = type[: type.index("<")], type[type.index("<") + 1 : -1]
    parts = tuple(_split(inner))
    if name != "struct":
        return Parsed(name, parts)
    pairs = [part.partition(":") for part in parts]
    return Parsed(name, tuple(pair[2] for pair in pairs), tuple(pair[0] for pair in pairs))


def _part(type: str | None, name: str, place: int) -> str | None:
    found = parsed(type) if type else None
    if found is None or found.name != name or len(found.parts) <= place:
        return None
    return known(found.parts[place])


def _split(text: str) -> Iterator[str]:
    """What commas part, outside of brackets."""
    depth = start = 0
    for place, letter in enumerate(text):
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and depth == 0:
            yield text[start:place]
            start = place + 1
    if text:
        yield text[start:]


class _Words:
    """The words of a type, read one after another."""

    def __init__(self, text: str) -> None:
        self.words: list[str] = []
        place = 0
        while text[place:].strip():
            found = _WORD.match(text, place)
            if found is None:
                raise TypeTextError(text[place:].strip())
            self.words.append(found.group(1))
            place = found.end()
        self.place = 0

    def next(self) -> str:
        if self.place >= len(self.words):
            raise TypeTextError("")
        self.place += 1
        return self.words[self.place - 1]

    def peek(self) -> str:
        return self.words[self.place] if self.place < len(self.words) else ""

    def want(self, word: str) -> None:
        found = self.next()
        if found != word:
            raise TypeTextError(found)

    def end(self) -> None:
        if self.peek():
            raise TypeTextError(self.peek())

    def type(self) -> str:
        word = self.next()
        name = word.lower()
        if name in ("array", "map", "struct"):
            return self.nested(name)
        if name == "interval":
            return self.interval()
        if name not in _NAMES:
            raise TypeTextError(word)
        numbers = self.numbers()
        if _NAMES[name] == "decimal":
            precision, scale = [*numbers, *("10", "0")[len(numbers) :]][:2]
            return f"decimal({precision},{scale})"
        return _NAMES[name]

    def nested(self, name: str) -> str:
        if self.peek() != "<":
            raise TypeTextError(name)
        self.next()
        if name == "struct":
            return self.fields(">")
        parts = [self.type()]
        if name == "map":
            self.want(",")
            parts.append(self.type())
        self.want(">")
        return f"{name}<{','.join(parts)}>"

    def fields(self, end: str) -> str:
        found: list[tuple[str, str | None]] = []
        while self.peek() != end:
            if found:
                self.want(",")
            name = self.next().strip("`")
            if self.peek() == ":":
                self.next()
            found.append((name, self.type()))
            if self.peek().lower() == "not":
                self.next()
                self.next()
        if end:
            self.next()
        if not found and not end:
            raise TypeTextError("")
        return struct_of(found)

    def numbers(self) -> list[str]:
        found: list[str] = []
        if self.peek() == "(":
            self.next()
            while self.peek() != ")":
                found.append(self.next())
                if self.peek() == ",":
                    self.next()
            self.next()
        return found

    def interval(self) -> str:
        unit = self.peek().lower()
        if unit not in ("year", "month", "day", "hour", "minute", "second"):
            return "interval"
        self.next()
        if self.peek().lower() == "to":
            self.next()
            self.next()
        return interval_of(unit)

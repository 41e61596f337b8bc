"""Plain values of the intermediate representation: JSON with expressions in it, columns, checks, places in S3."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Jsonata:
    """A JSONata expression, without the `{% %}` that marks it in ASL."""

    text: str


#: A JSON value in which a JSONata expression may stand anywhere.
Json = None | bool | int | float | str | Jsonata | Sequence["Json"] | Mapping[str, "Json"]


#: Families of types that hold numbers.
NUMBERS = frozenset({"int", "bigint", "float", "double", "decimal"})
WHOLE_NUMBERS = frozenset({"int", "bigint"})
TIMES = frozenset({"date", "timestamp"})


def family(type: str) -> str:
    """The type without what is in brackets: `decimal` of decimal(12,2), `array` of array<string>."""
    return re.split(r"[(<]", type)[0]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `protect` says what is done to it when it is read."""

    name: str
    type: str
    sensitive: bool = False
    protect: str | None = None
    nullable: bool = True
    description: str | None = None

    @property
    def family(self) -> str:
        """The family of its type."""
        return family(self.stored_type)

    @property
    def stored_type(self) -> str:
        """The type of what is left of it: a pseudonym is text, whatever the column was."""
        return "string" if self.protect in ("hash", "tokenise") else self.type


@dataclass(frozen=True, slots=True)
class Check:
    """A promise about a table, e.g. `not_null` of two columns; `argument` is what the runtime gets as its value."""

    kind: str
    columns: tuple[str, ...]
    argument: Json


@dataclass(frozen=True, slots=True)
class Window:
    """The fresh rows: `days` before the run's date, a number or the name of the parameter that is one."""

    column: str
    days: int | str


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The rows above the highest value read so far; the first run begins `after` a value, or reads all."""

    column: str
    after: int | str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """A prefix in one of the pipeline's buckets; `prefix` has no leading and one final slash.

    `part` is an expression that tells the rounds of a loop apart, where a step of a loop writes.
    """

    bucket: str
    prefix: str
    part: str | None = None

    @classmethod
    def of(cls, uri: str) -> "Location":
        """The place that `s3://bucket/prefix/` names."""
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        return cls(bucket, prefix)

    def below(self, folder: str) -> "Location":
        """A folder in this one."""
        return Location(self.bucket, f"{self.prefix}{folder}/", self.part)

    @property
    def uri(self) -> str:
        """`s3://bucket/prefix/`."""
        return f"s3://{self.bucket}/{self.prefix}"

    def dated(self) -> Jsonata:
        """The address of one run's date below this prefix, and there of one round of a loop."""
        part = f" & 'part=' & {self.part} & '/'" if self.part else ""
        return Jsonata(f"'{self.uri}date=' & $run_date & '/'{part}")

    def dated_prefix(self) -> Jsonata:
        """The same without the bucket: where the keys of one run's date begin."""
        part = f" & 'part=' & {self.part} & '/'" if self.part else ""
        return Jsonata(f"'{self.prefix}date=' & $run_date & '/'{part}")

    def dated_file(self, ending: str) -> Jsonata:
        """The address of one file of a run's date, and there of one round of a loop."""
        part = f" & '/part=' & {self.part}" if self.part else ""
        return Jsonata(f"'{self.uri}date=' & $run_date{part} & '{ending}'")


@dataclass(frozen=True, slots=True)
class DeclaredType:
    """What values there may be: by a name of the language, in words, and below which prefix files lie."""

    name: str
    words: str
    within: str | None = None

"""Plain values of the intermediate representation: JSON with expressions in it, columns, checks, places in S3."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Jsonata:
    """A JSONata expression, without the `{% %}` that marks it in ASL."""

    text: str


#: A JSON value in which a JSONata expression may stand anywhere.
Json = None | bool | int | float | str | Jsonata | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `protect` says what is done to it when it is read."""

    name: str
    type: str
    sensitive: bool = False
    protect: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A promise about a table, e.g. `not_null` of two columns; `argument` is what the runtime gets as its value."""

    kind: str
    columns: tuple[str, ...]
    argument: Json


@dataclass(frozen=True, slots=True)
class Window:
    """The fresh rows: `days` before the run's date."""

    column: str
    days: int


@dataclass(frozen=True, slots=True)
class Location:
    """A prefix in one of the pipeline's buckets; `prefix` has no leading and one final slash."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        """`s3://bucket/prefix/`."""
        return f"s3://{self.bucket}/{self.prefix}"

    def dated(self) -> Jsonata:
        """The address of one run's date below this prefix."""
        return Jsonata(f"'{self.uri}date=' & $run_date & '/'")

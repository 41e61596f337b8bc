"""What is known of a table inside a query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipelinegen.sql.coercion import common_or_none, wider
from pipelinegen.sql.question import Columns, Origin


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a relation: its type if known, the input columns it is made of, and whether it is a copy of one.

    `text` is what the SELECT says that gives it.
    """

    type: str | None = None
    origins: frozenset[Origin] = frozenset()
    is_traced: bool = False
    is_copy: bool = False
    text: str = field(default="*", compare=False)


@dataclass(frozen=True, slots=True)
class Relation:
    """Columns by lower-case name; an open relation may have others, of which nothing is known.

    `repeated` are names that several of its columns have.
    """

    fields: Mapping[str, Field] = field(default_factory=dict)
    is_open: bool = False
    repeated: frozenset[str] = frozenset()

    @property
    def is_whole(self) -> bool:
        """Whether its fields are all of its columns."""
        return not self.is_open and not self.repeated

    def renamed(self, names: list[str]) -> "Relation":
        """The same columns under other names, as in `t(a, b)`."""
        if not names:
            return self
        if not self.is_whole or len(names) != len(self.fields):
            return UNKNOWN
        return Relation(dict(zip(names, self.fields.values(), strict=True)))

    def united(self, other: "Relation") -> "Relation":
        """The result of UNION and its kin: the names of the first, column by column."""
        if self.is_open or other.is_open or self.repeated or len(self.fields) != len(other.fields):
            return Relation(self.fields, is_open=True) if not self.is_open else UNKNOWN
        pairs = zip(self.fields.items(), other.fields.values(), strict=True)
        return Relation({name: _united(one, two) for (name, one), two in pairs})


UNKNOWN = Relation(is_open=True)


def of_input(name: str, columns: Columns) -> Relation:
    """The relation of one of the query's inputs."""
    return Relation({column: Field(type, frozenset({(name, column)}), True, True) for column, type in columns.items()})


def combined(fields: Iterable[Field], type: str | None) -> Field:
    """A column that is computed from others."""
    made_of = tuple(fields)
    origins = frozenset(origin for item in made_of for origin in item.origins)
    return Field(type, origins, all(item.is_traced for item in made_of))


def _united(one: Field, two: Field) -> Field:
    if one == two:
        return one
    return combined([one, two], common_or_none(wider, one.type, two.type))

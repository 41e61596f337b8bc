"""Names in expressions: which column of which table they mean, which part of it, and what is wrong with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from pipelinegen.errors import suggest
from pipelinegen.sql.datatypes import element_of, fields_of
from pipelinegen.sql.generators import makes_rows
from pipelinegen.sql.kinds import kind_of
from pipelinegen.sql.question import Finding
from pipelinegen.sql.relation import Field, Relation, combined
from pipelinegen.sql.rules import place_of
from pipelinegen.sql.types import TypeOf, is_unit, part_type, type_of

#: Words that Spark reads as a function where no column has the name.
_FUNCTIONS = frozenset(
    {"user", "session_user", "current_user", "current_date", "current_timestamp", "current_time", "current_timezone"}
    | {"current_catalog", "current_database", "current_schema", "localtimestamp", "now", "grouping__id", "_metadata"}
)


@dataclass(frozen=True, slots=True)
class View:
    """What the expressions of one SELECT see: tables by alias, and the names its own projections have."""

    tables: Mapping[str, Relation]
    aliases: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Meant:
    """The column that a name with points means, its word, and the words behind it, which are parts of its value."""

    field: Field
    word: exp.Expression
    rest: tuple[exp.Expression, ...]

    @property
    def type(self) -> str | None:
        """The type of the innermost part."""
        found = self.field.type
        for part in self.rest:
            found = part_type(found, part.name)
        return found


def meant(column: exp.Column, views: tuple[View, ...]) -> Meant | None:
    """What a column stands for, a field of which nothing is known where that may be; None if there is none."""
    parts = tuple(column.parts)
    names = [part.name.lower() for part in parts]
    for view in views:
        relation = view.tables.get(names[0]) if len(parts) > 1 else None
        if relation is not None and (names[1] in relation.fields or relation.is_open):
            return Meant(relation.fields.get(names[1]) or Field(), parts[1], parts[2:])
        found = _unqualified(names[0], view)
        if found is not None:
            return Meant(found, parts[0], parts[1:])
        if relation is None and any(relation.is_open for relation in view.tables.values()):
            return Meant(Field(), parts[0], ())
    return None


def find(column: exp.Column, views: tuple[View, ...]) -> Field | None:
    """The field a column stands for, or a part of one."""
    found = meant(column, views)
    if found is None or not found.rest:
        return found.field if found else None
    return replace(combined([found.field], found.type), is_copy=False)


def _unqualified(name: str, view: View) -> Field | None:
    found = [relation.fields[name] for relation in view.tables.values() if name in relation.fields]
    if found:
        return found[0] if len(found) == 1 else combined(found, found[0].type)
    return view.aliases.get(name)


def column_faults(
    column: exp.Column, views: tuple[View, ...], dropped: Mapping[str, tuple[str, ...]]
) -> Iterator[Finding]:
    """PG081 and PG082 for a name that nothing has."""
    name, table = column.name.lower(), column.table.lower()
    found = meant(column, views)
    if found is not None:
        yield from _part_faults(found)
        return
    first = column.parts[0]
    if is_unit(column) or (not table and name in _FUNCTIONS):
        return
    tables = [view.tables[first.name.lower()] for view in views if first.name.lower() in view.tables]
    if len(column.parts) > 1 and not tables:
        known = {alias for view in views for alias in view.tables if " " not in alias}
        help = suggest(first.name, known, "its tables")
        yield Finding("PG081", f"the query has no table '{first.name}'", help, *place_of(first))
        return
    word = column.parts[1] if tables and len(column.parts) > 1 else first
    owner = f"'{first.name}' has" if len(column.parts) > 1 else "the query's tables have"
    names = {known for relation in tables or _relations(views) for known in relation.fields if " " not in known}
    help = suggest(word.name, names, "columns")
    if any(word.name.lower() in columns for columns in dropped.values()):
        help = f"'{word.name}' is dropped when it is read (`protect: drop`); do without it"
    yield Finding("PG082", f"{owner} no column '{word.name}'", help, *place_of(word))


def _part_faults(found: Meant) -> Iterator[Finding]:
    type, holder = found.field.type, found.word
    for part in found.rest:
        yield from part_fault(type, part, holder)
        type, holder = part_type(type, part.name), part


def dot_faults(node: exp.Dot, ask: TypeOf) -> Iterator[Finding]:
    """The same for a part of what is no column: an element of an array, a lambda's variable, a result."""
    if isinstance(node.expression, exp.Identifier):
        yield from part_fault(type_of(node.this, ask), node.expression)


def part_fault(held: str | None, part: exp.Expression, holder: exp.Expression | None = None) -> Iterator[Finding]:
    """PG082 for a part that a struct has not, PG133 for one of what has no parts."""
    fields = fields_of(held) or fields_of(element_of(held))
    kind = kind_of(held)
    whose = f"'{holder.name}' is {_shortened(held)}, and" if holder is not None else _shortened(held)
    if fields is not None:
        names = [name.lower() for name, _ in fields]
        if part.name.lower() not in names:
            help = suggest(part.name, [name for name, _ in fields], "it has")
            yield Finding("PG082", f"{whose} has no part '{part.name}'", help, *place_of(part))
        elif names.count(part.name.lower()) > 1:
            fact = f"{whose} has several parts '{part.name}'"
            yield Finding("PG132", fact, "give them different names where they are made", *place_of(part))
        return
    is_array_of_none = kind == "array" and kind_of(element_of(held)) not in (None, "struct")
    if kind is not None and (kind not in ("array", "map", "struct") or is_array_of_none):
        help = "write […] for an element" if kind == "array" else "write a table, or nothing, before the point"
        place = place_of(part if holder is None else holder)
        yield Finding("PG133", f"{whose} has no part '{part.name}'", help, *place)


def part_faults_of_text(held: str | None, name: exp.Literal) -> Iterator[Finding]:
    """The same for a part named in brackets, as in s['a']."""
    yield from part_fault(held, exp.to_identifier(name.name))


def _shortened(type: str | None) -> str:
    return type if type and len(type) <= 60 else f"{(type or '')[:59]}…"


def ambiguous(column: exp.Column, select: exp.Query, view: View) -> Iterator[Finding]:
    """PG132 for a column that two tables have, unless they were joined by it or it stands where results are named."""
    first = column.parts[0].name.lower()
    is_qualified = len(column.parts) > 1 and first in view.tables
    name = column.parts[1].name.lower() if is_qualified else first
    for alias, relation in view.tables.items():
        if name in relation.repeated and (not is_qualified or first == alias):
            fact = f"'{alias}' has two columns '{name}'"
            yield Finding("PG132", fact, "give them different names where they come from", *place_of(column.this))
            return
    joins = select.args.get("joins") or []
    shared = {str(item.name).lower() for join in joins for item in join.args.get("using") or ()}
    if is_qualified or name in shared or any(join.method == "NATURAL" for join in joins):
        return
    if name in view.aliases and column.find_ancestor(exp.Order, exp.Having, exp.Sort, exp.Cluster, exp.Distribute):
        return
    owners = [alias for alias, relation in view.tables.items() if name in relation.fields]
    if len(owners) > 1:
        fact = f"'{column.parts[0].name}' may be that of {' or '.join(owners)}"
        yield Finding("PG132", fact, f"write {owners[0]}.{name}", *place_of(column.parts[0]))


def star_faults(star: exp.Expression, tables: Mapping[str, Relation]) -> Iterator[Finding]:
    """PG081 for `c.*` where nothing is called `c`."""
    table = star.table.lower() if isinstance(star, exp.Column) else ""
    may_be = any(table in relation.fields or relation.is_open for relation in tables.values())
    if table and table not in tables and not may_be:
        help = suggest(table, [alias for alias in tables if " " not in alias], "its tables")
        yield Finding("PG081", f"the query has no table '{table}'", help, *place_of(star.args["table"]))


def lateral_faults(select: exp.Select, view: View) -> Iterator[Finding]:
    """Names that a SELECT gives, used in that SELECT itself: Spark knows them from then on, and not everywhere."""
    given = set(view.aliases) - {alias.lower() for alias in (item.alias for item in select.expressions) if alias}
    for item in select.expressions:
        for column in item.find_all(exp.Column):
            name = column.parts[0].name.lower()
            is_alias = name in view.aliases and _unqualified(name, View(view.tables, {})) is None
            if is_alias and name not in view.tables and column.find_ancestor(exp.Select) is select:
                yield from _lateral_fault(column, name, is_given=name in given)
        if not makes_rows(item):
            given.add(item.alias.lower())


def _lateral_fault(column: exp.Column, name: str, *, is_given: bool) -> Iterator[Finding]:
    around = column.find_ancestor(exp.Window, exp.AggFunc, exp.Select)
    place = place_of(column.parts[0])
    if not is_given:
        fact = f"'{name}' is no column, and no name that this SELECT gave before"
        yield Finding("PG082", fact, "write what it stands for, or name it in a query of its own", *place)
    elif not isinstance(around, exp.Select):
        where = "a window" if isinstance(around, exp.Window) else "an aggregate"
        fact = f"'{name}' is a name that this SELECT gives, which {where} of the same SELECT does not know"
        yield Finding("PG133", fact, "write what it stands for, or name it in a query of its own", *place)


def _relations(views: tuple[View, ...]) -> list[Relation]:
    return [relation for view in views for relation in view.tables.values()]

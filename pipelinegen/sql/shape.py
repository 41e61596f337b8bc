"""Faults of how tables and queries are put together: joins, set operations, queries in place of values, LIMIT."""

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from pipelinegen.errors import suggest
from pipelinegen.sql.coercion import holds_map, is_alike, is_apart, is_orderable, wider
from pipelinegen.sql.dialect import whole_number
from pipelinegen.sql.grouping import all_keys, has_aggregate
from pipelinegen.sql.question import Finding
from pipelinegen.sql.relation import Relation
from pipelinegen.sql.rules import place_of
from pipelinegen.sql.signatures import takes
from pipelinegen.sql.types import TypeOf, type_of


def repeated_names(select: exp.Select, aliases: Sequence[str]) -> Iterator[Finding]:
    """PG132 for two tables of one name: no column of theirs could be told apart."""
    for alias in dict.fromkeys(name for name in aliases if " " not in name and aliases.count(name) > 1):
        fact = f"two tables of the query are called '{alias}'"
        yield Finding("PG132", fact, f"give one another name, as in {alias} AS other", *_of_table(select, alias))


def _of_table(select: exp.Select, alias: str) -> tuple[int | None, int | None]:
    tables = [join.this for join in select.args.get("joins") or () if join.this.alias_or_name.lower() == alias]
    return place_of(tables[-1]) if tables else (None, None)


def joined_by(select: exp.Select) -> frozenset[str] | None:
    """The columns that a join by USING makes one of; None for a NATURAL join, which finds them itself."""
    joins = select.args.get("joins") or ()
    if any(join.method == "NATURAL" for join in joins):
        return None
    return frozenset(str(item.name).lower() for join in joins for item in join.args.get("using") or ())


def using_faults(select: exp.Select, tables: Mapping[str, Relation]) -> Iterator[Finding]:
    """PG082 for a column of USING that one side lacks, PG133 for one whose types cannot be compared."""
    seen = list(tables.values())
    for place, join in enumerate(select.args.get("joins") or ()):
        if place + 1 >= len(seen):
            return
        left, right = seen[: place + 1], seen[place + 1]
        for item in join.args.get("using") or ():
            yield from _using(item, left, right)


def _using(item: exp.Expression, left: Sequence[Relation], right: Relation) -> Iterator[Finding]:
    name = item.name.lower()
    one = next((relation.fields[name] for relation in left if name in relation.fields), None)
    two = right.fields.get(name)
    is_open = any(relation.is_open for relation in left)
    if (one is None and not is_open) or (two is None and not right.is_open):
        known = right.fields if two is None else {key: 1 for relation in left for key in relation.fields}
        help = suggest(item.name, known, "columns there")
        yield Finding("PG082", f"one side of the join has no column '{item.name}'", help, *place_of(item))
    elif one and two and not takes("=", one.type, two.type):
        fact = f"{one.type} and {two.type} cannot be compared"
        yield Finding("PG133", fact, "cast one of them, and join by ON", *place_of(item))


def union_faults(query: exp.Expression, left: Relation, right: Relation) -> Iterator[Finding]:
    """PG133 for the halves of a UNION or its kin that have other columns."""
    if left.is_open or right.is_open or left.repeated or right.repeated:
        return
    if len(left.fields) != len(right.fields):
        fact = f"one half of a set operation gives {len(left.fields)} columns, the other {len(right.fields)}"
        yield Finding("PG133", fact, "let both give the same columns")
        return
    is_compared = not isinstance(query, exp.Union) or bool(query.args.get("distinct"))
    for (name, one), two in zip(left.fields.items(), right.fields.values(), strict=True):
        is_fine = isinstance(query, exp.Union) and is_alike(one.type, two.type)
        if not is_fine and is_apart(wider, one.type, two.type):
            fact = f"column '{name.strip()}' of a set operation is {one.type} in one half and {two.type} in the other"
            yield Finding("PG133", fact, "cast one of them")
        elif is_compared and (holds_map(one.type) or holds_map(two.type)):
            fact = f"column '{name.strip()}' holds maps, and rows with maps cannot be compared"
            yield Finding("PG133", fact, "write UNION ALL, or turn the maps into arrays")


def key_faults(select: exp.Select, given: Relation, ask: TypeOf) -> Iterator[Finding]:
    """PG133 for keys of GROUP BY that cannot be told apart, and rows of DISTINCT that cannot."""
    group = select.args.get("group")
    keys = list(all_keys(group)) if group is not None else []
    if group is not None and group.args.get("all"):
        keys = [item.unalias() for item in select.expressions if not has_aggregate(item)]
    for key in keys:
        type = type_of(_meant(key, select), ask)
        if not is_orderable(type):
            yield Finding("PG133", f"rows cannot be grouped by {type}", "group by one of its values", *place_of(key))
    if select.args.get("distinct") is not None:
        for name, field in given.fields.items():
            if holds_map(field.type):
                fact = f"column '{name.strip()}' holds maps, and rows with maps cannot be told apart"
                yield Finding("PG133", fact, "leave DISTINCT out, or turn the maps into arrays")


def _meant(key: exp.Expression, select: exp.Select) -> exp.Expression:
    """The expression that a key is, where it is the number of one."""
    number = whole_number(key) or 0
    return select.expressions[number - 1].unalias() if 1 <= number <= len(select.expressions) else key


def order_faults(query: exp.SetOperation, left: Relation) -> Iterator[Finding]:
    """PG133 for what orders a set operation: a place that it has not, maps, an aggregate."""
    order = query.args.get("order")
    fields = [*left.fields.values()]
    for key in order.expressions if order is not None and left.is_whole else ():
        value = key.this
        place = whole_number(value)
        if place is not None:
            if not 1 <= place <= len(fields):
                help = f"give a number from 1 to {len(fields)}, or a name"
                yield Finding("PG133", f"ORDER BY {place} refers to no column: there are {len(fields)}", help)
            elif not is_orderable(fields[place - 1].type):
                help = "order by one of its values"
                yield Finding("PG133", f"rows cannot be ordered by {fields[place - 1].type}", help)
        elif has_aggregate(value):
            help = "aggregate in a query around the set operation"
            yield Finding("PG133", "an aggregate cannot order a set operation", help, *place_of(value))


def subquery_fault(node: exp.Expression, relation: Relation) -> Iterator[Finding]:
    """PG133 for a query that stands for one value, and gives several columns."""
    parent = node.parent
    yield from _of_outer_row(node)
    if relation.is_open or relation.repeated or isinstance(parent, exp.Exists) or not isinstance(node, exp.Subquery):
        return
    wanted = len(parent.this.expressions) if isinstance(parent, exp.In) and isinstance(parent.this, exp.Tuple) else 1
    if len(relation.fields) != wanted:
        fact = f"a query that stands for {'one value' if wanted == 1 else f'{wanted} values'} gives"
        help = "select what is meant only"
        yield Finding("PG133", f"{fact} {len(relation.fields)} columns", help, *place_of(node))


def _of_outer_row(node: exp.Expression) -> Iterator[Finding]:
    """A query in place of a value that depends on the row around it, and may give several rows of its own."""
    query = node.this if isinstance(node, exp.Subquery) else None
    if not isinstance(query, exp.Select) or isinstance(node.parent, exp.In | exp.Exists) or query.args.get("group"):
        return
    own = {item.alias_or_name.lower() for item in query.find_all(exp.Table, exp.Subquery)}
    tables = {column.table.lower() for column in query.find_all(exp.Column) if column.table}
    if tables - own and not any(has_aggregate(item) for item in query.expressions):
        help = "aggregate what it gives, as in max(…)"
        yield Finding(
            "PG133", "a query that depends on the row around it may give several rows", help, *place_of(query)
        )


def limit_faults(select: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    """PG133 for a LIMIT or OFFSET that is no whole number."""
    for word in ("limit", "offset"):
        part = select.args.get(word)
        value = part.args.get("expression") if part is not None else None
        if not isinstance(value, exp.Expression):
            continue
        type = type_of(value, ask)
        is_negative = isinstance(value, exp.Neg)
        if isinstance(value, exp.Column) and value.name.lower() == "all":
            continue
        if is_negative or isinstance(value, exp.Column) or type not in (None, "int"):
            fact = f"{word.upper()} wants a whole number that does not depend on rows"
            yield Finding("PG133", fact, "write an int, or a parameter that is one", *place_of(value))

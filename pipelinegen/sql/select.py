"""Reads a query from the inside out: what each SELECT sees, and what it gives."""

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from sqlglot import exp

from pipelinegen.errors import suggest
from pipelinegen.sql.dialect import written
from pipelinegen.sql.grammar import FILE_FORMATS, reads_files
from pipelinegen.sql.grouping import grouping_faults
from pipelinegen.sql.operands import condition_fault, type_fault
from pipelinegen.sql.question import Finding, Question
from pipelinegen.sql.relation import UNKNOWN, Field, Relation, combined, of_input
from pipelinegen.sql.shape import (
    joined_by,
    limit_faults,
    order_faults,
    part_faults,
    repeated_names,
    subquery_fault,
    union_faults,
    using_faults,
)
from pipelinegen.sql.types import UNITS, TypeOf, type_of

#: Words that Spark reads as a function where no column has the name.
_FUNCTIONS = frozenset(
    {"user", "session_user", "current_user", "current_date", "current_timestamp", "current_time", "current_timezone"}
    | {"current_catalog", "current_database", "current_schema", "localtimestamp", "now", "grouping__id", "_metadata"}
)

#: Columns that Spark names itself where one groups by time.
_STRUCTS = frozenset({"session_window", "window"})

_NO_NAMES: Mapping[str, Relation] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class View:
    """What the expressions of one SELECT see: tables by alias, and the names its own projections have."""

    tables: Mapping[str, Relation]
    aliases: Mapping[str, Field]


class Reader:
    """Reads one query and collects its faults."""

    def __init__(self, question: Question) -> None:
        self.inputs = {name.lower(): of_input(name, columns) for name, columns in question.inputs.items()}
        self.dropped = question.dropped
        self.parameters = question.parameters
        self.findings: list[Finding] = []

    def read(
        self, query: exp.Expression, named: Mapping[str, Relation] | None = None, outer: tuple[View, ...] = ()
    ) -> Relation:
        """The relation a query gives; `named` are the WITH queries it may use, `outer` the SELECTs around it."""
        named = self._with_queries(query, named or {}, outer)
        if isinstance(query, exp.Subquery):
            return self.read(query.this, named, outer)
        if isinstance(query, exp.SetOperation):
            left, right = self.read(query.this, named, outer), self.read(query.expression, named, outer)
            self.findings.extend(union_faults(left, right))
            self.findings.extend(order_faults(query, left))
            return left.united(right)
        return self._select(query, named, outer) if isinstance(query, exp.Select) else UNKNOWN

    def _with_queries(
        self, query: exp.Expression, named: Mapping[str, Relation], outer: tuple[View, ...]
    ) -> Mapping[str, Relation]:
        with_ = _part(query, "with")
        found = dict(named)
        for item in with_.expressions if with_ else ():
            is_recursive = with_ is not None and with_.args.get("recursive")
            relation = UNKNOWN if is_recursive else self.read(item.this, found, outer)
            found[item.alias.lower()] = relation.renamed(_alias_columns(item))
        return found

    def _select(self, select: exp.Select, named: Mapping[str, Relation], outer: tuple[View, ...]) -> Relation:
        tables: dict[str, Relation] = {}
        hidden: set[str] = set()
        joins = select.args.get("joins") or []
        for item in _sources(select):
            tables[_alias(item, len(tables))] = self._table(item, named, outer)
        for join in joins:
            if join.kind in ("SEMI", "ANTI") or join.side in ("SEMI", "ANTI"):
                hidden.add(_alias(join.this, 0))
        for lateral in select.args.get("laterals") or []:
            tables[f"lateral {len(tables)}"] = tables[_alias(lateral, len(tables))] = UNKNOWN
        visible = {alias: relation for alias, relation in tables.items() if alias not in hidden}
        aliases: dict[str, Field] = {}
        view = View(visible, aliases)
        result = self._projections(select, visible, view, outer)
        before = len(self.findings)
        self.findings.extend(repeated_names(select, [_alias(item, 0) for item in _sources(select)]))
        self.findings.extend(using_faults(select, tables))
        self._check_names(select, view, View(tables, {}), named, outer)
        self.findings.extend(limit_faults(select, self._types((view, *outer), named)))
        if not any(item.id in ("PG081", "PG082", "PG132") for item in self.findings[before:]):
            self.findings.extend(grouping_faults(select, visible, result.fields))
        return result

    def _table(self, item: exp.Expression, named: Mapping[str, Relation], outer: tuple[View, ...]) -> Relation:
        if item.args.get("pivots") or item.args.get("laterals") or item.args.get("joins"):
            return UNKNOWN
        if isinstance(item, exp.Subquery) and isinstance(item.this, exp.Query):
            return self.read(item, named, outer).renamed(_alias_columns(item))
        if not isinstance(item, exp.Table) or not isinstance(item.this, exp.Identifier):
            return UNKNOWN
        name = item.name.lower()
        if not item.db:
            known = named.get(name) or self.inputs.get(name)
            if known is not None:
                return known.renamed(_alias_columns(item))
        if item.db.lower() in FILE_FORMATS:
            self.findings.append(reads_files(item.db, _place(item.parts[0])[0], _place(item.parts[-1])[1]))
        else:
            self._unknown_table(item)
        return UNKNOWN

    def _unknown_table(self, item: exp.Table) -> None:
        full = ".".join(part.name for part in item.parts)
        help = suggest(item.name, self.inputs, "the step's inputs")
        first, last = item.parts[0], item.parts[-1]
        start, end = _place(first)[0], _place(last)[1]
        self.findings.append(Finding("PG081", f"the step has no input '{full}'", help, start, end))

    def _projections(
        self, select: exp.Select, visible: Mapping[str, Relation], view: View, outer: tuple[View, ...]
    ) -> Relation:
        fields: dict[str, Field] = {}
        aliases = view.aliases
        assert isinstance(aliases, dict)
        is_open = False
        repeated: set[str] = set()
        for projection in select.expressions:
            if projection.is_star:
                given = self._star(projection, select, visible)
                is_open = is_open or given.is_open
                repeated |= given.repeated | (set(fields) & set(given.fields))
                fields.update(given.fields)
                continue
            name = _name(projection) or (f" {len(fields)}" if _is_unnamed(projection) else None)
            if name is None:
                is_open = True
                continue
            found = self._field(projection.unalias(), view, outer)
            repeated |= {name} & set(fields)
            fields[name] = replace(found, text=written(projection, normalize_functions=False))
            if isinstance(projection, exp.Alias):
                aliases[name] = fields[name]
        return Relation(fields, is_open, frozenset(repeated))

    def _star(self, projection: exp.Expression, select: exp.Select, visible: Mapping[str, Relation]) -> Relation:
        table = projection.table.lower() if isinstance(projection, exp.Column) else ""
        may_be = any(table in relation.fields or relation.is_open for relation in visible.values())
        if table and table not in visible and not may_be:
            help = suggest(table, [alias for alias in visible if " " not in alias], "its tables")
            place = _place(projection.args["table"])
            self.findings.append(Finding("PG081", f"the query has no table '{table}'", help, *place))
        return _star(projection, visible, joined_by(select))

    def _field(self, value: exp.Expression, view: View, outer: tuple[View, ...]) -> Field:
        if isinstance(value, exp.Paren):
            return self._field(value.this, view, outer)
        if isinstance(value, exp.Column):
            return _find(value, (view, *outer)) or Field()
        if value.find(exp.Query) is not None:
            return Field()
        parts = [_find(column, (view, *outer)) or Field() for column in value.find_all(exp.Column)]
        return combined(parts, type_of(value, self._types((view, *outer))))

    def _type_of_query(self, node: exp.Subquery, named: Mapping[str, Relation], views: tuple[View, ...]) -> str | None:
        """The type of a query that stands for a value; what is wrong with it is found elsewhere."""
        silent = copy(self)
        silent.findings = []
        relation = silent.read(node, named, views)
        is_one = len(relation.fields) == 1 and not relation.is_open
        return next(iter(relation.fields.values())).type if is_one else None

    def _types(self, views: tuple[View, ...], named: Mapping[str, Relation] = _NO_NAMES) -> TypeOf:
        """The types of columns and parameters, as a SELECT sees them."""

        def type_of_name(node: exp.Expression) -> str | None:
            if isinstance(node, exp.Placeholder):
                return self.parameters.get(str(node.this))
            if isinstance(node, exp.Subquery):
                return self._type_of_query(node, named, views)
            return (_find(node, views) or Field()).type if isinstance(node, exp.Column) else None

        return type_of_name

    def _check_names(
        self, select: exp.Select, view: View, joined: View, named: Mapping[str, Relation], outer: tuple[View, ...]
    ) -> None:
        """What expressions say; `joined` is what ON sees: tables that a semi join hides, and no names of the SELECT."""
        plain = View(view.tables, {})
        for part, node in _inside(select):
            views = ({"joins": joined, "where": plain}.get(part, view), *outer)
            ask = self._types(views, named)
            if isinstance(node, exp.Query):
                relation = self.read(node, named, views)
                self.findings.extend(subquery_fault(node, relation))
            elif isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
                self._check_column(node, views)
                self.findings.extend(_ambiguous(node, select, view))
                self.findings.extend(part_faults(node, partial(_find, views=views), views[0].tables))
            else:
                fault = type_fault(node, ask)
                self.findings.extend([fault] if fault else [])
        for join in select.args.get("joins") or ():
            for condition in _conditions(join):
                self.findings.extend(condition_fault(condition, self._types((joined, *outer), named), "ON"))

    def _check_column(self, column: exp.Column, views: tuple[View, ...]) -> None:
        name, table = column.name.lower(), column.table.lower()
        if column.args.get("db"):
            self._check_column(_held(column), views)
            return
        if table in _STRUCTS or _find(column, views) is not None:
            return
        if table and not any(table in view.tables for view in views):
            if not any(table in relation.fields or relation.is_open for relation in _relations(views)):
                known = {alias for view in views for alias in view.tables if " " not in alias}
                start, end = _place(column.args["table"])
                help = suggest(column.table, known, "its tables")
                self.findings.append(Finding("PG081", f"the query has no table '{column.table}'", help, start, end))
            return
        is_argument = isinstance(column.parent, exp.Func) and not isinstance(column.parent, exp.AggFunc)
        if not table and (name in _FUNCTIONS or (name in UNITS and is_argument)):
            return
        owner = f"'{column.table}' has" if table else "the query's tables have"
        relations = [view.tables[table] for view in views if table in view.tables] if table else _relations(views)
        known = {known for relation in relations for known in relation.fields}
        help = suggest(column.name, known, "columns")
        if any(name in columns for columns in self.dropped.values()):
            help = f"'{column.name}' is dropped when it is read (`protect: drop`); do without it"
        self.findings.append(Finding("PG082", f"{owner} no column '{column.name}'", help, *_place(column.this)))


def _held(column: exp.Column) -> exp.Column:
    """The column of `table.column.part`, or of `column.part.part`."""
    table, name = column.args["db"], column.args["table"]
    held = exp.Column(this=name.copy(), table=table.copy())
    for copied, part in ((held.this, name), (held.args["table"], table)):
        copied.meta.update(part.meta)
    return held


def _ambiguous(column: exp.Column, select: exp.Select, view: View) -> Iterator[Finding]:
    """PG132 for a column that two tables have, unless they were joined by it or it stands where results are named."""
    name = column.name.lower()
    for alias, relation in view.tables.items():
        if name in relation.repeated and column.table.lower() in ("", alias):
            fact = f"'{alias}' has two columns '{column.name}'"
            yield Finding("PG132", fact, "give them different names where they come from", *_place(column.this))
            return
    joins = select.args.get("joins") or []
    shared = {str(item.name).lower() for join in joins for item in join.args.get("using") or ()}
    if column.table or name in view.aliases or name in shared or any(join.method == "NATURAL" for join in joins):
        return
    if column.find_ancestor(exp.Order, exp.Having, exp.Sort, exp.Cluster, exp.Distribute):
        return
    owners = [alias for alias, relation in view.tables.items() if name in relation.fields]
    if len(owners) > 1:
        fact = f"'{column.name}' may be that of {' or '.join(owners)}"
        yield Finding("PG132", fact, f"write {owners[0]}.{column.name}", *_place(column.this))


def _find(column: exp.Column, views: tuple[View, ...]) -> Field | None:
    """The field a column stands for, one of which nothing is known where that may be; None if there is none."""
    name, table = column.name.lower(), column.table.lower()
    for view in views:
        if table and table in view.tables:
            relation = view.tables[table]
            return relation.fields.get(name) or (Field() if relation.is_open else None)
        if table:
            continue
        found = [relation.fields[name] for relation in view.tables.values() if name in relation.fields]
        if found:
            return found[0] if len(found) == 1 else combined(found, found[0].type)
        if name in view.aliases:
            return view.aliases[name]
        if any(relation.is_open for relation in view.tables.values()):
            return Field()
    return None


def _star(projection: exp.Expression, visible: Mapping[str, Relation], shared: frozenset[str] | None) -> Relation:
    """What a star stands for; `shared` are the columns that joins make one of, None if that is not known."""
    star = projection.this if isinstance(projection, exp.Column) else projection
    table = projection.table.lower() if isinstance(projection, exp.Column) else ""
    if not isinstance(star, exp.Star) or (table and table not in visible):
        return UNKNOWN
    if any(star.args.get(key) for key in ("except", "except_", "replace", "rename", "ilike")):
        return UNKNOWN
    chosen = [visible[table]] if table else list(visible.values())
    fields: dict[str, Field] = {}
    repeated: set[str] = set()
    for relation in chosen:
        repeated |= relation.repeated
        for name, item in relation.fields.items():
            if name in fields and shared is not None and (table or name not in shared):
                repeated.add(name)
            fields[name] = combined([fields[name], item], item.type) if name in fields else item
    return Relation(fields, any(relation.is_open for relation in chosen), frozenset(repeated))


def _name(projection: exp.Expression) -> str | None:
    """The name of a projection as Spark gives it; None where it may have another one or several."""
    if isinstance(projection, exp.Alias):
        return str(projection.alias).lower()
    inner = projection
    while isinstance(inner, exp.Paren | exp.Cast):
        inner = inner.this
    return inner.name.lower() if isinstance(inner, exp.Column) and not inner.args.get("db") else None


def _is_unnamed(projection: exp.Expression) -> bool:
    """Whether Spark makes up a name such as `count(1)`, which no contract could declare."""
    inner = projection.unnest()
    return isinstance(
        inner, exp.AggFunc | exp.Case | exp.Literal | exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Predicate
    )


def _inside(select: exp.Select) -> Iterator[tuple[str, exp.Expression]]:
    """Every node of a SELECT's own, and the clause it stands in; of queries inside its expressions only the outermost
    node, of its FROM nothing."""
    for key, value in select.args.items():
        part = key.rstrip("_")
        if part in ("with", "from", "laterals", "hint"):
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, exp.Join):
                yield from ((part, node) for condition in _conditions(item) for node in _walk(condition))
            elif isinstance(item, exp.Expression):
                yield from ((part, node) for node in _walk(item))


def _conditions(join: exp.Join) -> list[exp.Expression]:
    condition = join.args.get("on")
    return [condition] if isinstance(condition, exp.Expression) else []


def _walk(node: exp.Expression) -> Iterator[exp.Expression]:
    yield node
    if not isinstance(node, exp.Query):
        for child in node.iter_expressions():
            yield from _walk(child)


def _sources(select: exp.Select) -> list[exp.Expression]:
    """What stands in FROM and behind JOIN."""
    from_ = _part(select, "from")
    joins = select.args.get("joins") or []
    return [*([from_.this] if from_ else []), *(join.this for join in joins)]


def _relations(views: tuple[View, ...]) -> list[Relation]:
    return [relation for view in views for relation in view.tables.values()]


def _alias(item: exp.Expression, number: int) -> str:
    return str(item.alias_or_name).lower() or f"table {number}"


def _alias_columns(item: exp.Expression) -> list[str]:
    return [name.lower() for name in item.alias_column_names]


def _part(node: exp.Expression, name: str) -> exp.Expression | None:
    """An argument whose name sqlglot wrote without and, later, with an underscore."""
    return node.args.get(f"{name}_") or node.args.get(name)


def _place(word: exp.Expression) -> tuple[int | None, int | None]:
    start, end = word.meta.get("start"), word.meta.get("end")
    return (start, end + 1) if start is not None and end is not None else (None, None)

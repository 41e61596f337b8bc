"""Reads a query from the inside out: what each SELECT sees, and what it gives."""

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from sqlglot import exp

from pipelinegen.sql.dialect import parts_of, written
from pipelinegen.sql.doubts import doubts, open_doubt, outer_doubts, select_doubts, union_doubts
from pipelinegen.sql.generators import generated, makes_rows, renamed
from pipelinegen.sql.grouping import grouping_faults, window_of
from pipelinegen.sql.names import View, ambiguous, column_faults, dot_faults, find, lateral_faults, star_faults
from pipelinegen.sql.operands import condition_fault, type_faults
from pipelinegen.sql.question import Finding, Question
from pipelinegen.sql.relation import UNKNOWN, Field, Relation, combined, of_input
from pipelinegen.sql.results import WINDOW_OF_TIME
from pipelinegen.sql.rules import place_of
from pipelinegen.sql.shape import (
    joined_by,
    key_faults,
    limit_faults,
    order_faults,
    repeated_names,
    subquery_fault,
    union_faults,
    using_faults,
)
from pipelinegen.sql.sources import Sources, alias_columns, alias_of, sources_of
from pipelinegen.sql.types import TypeOf, type_of
from pipelinegen.sql.windows import window_faults

_NO_NAMES: Mapping[str, Relation] = MappingProxyType({})

Views = tuple[View, ...]


class Reader:
    """Reads one query and collects its faults."""

    def __init__(self, question: Question) -> None:
        self.inputs = {name.lower(): of_input(name, columns) for name, columns in question.inputs.items()}
        self.dropped = question.dropped
        self.parameters = question.parameters
        self.findings: list[Finding] = []
        self.doubts: list[Finding] = []

    def read(self, query: exp.Expression, named: Mapping[str, Relation] | None = None, outer: Views = ()) -> Relation:
        """The relation a query gives; `named` are the WITH queries it may use, `outer` the SELECTs around it."""
        named = self._with_queries(query, named or {}, outer)
        if isinstance(query, exp.Subquery):
            return self._ordered(query, self.read(query.this, named, outer), named, outer)
        if isinstance(query, exp.SetOperation):
            left, right = self.read(query.this, named, outer), self.read(query.expression, named, outer)
            self.findings.extend(union_faults(query, left, right))
            self.doubts.extend(union_doubts(query, left, right))
            self.findings.extend(order_faults(query, left))
            return self._ordered(query, left.united(right), named, outer)
        return self._select(query, named, outer) if isinstance(query, exp.Select) else UNKNOWN

    def _ordered(self, query: exp.Query, given: Relation, named: Mapping[str, Relation], outer: Views) -> Relation:
        """Checks ORDER BY and LIMIT behind a set operation or brackets, which see the result."""
        views = (View({" result": given}, {}), *outer)
        order = query.args.get("order")
        if order is not None:
            self._check(query, order, views, named)
        self.findings.extend(limit_faults(query, self._types(views, named)))
        return given

    def _with_queries(
        self, query: exp.Expression, named: Mapping[str, Relation], outer: Views
    ) -> Mapping[str, Relation]:
        with_ = _part(query, "with")
        found, own = dict(named), set[str]()
        for item in with_.expressions if with_ else ():
            is_recursive = with_ is not None and with_.args.get("recursive")
            relation = UNKNOWN if is_recursive else self.read(item.this, found, outer)
            name = item.alias.lower()
            if name in own:
                help = "give one of them another name"
                place = place_of(item.args["alias"])
                self.findings.append(Finding("PG132", f"two WITH queries are called '{item.alias}'", help, *place))
            own.add(name)
            columns = alias_columns(item)
            if columns and not relation.is_whole:
                self.doubts.extend(open_doubt(item))
            if columns and relation.is_whole and len(columns) != len(relation.fields):
                fact = f"'{item.alias}' names {len(columns)} columns, and its query gives {len(relation.fields)}"
                place = place_of(item.args["alias"])
                self.findings.append(Finding("PG133", fact, "name each of them", *place))
            found[name] = relation.renamed(columns)
        return found

    def _select(self, select: exp.Select, named: Mapping[str, Relation], outer: Views) -> Relation:
        types = partial(self._types, named=named)
        sources = Sources(self.inputs, named, lambda item, views: self.read(item, named, views), types)
        found = sources.tables(select, outer)
        self.findings.extend(sources.findings)
        if any(relation.is_open for relation in found.by_alias.values()):
            self.doubts.extend(open_doubt(select))
        visible = found.visible()
        time = window_of(select)
        view = View(visible, {time: Field(WINDOW_OF_TIME)} if time else {})
        result = self._projections(select, view, named, outer)
        before = len(self.findings)
        self.findings.extend(repeated_names(select, [alias_of(item, 0) for item in sources_of(select)]))
        self.findings.extend(using_faults(select, found.by_alias))
        for item, views in found.inside:
            self._check(select, item, views, named)
        self._check_names(select, view, View(found.by_alias, {}), named, outer)
        ask = self._types((view, *outer), named)
        self.findings.extend(lateral_faults(select, view))
        self.findings.extend(limit_faults(select, ask))
        self.findings.extend(window_faults(select, ask))
        self.findings.extend(key_faults(select, result, ask))
        self.doubts.extend(select_doubts(select, ask))
        if not any(item.id in ("PG081", "PG082", "PG132") for item in self.findings[before:]):
            self.findings.extend(grouping_faults(select, visible, result.fields))
        return result

    def _projections(self, select: exp.Select, view: View, named: Mapping[str, Relation], outer: Views) -> Relation:
        fields: dict[str, Field] = {}
        aliases = view.aliases
        assert isinstance(aliases, dict)
        is_open = False
        repeated: set[str] = set()
        for projection in select.expressions:
            if projection.is_star:
                given = self._star(projection, select, view.tables)
            else:
                given = self._given(projection, len(fields), view, named, outer)
            is_open = is_open or given.is_open
            repeated |= given.repeated | (set(fields) & set(given.fields))
            fields.update(given.fields)
            is_qualified = isinstance(projection, exp.Column) and bool(projection.table)
            if (is_qualified or isinstance(projection, exp.Alias | exp.Aliases)) and not projection.is_star:
                aliases.update(given.fields)
        return Relation(fields, is_open, frozenset(repeated))

    def _given(
        self, projection: exp.Expression, number: int, view: View, named: Mapping[str, Relation], outer: Views
    ) -> Relation:
        """The columns that one projection gives: one, or those that a function makes."""
        views = (view, *outer)
        value = projection.this if isinstance(projection, exp.Alias | exp.Aliases) else projection
        made = generated(value, self._types(views, named))
        text = written(projection, normalize_functions=False)
        if made is None and isinstance(projection, exp.Aliases) and not makes_rows(projection):
            help = "give it one name"
            self.findings.append(Finding("PG133", "several names for what is one value", help, *place_of(projection)))
        if made is not None:
            names = [projection.alias] if isinstance(projection, exp.Alias) else _names(projection)
            columns, faults = renamed(made, names, projection)
            self.findings.extend(faults)
            return Relation({name.lower(): Field(type, text=text) for name, type in columns})
        name = _name(projection) or (f" {number}" if not makes_rows(projection) else None)
        if name is None:
            return UNKNOWN
        return Relation({name: replace(self._field(projection.unalias(), views, named), text=text)})

    def _star(self, projection: exp.Expression, select: exp.Select, visible: Mapping[str, Relation]) -> Relation:
        self.findings.extend(star_faults(projection, visible))
        return _star(projection, visible, joined_by(select))

    def _field(self, value: exp.Expression, views: Views, named: Mapping[str, Relation]) -> Field:
        if isinstance(value, exp.Paren):
            return self._field(value.this, views, named)
        if isinstance(value, exp.Column):
            return find(value, views) or Field()
        type = type_of(value, self._types(views, named))
        if value.find(exp.Query) is not None:
            return Field(type)
        return combined([find(column, views) or Field() for column in value.find_all(exp.Column)], type)

    def _type_of_query(self, node: exp.Subquery, named: Mapping[str, Relation], views: Views) -> str | None:
        """The type of a query that stands for a value; what is wrong with it is found elsewhere."""
        silent = copy(self)
        silent.findings, silent.doubts = [], []
        relation = silent.read(node, named, views)
        is_one = len(relation.fields) == 1 and not relation.is_open
        return next(iter(relation.fields.values())).type if is_one else None

    def _types(self, views: Views, named: Mapping[str, Relation] = _NO_NAMES) -> TypeOf:
        """The types of columns and parameters, as a SELECT sees them."""

        def type_of_name(node: exp.Expression) -> str | None:
            if isinstance(node, exp.Placeholder):
                return self.parameters.get(str(node.this))
            if isinstance(node, exp.Subquery):
                return self._type_of_query(node, named, views)
            return (find(node, views) or Field()).type if isinstance(node, exp.Column) else None

        return TypeOf(type_of_name)

    def _check_names(
        self, select: exp.Select, view: View, joined: View, named: Mapping[str, Relation], outer: Views
    ) -> None:
        """What expressions say; `joined` is what ON sees: tables that a semi join hides, and no names of the SELECT."""
        seen = {"joins": (joined, *outer), "where": (View(view.tables, {}), *outer)}
        asked = {part: self._types(views, named) for part, views in seen.items()}
        every = (view, *outer)
        own = self._types(every, named)
        for part, node in _inside(select):
            self._check_node(select, node, seen.get(part, every), asked.get(part, own), named)
            if outer and isinstance(node, exp.Column):
                self.doubts.extend(outer_doubts(node, every, is_condition=part in ("where", "having")))
        for join in select.args.get("joins") or ():
            for condition in _conditions(join):
                self.findings.extend(condition_fault(condition, asked["joins"], "ON", is_whole=True))

    def _check(self, select: exp.Query, item: exp.Expression, views: Views, named: Mapping[str, Relation]) -> None:
        """The same of one expression in FROM."""
        ask = self._types(views, named)
        for node in _walk(item):
            self._check_node(select, node, views, ask, named)

    def _check_node(
        self, select: exp.Query, node: exp.Expression, views: Views, ask: TypeOf, named: Mapping[str, Relation]
    ) -> None:
        if isinstance(node, exp.Query):
            relation = self.read(node, named, (View(views[0].tables, {}), *views[1:]))
            self.findings.extend(subquery_fault(node, relation))
        elif node.is_star and isinstance(node, exp.Column):
            self.findings.extend(star_faults(node, views[0].tables))
        elif isinstance(node, exp.Column):
            self.findings.extend(column_faults(node, views, self.dropped))
            self.findings.extend(ambiguous(node, select, views[0]))
        elif isinstance(node, exp.Dot):
            self.findings.extend(dot_faults(node, ask))
        else:
            self.findings.extend(type_faults(node, ask))
        if not isinstance(node, exp.Query):
            self.doubts.extend(doubts(node, ask))


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
    if isinstance(inner, exp.Dot):
        return str(inner.expression.name).lower() if isinstance(inner.expression, exp.Identifier) else None
    return inner.name.lower() if isinstance(inner, exp.Column) else None


def _names(projection: exp.Expression) -> list[str]:
    """The names that AS (a, b) gives."""
    return [item.name for item in projection.expressions] if isinstance(projection, exp.Aliases) else []


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
    """A node and what is written in it, without queries of their own."""
    yield node
    for child in parts_of(node) if not isinstance(node, exp.Query) else ():
        yield from _walk(child)


def _part(node: exp.Expression, name: str) -> exp.Expression | None:
    """An argument whose name sqlglot wrote without and, later, with an underscore."""
    return node.args.get(f"{name}_") or node.args.get(name)

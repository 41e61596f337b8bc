"""What a SELECT reads from: the tables behind FROM, JOIN and LATERAL VIEW, each with its columns."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from pipelinegen.errors import suggest
from pipelinegen.sql.dialect import call_of, whole_number
from pipelinegen.sql.generators import generated, is_generator, of_values, pivoted, relation_of, renamed, values_of
from pipelinegen.sql.grammar import FILE_FORMATS, reads_files
from pipelinegen.sql.grouping import has_aggregate
from pipelinegen.sql.names import View
from pipelinegen.sql.question import Finding
from pipelinegen.sql.relation import UNKNOWN, Field, Relation
from pipelinegen.sql.rules import place_of
from pipelinegen.sql.signatures import signatures
from pipelinegen.sql.types import TypeOf

Views = tuple[View, ...]


@dataclass
class Tables:
    """Tables by alias, those that a semi join hides, and expressions of FROM with what they see."""

    by_alias: dict[str, Relation] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    inside: list[tuple[exp.Expression, Views]] = field(default_factory=list)

    def visible(self) -> dict[str, Relation]:
        """Those that the rest of the SELECT sees."""
        return {alias: relation for alias, relation in self.by_alias.items() if alias not in self.hidden}


class Sources:
    """Reads what stands in the FROM of one SELECT."""

    def __init__(
        self,
        inputs: Mapping[str, Relation],
        named: Mapping[str, Relation],
        read: Callable[[exp.Expression, Views], Relation],
        types: Callable[[Views], TypeOf],
    ) -> None:
        self.inputs, self.named, self.read, self.types = inputs, named, read, types
        self.findings: list[Finding] = []
        self.own: list[tuple[exp.Expression, Views]] = []

    def tables(self, select: exp.Select, outer: Views) -> Tables:
        """Every table, in the order in which the query names them."""
        found = Tables()
        from_ = _part(select, "from")
        if from_ is not None:
            self._add(found, from_.this, outer)
        for join in select.args.get("joins") or []:
            self._add(found, join.this, outer)
            if join.kind in ("SEMI", "ANTI") or join.side in ("SEMI", "ANTI"):
                found.hidden.add(alias_of(join.this, len(found.by_alias) - 1))
        for lateral in select.args.get("laterals") or []:
            views = (View(found.visible(), {}), *outer)
            number = len(found.by_alias)
            relation = self._generated(lateral, views)
            found.inside.append((lateral.this, views))
            found.by_alias[alias_of(lateral, number)] = relation
        found.inside.extend(self.own)
        return found

    def _add(self, found: Tables, item: exp.Expression, outer: Views) -> None:
        number = len(found.by_alias)
        if isinstance(item, exp.Lateral):
            views = (View(dict(found.by_alias), {}), *outer)
            if isinstance(item.this, exp.Subquery):
                relation = self.read(item.this, views).renamed(alias_columns(item))
            else:
                relation = self._generated(item, views)
                found.inside.append((item.this, views))
        else:
            relation = self._table(item, outer)
        found.by_alias[alias_of(item, number)] = relation

    def _generated(self, item: exp.Expression, views: Views) -> Relation:
        call = call_of(item.this)
        if call is not None and call.name in signatures() and not is_generator(call.name):
            fact = f"'{call.name}' makes no rows, which is what LATERAL VIEW is for"
            self.findings.append(
                Finding("PG133", fact, "write explode(…), posexplode(…) or inline(…)", *place_of(item.this))
            )
        given = generated(item.this, self.types(views))
        if given is None:
            return UNKNOWN
        columns, faults = renamed(given, alias_columns(item), item)
        self.findings.extend(faults)
        return relation_of(columns)

    def _table(self, item: exp.Expression, outer: Views) -> Relation:
        if item.args.get("joins") or item.args.get("laterals"):
            return UNKNOWN
        if item.args.get("pivots"):
            return self._pivot(item, outer)
        if isinstance(item, exp.Subquery) and isinstance(item.this, exp.Query):
            return self._renamed(self.read(item, outer), item)
        if isinstance(item, exp.Values) or (isinstance(item, exp.Table) and isinstance(item.this, exp.Anonymous)):
            self.findings.extend(_columns_of_nothing(item))
        if isinstance(item, exp.Values):
            views = (View({}, {}), *outer)
            self.own.extend((value, views) for value in values_of(item) if value.find(exp.Column) is None)
            return self._renamed(of_values(item, self.types(outer)), item)
        if isinstance(item, exp.Table) and isinstance(item.this, exp.Anonymous):
            given = item.this.expressions
            is_range = (
                str(item.this.this).lower() == "range" and 0 < len(given) < 5 and None not in map(whole_number, given)
            )
            return self._renamed(Relation({"id": Field("bigint")}), item) if is_range else UNKNOWN
        if not isinstance(item, exp.Table) or not isinstance(item.this, exp.Identifier):
            return UNKNOWN
        return self._named(item)

    def _named(self, item: exp.Table) -> Relation:
        name = item.name.lower()
        if not item.db:
            known = self.named.get(name) or self.inputs.get(name)
            if known is not None:
                return self._renamed(known, item)
        if item.db.lower() in FILE_FORMATS:
            self.findings.append(reads_files(item.db, place_of(item.parts[0])[0], place_of(item.parts[-1])[1]))
        else:
            full = ".".join(part.name for part in item.parts)
            place = place_of(item.parts[0])[0], place_of(item.parts[-1])[1]
            help = suggest(item.name, self.inputs, "the step's inputs")
            self.findings.append(Finding("PG081", f"the step has no input '{full}'", help, *place))
        return UNKNOWN

    def _pivot(self, item: exp.Expression, outer: Views) -> Relation:
        pivots = item.args["pivots"]
        plain = item.copy()
        plain.set("pivots", None)
        plain.set("alias", None)
        inner = self._table(plain, outer)
        views = (View({"": inner}, {}), *outer)
        if pivots[0].args.get("unpivot"):
            return UNKNOWN
        fields = pivots[0].args.get("fields") or ()
        for value in [value for key in fields for value in key.expressions]:
            self.findings.extend(_columns_of_nothing(value))
        for value in pivots[0].expressions:
            if not has_aggregate(value):
                help = "aggregate it, as in sum(…)"
                self.findings.append(Finding("PG133", "PIVOT wants an aggregate first", help, *place_of(value)))
        if len(pivots) == 1:
            keys = [key.this for key in fields if isinstance(key, exp.In)]
            self.own.extend((part, views) for part in (*keys, *pivots[0].expressions))
        return pivoted(inner, pivots, self.types(views))

    def _renamed(self, relation: Relation, item: exp.Expression) -> Relation:
        names = alias_columns(item)
        is_known = not relation.is_open and not relation.repeated
        if names and is_known and len(names) != len(relation.fields):
            fact = f"'{item.alias}' names {len(names)} columns, and has {len(relation.fields)}"
            self.findings.append(Finding("PG133", fact, "name each of them", *place_of(item.args["alias"])))
        return relation.renamed(names)


def _columns_of_nothing(item: exp.Expression) -> Iterator[Finding]:
    """PG133 for columns where there is no table that could have them."""
    column = item.find(exp.Column, exp.Star)
    if column is not None:
        fact = f"'{column.name}' stands where no row is read yet"
        yield Finding("PG133", fact, "write a value", *place_of(column))


def alias_of(item: exp.Expression, number: int) -> str:
    """The name of a table; one that no query could write if it has none."""
    return str(item.alias_or_name).lower() or f"table {number}"


def alias_columns(item: exp.Expression) -> list[str]:
    """The names that `t(a, b)` gives to columns."""
    return [name.lower() for name in item.alias_column_names]


def sources_of(select: exp.Select) -> list[exp.Expression]:
    """What stands in FROM and behind JOIN."""
    from_ = _part(select, "from")
    return [*([from_.this] if from_ else []), *(join.this for join in select.args.get("joins") or [])]


def _part(node: exp.Expression, name: str) -> exp.Expression | None:
    """An argument whose name sqlglot wrote without and, later, with an underscore."""
    return node.args.get(f"{name}_") or node.args.get(name)

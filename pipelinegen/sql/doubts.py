"""What no rule here decides: such a query may be right or wrong, and Spark alone can say which."""

from collections.abc import Iterator

from sqlglot import exp

from pipelinegen.sql.constants import is_constant, is_stable
from pipelinegen.sql.datatypes import key_of
from pipelinegen.sql.decided import is_decided
from pipelinegen.sql.dialect import call_of, is_of_like
from pipelinegen.sql.generators import generated
from pipelinegen.sql.grammar import without_texts
from pipelinegen.sql.grouping import all_keys, has_sets, is_held_against_keys, word_place
from pipelinegen.sql.kinds import NUMBERS, kind_of
from pipelinegen.sql.names import View, meant
from pipelinegen.sql.punctuation import unread
from pipelinegen.sql.question import Finding
from pipelinegen.sql.relation import Relation
from pipelinegen.sql.shape import joined_by
from pipelinegen.sql.sources import sources_of
from pipelinegen.sql.types import OPERATORS, TypeOf, is_unit, type_of

#: What holds expressions, and is none.
_AROUND = (
    *(exp.Alias, exp.Aliases, exp.Cluster, exp.ColumnDef, exp.CTE, exp.Cube, exp.DataType, exp.DataTypeParam),
    *(exp.Distinct, exp.Distribute, exp.From, exp.Group, exp.GroupingSets, exp.Having, exp.Identifier),
    *(exp.IntervalSpan, exp.Join, exp.Lambda, exp.Lateral, exp.Limit, exp.Offset, exp.Order, exp.Ordered, exp.Rollup),
    *(exp.Sort, exp.Table, exp.TableAlias, exp.Var, exp.Where, exp.With),
)
#: Tests that Spark reads in another order than sqlglot where one stands beside another without brackets.
_TESTS = (exp.Between, exp.ILike, exp.In, exp.Is, exp.Like, exp.RegexpLike)
_BESIDE_TESTS = (*_TESTS, *(kind for kind in OPERATORS if kind not in _TESTS))
_COMPARISONS = tuple(kind for kind, sign in OPERATORS.items() if sign in ("=", "<", "<=>"))
#: Expressions whose rules are exact where their parts are known.
_VALUES = (
    *(exp.And, exp.BitwiseNot, exp.Boolean, exp.Bracket, exp.Case, exp.Cast, exp.Coalesce, exp.Column, exp.Concat),
    *(exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentUser, exp.Dot, exp.Escape, exp.Exists, exp.Extract),
    *(exp.Filter, exp.HexString, exp.If, exp.IgnoreNulls, exp.Interval, exp.Literal, exp.Neg, exp.Not, exp.Null),
    *(exp.Or, exp.Paren, exp.Placeholder, exp.PropertyEQ, exp.RespectNulls, exp.Window, exp.WindowSpec),
    *(exp.WithinGroup, *_TESTS, *OPERATORS),
)


def doubts(node: exp.Expression, ask: TypeOf) -> Iterator[Finding]:
    """What nobody but Spark knows of one node; nothing of what is inside it."""
    call = call_of(node)
    if call is None and (isinstance(node, _AROUND) or is_of_like(node) or _is_list(node) or _is_every_column(node)):
        return
    is_definition = isinstance(node, exp.Window) and node.arg_key == "windows"
    if is_definition or is_unit(node):
        return
    if call is None and not isinstance(node, _VALUES):
        yield _doubt(node, f"what '{node.key}' takes and gives")
    elif call is not None and not is_decided(node, call, ask):
        yield _doubt(node, f"whether '{call.name}' takes such arguments")
    elif isinstance(node, exp.WindowSpec) and not all(map(_is_bound, (node.args.get("start"), node.args.get("end")))):
        yield _doubt(node, "what such a bound of a frame is")
    elif _is_beside(node):
        yield _doubt(node, "which test stands in which")
    elif isinstance(node, exp.Bracket) and not _is_of_key(node, ask):
        yield _doubt(node, "whether the map has such keys")
    elif type_of(node, ask) is None and generated(node, ask) is None and not _has_no_type(node):
        yield _doubt(node, f"what type '{call.name if call else node.key}' gives")


def select_doubts(select: exp.Select, ask: TypeOf) -> Iterator[Finding]:
    """The same of how a SELECT is put together."""
    if not is_held_against_keys(select):
        yield _doubt(select.args["group"], "which columns go with these keys")
    group = select.args.get("group")
    for key in all_keys(group) if group is not None else ():
        is_number = isinstance(key, exp.Placeholder) and kind_of(type_of(key, ask)) in NUMBERS
        if is_number or (has_sets(group) and is_constant(key)) or not is_stable(key):
            yield _doubt(key, "what a group of constants is")
    if group is not None and has_sets(group) and joined_by(select) != frozenset():
        yield _doubt(group, "what groups by sets are over a join by USING")
    for source in sources_of(select):
        if source.args.get("sample") is not None:
            yield _doubt(source, "what TABLESAMPLE takes")
    for join in select.args.get("joins") or ():
        condition = join.args.get("on")
        if isinstance(condition, exp.Expression) and not is_stable(condition):
            yield _doubt(condition, "what a join by values is that differ each time")


def union_doubts(query: exp.Expression, left: Relation, right: Relation) -> Iterator[Finding]:
    """The same of a set operation."""
    for half in (left, right):
        if not half.is_whole:
            yield _doubt(query, "which columns a half of a set operation has")


def outer_doubts(column: exp.Column, views: tuple[View, ...], *, is_condition: bool) -> Iterator[Finding]:
    """The same of a column of the query around this one, which Spark knows in WHERE, and seldom elsewhere.

    Of two tables that have it, as one that they are joined by, Spark knows none.
    """
    if column.is_star or meant(column, views[:1]) is not None or meant(column, views[1:]) is None:
        return
    name = column.parts[0].name.lower()
    owners = sum(name in relation.fields for view in views[1:] for relation in view.tables.values())
    if not is_condition or owners > 1:
        yield _doubt(column, "where a query knows columns of the one around it")


def open_doubt(node: exp.Expression) -> Iterator[Finding]:
    """The same of tables whose columns are not all known."""
    yield _doubt(node, "which columns a table of it has")


def result_doubts(sql: str, query: exp.Expression, result: Relation) -> Iterator[Finding]:
    """The same of a query as a whole."""
    word = unread(without_texts(sql), query)
    if word is not None:
        yield Finding("PG144", f"what each {word} of the query stands for", "")
    if result.is_open:
        yield _doubt(query, "which columns the query gives")


def _is_every_column(node: exp.Expression) -> bool:
    """Whether this is a star where one may stand."""
    around = node.parent
    is_argument = around is not None and call_of(around) is not None
    return node.is_star and (is_argument or isinstance(around, exp.Select | exp.Column))


def _is_beside(node: exp.Expression) -> bool:
    """Whether one test stands beside another without brackets."""
    if isinstance(node, exp.Window) and isinstance(node.this, exp.Paren):
        return True
    is_compared = isinstance(node, _COMPARISONS) and isinstance(node.parent, _COMPARISONS)
    return is_compared or (isinstance(node, _TESTS) and isinstance(node.parent, _BESIDE_TESTS))


def _has_no_type(node: exp.Expression) -> bool:
    return isinstance(node, exp.WindowSpec) or isinstance(node.parent, exp.WithinGroup)


def _is_list(node: exp.Expression) -> bool:
    """Whether this is a list of keys or values in brackets, and no struct."""
    around = node.parent
    is_behind_like = around is not None and is_of_like(around)
    return isinstance(node, exp.Tuple) and (isinstance(around, exp.In | exp.Group | exp.GroupingSets) or is_behind_like)


def _is_bound(value: object) -> bool:
    """Whether a bound of a frame is a number or an interval that is written out."""
    while isinstance(value, exp.Neg | exp.Paren):
        value = value.this
    is_plain = isinstance(value, exp.Interval) and isinstance(value.this, exp.Literal)
    return is_plain or isinstance(value, exp.Literal) or not isinstance(value, exp.Expression)


def _is_of_key(node: exp.Bracket, ask: TypeOf) -> bool:
    """Whether what stands in brackets is brought to the type of a map's keys."""
    held = type_of(node.this, ask)
    key, given = kind_of(key_of(held)), kind_of(type_of(node.expressions[0], ask) if node.expressions else None)
    if kind_of(held) != "map" or key == given:
        return True
    kinds = {key, given} - ({"void"} if given == "void" else set())
    return kinds <= NUMBERS | {"string"} or kinds <= {"date", "string", "timestamp"}


def _doubt(node: exp.Expression, message: str) -> Finding:
    return Finding("PG144", message, "", *word_place(node))

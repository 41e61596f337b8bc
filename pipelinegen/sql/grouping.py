"""PG133: aggregates and windows where they cannot stand, and columns beside them that have several values."""

from collections.abc import Iterator, Mapping, Sequence, Set

from sqlglot import exp

from pipelinegen.sql.dialect import call_of, parts_of, whole_number, written
from pipelinegen.sql.question import Finding
from pipelinegen.sql.relation import Field, Relation
from pipelinegen.sql.rules import WINDOW_STAND_IN, place_of
from pipelinegen.sql.signatures import signatures

#: A longer expression is not held against GROUP BY: what that takes grows with the square of its length.
_LONGEST = 300
#: What a function that makes rows may stand in.
_BESIDE_GENERATORS = (exp.Alias, exp.Aliases, exp.Lateral, exp.Select)
#: What are no values that one could group by as they are.
_NO_KEYS = (exp.Cube, exp.GroupingSets, exp.Query, exp.Rollup, exp.Star, exp.Tuple)
#: What may stand around a function before its OVER.
_SAID = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)


def grouping_faults(
    select: exp.Select, tables: Mapping[str, Relation], given: Mapping[str, Field]
) -> Iterator[Finding]:
    """Every fault of this sort in one SELECT; `given` are the columns it gives."""
    yield from _misplaced(select)
    yield from _nested(select)
    yield from _generators(select)
    yield from _out_of_range(select)
    yield from _grouping_words(select)
    yield from _structs_in_sets(select)
    yield from _ungrouped(select, tables, given)
    yield from _order_faults(select, given, _columns_of(tables))


def _misplaced(select: exp.Select) -> Iterator[Finding]:
    """Aggregates and windows in WHERE, in ON and in GROUP BY."""
    parts = [("WHERE", select.args.get("where")), ("GROUP BY", select.args.get("group"))]
    parts += [("ON", join.args.get("on")) for join in select.args.get("joins") or ()]
    for word, part in parts:
        for node in own_nodes(part) if isinstance(part, exp.Expression) else ():
            if isinstance(node, exp.Window):
                help = "compute it in a query of its own, and filter what that gives"
                yield Finding("PG133", f"a window function cannot stand in {word}", help, *word_place(node))
                break
            if is_aggregate(node) and not isinstance(node.parent, exp.Window | exp.WithinGroup):
                help = "filter groups by HAVING" if word == "WHERE" else "aggregate in a query of its own"
                yield Finding("PG133", f"an aggregate cannot stand in {word}", help, *word_place(node))
                break


def _nested(select: exp.Select) -> Iterator[Finding]:
    """Aggregates of aggregates."""
    for item in select.expressions:
        for node in own_nodes(item):
            if is_aggregate(node) and not _is_over(node) and not isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
                inner = [child for child in own_nodes(node) if child is not node and is_aggregate(child)]
                if inner and not any(_is_over(child) for child in inner):
                    help = "aggregate in a query of its own first"
                    yield Finding("PG133", "an aggregate cannot be aggregated again at once", help, *word_place(node))
                    return


def _generators(select: exp.Select) -> Iterator[Finding]:
    """Functions that make several rows of one, anywhere but in the SELECT by themselves."""
    where = select.args.get("where")
    for item in [*select.expressions, *([where] if where is not None else [])]:
        for node in own_nodes(item):
            known = signatures().get(_name(node))
            if known and known.group == "generator_funcs" and not isinstance(node.parent, _BESIDE_GENERATORS):
                fact = f"'{known.name}' makes several rows of one, and cannot stand inside an expression"
                help = f"write LATERAL VIEW {known.name}(…) AS name, and use the name"
                yield Finding("PG133", fact, help, *word_place(node))


def _out_of_range(select: exp.Select) -> Iterator[Finding]:
    """Numbers of columns in GROUP BY and ORDER BY that the SELECT has not, or that are aggregates."""
    if any(item.is_star for item in select.expressions):
        return
    count = len(select.expressions)
    for word in ("group", "order"):
        part = select.args.get(word)
        for key in all_keys(part) if part is not None else ():
            place = _number(key.this if isinstance(key, exp.Ordered) else key)
            if place is None:
                continue
            fact = f"{word.upper()} BY {place} refers to"
            if not 1 <= place <= count:
                help = f"give a number from 1 to {count}, or a name"
                yield Finding("PG133", f"{fact} no column: the SELECT has {count}", help)
            elif word == "group" and has_aggregate(select.expressions[place - 1]):
                yield Finding("PG133", f"{fact} an aggregate", "group by what is not aggregated")


def all_keys(part: exp.Expression) -> Iterator[exp.Expression]:
    """The keys of GROUP BY or ORDER BY, those inside of CUBE and its kin among them."""
    for key in part.expressions:
        if isinstance(key, exp.Tuple | exp.Paren | exp.Cube | exp.Rollup | exp.GroupingSets):
            yield from all_keys(key) if not isinstance(key, exp.Paren) else (key.this,)
        else:
            yield key
    for word in ("cube", "rollup", "grouping_sets"):
        for rule in part.args.get(word) or ():
            if isinstance(rule, exp.Expression):
                yield from all_keys(rule)


def _number(key: exp.Expression) -> int | None:
    """The number of a column that a key is, if it is one."""
    number = whole_number(key)
    return number if number is not None and abs(number) < 2**31 else None


def _structs_in_sets(select: exp.Select) -> Iterator[Finding]:
    """Structs with names of their own as keys of CUBE and its kin: Spark does not know them again in the SELECT."""
    group = select.args.get("group")
    if group is None or not has_sets(group):
        return
    keys = {_text(key) for key in all_keys(group)}
    for key in all_keys(group):
        columns = {_text(column) for column in key.find_all(exp.Column)}
        if columns - keys and any(_is_named(item) for item in key.find_all(exp.PropertyEQ)):
            texts = {_text(node) for item in select.expressions for node in own_nodes(item)}
            if _text(key) in texts:
                fact = "Spark does not know a struct of CUBE, ROLLUP or GROUPING SETS again in the SELECT"
                yield Finding("PG133", fact, "make it in a query of its own, and group by its name", *place_of(key))


def _is_named(item: exp.Expression) -> bool:
    """Whether a field of struct(…) has a name by AS."""
    return _name(item.parent) == "struct" and item.this.name != item.expression.name


def has_sets(group: exp.Expression) -> bool:
    """Whether one groups by CUBE, ROLLUP or GROUPING SETS."""
    return any(group.args.get(word) for word in ("cube", "rollup", "grouping_sets")) or any(
        isinstance(key, exp.Cube | exp.Rollup | exp.GroupingSets) or _is_rule(key) for key in group.expressions
    )


def _grouping_words(select: exp.Select) -> Iterator[Finding]:
    """grouping() and its kin where GROUP BY has no sets."""
    group = select.args.get("group")
    is_of_sets = group is not None and has_sets(group)
    for item in select.expressions if not is_of_sets else ():
        for node in own_nodes(item):
            if _name(node) in ("grouping", "grouping_id"):
                fact = f"'{_name(node)}' stands where GROUP BY has no sets"
                yield Finding("PG133", fact, "group by ROLLUP, CUBE or GROUPING SETS", *word_place(node))


def _ungrouped(select: exp.Select, tables: Mapping[str, Relation], given: Mapping[str, Field]) -> Iterator[Finding]:
    """Columns that stand beside an aggregate although the query does not group by them."""
    columns = _columns_of(tables)
    keys = _keys(select, columns)
    if keys is None:
        return
    texts = {_text(key) for key in keys}
    names = {key.name.lower() for key in keys if isinstance(key, exp.Column)}
    names |= (
        {key.name.lower() for key in select.args["group"].expressions if isinstance(key, exp.Column)} if keys else set()
    )
    names |= {name for name in (window_of(select),) if name}
    having = select.args.get("having")
    for item in [*select.expressions, *([having.this] if having is not None else [])]:
        if item.is_star:
            loose = _loose_star(item, names, tables)
            if loose:
                fact = f"'*' stands beside what is grouped, and '{loose}' has several values"
                yield Finding("PG133", fact, "name the columns, each grouped by or aggregated", *place_of(item))
            continue
        is_key = item.alias_or_name.lower() in names - columns
        if is_key and not isinstance(item, exp.Column):
            continue  # GROUP BY names the alias
        if sum(1 for _ in item.walk()) > _LONGEST:
            continue
        known = names | (set(given) if item not in select.expressions else set())
        column = _loose(item.unalias(), texts, known)
        if column is not None:
            fact = f"'{column.name}' stands beside what is grouped, and has several values"
            help = "group by it, or aggregate it, as in max(…) or any_value(…)"
            yield Finding("PG133", fact, help, *place_of(column.this))


def _columns_of(tables: Mapping[str, Relation]) -> Set[str]:
    return {name for relation in tables.values() for name in relation.fields}


def _order_faults(select: exp.Select, given: Mapping[str, Field], columns: Set[str]) -> Iterator[Finding]:
    """Keys of ORDER BY that are gone once rows are grouped or made distinct."""
    order, keys = select.args.get("order"), _keys(select, columns)
    is_distinct = select.args.get("distinct") is not None
    if order is None or (keys is None and not is_distinct):
        return
    if not is_distinct and any(item.is_star for item in select.expressions):
        return
    texts = {_text(key) for key in keys or ()} | {_text(item.unalias()) for item in select.expressions}
    texts |= {window_of(select) or ""}
    names = {key.name.lower() for key in keys or () if isinstance(key, exp.Column)} if not is_distinct else set()
    for item in order.expressions:
        if sum(1 for _ in item.walk()) > _LONGEST:
            continue
        column = _loose(item.this, texts, names | set(given))
        if column is not None:
            done = "made distinct" if is_distinct else "grouped"
            fact = f"'{column.name}' is gone once rows are {done}, and cannot order them"
            yield Finding("PG133", fact, "order by what the SELECT gives", *place_of(column.this))


def _keys(select: exp.Select, columns: Set[str]) -> list[exp.Expression] | None:
    """What a SELECT groups by; nothing for one group of all rows, None where rows are not grouped, or by rules."""
    group = select.args.get("group")
    if group is None:
        is_grouped = any(has_aggregate(item) for item in select.expressions)
        return [] if is_grouped or select.args.get("having") is not None else None
    if group.args.get("all"):
        return [item.unalias() for item in select.expressions if not has_aggregate(item)]
    given = list(all_keys(group))
    if not given or any(_is_rule(key) for key in given):
        return None
    keys = []
    for key in given:
        place = _number(key)
        if place is not None:
            if not 1 <= place <= len(select.expressions):
                return None
            key = select.expressions[place - 1].unalias()
        keys.append(_behind_alias(key, select, columns))
    is_known = not any(isinstance(key, _NO_KEYS) for key in keys)
    return keys if is_known and not any(_is_rule(key) for key in keys) else None


def is_held_against_keys(select: exp.Select) -> bool:
    """Whether what stands beside aggregates was held against what the query groups by."""
    is_short = all(sum(1 for _ in item.walk()) <= _LONGEST for item in select.expressions)
    return select.args.get("group") is None or (is_short and _keys(select, frozenset()) is not None)


def _behind_alias(key: exp.Expression, select: exp.Select, columns: Set[str]) -> exp.Expression:
    """What a key stands for that is a name of the SELECT's own, and of no column."""
    if isinstance(key, exp.Column) and not key.table and key.name.lower() not in columns:
        for item in select.expressions:
            is_same = isinstance(item, exp.Alias) and item.alias.lower() == key.name.lower()
            if is_same and not (isinstance(item.this, exp.Column) and item.this.name.lower() == key.name.lower()):
                return item.this
    return key


def is_of_keys(node: exp.Expression, arguments: Sequence[exp.Expression]) -> bool:
    """Whether grouping(…) or grouping_id(…) names what the query groups by: one key, or every one in order."""
    select = node.find_ancestor(exp.Select)
    group = select.args.get("group") if select is not None else None
    keys = list(dict.fromkeys(_text(key) for key in all_keys(group))) if group is not None else []
    named = [_text(item) for item in arguments]
    return named == keys if _name(node) == "grouping_id" else len(named) == 1 and named[0] in keys


def _is_rule(key: exp.Expression) -> bool:
    return _name(key) in ("grouping_sets", "cube", "rollup")


def window_of(select: exp.Select) -> str | None:
    """The column that Spark adds where one groups by time: `window` or `session_window`; None if it adds none."""
    group = select.args.get("group")
    found = {_name(_behind_alias(key, select, frozenset())) for key in (all_keys(group) if group is not None else ())}
    return "session_window" if "session_window" in found else "window" if found & {"window", WINDOW_STAND_IN} else None


def _loose(node: exp.Expression, texts: set[str], names: set[str]) -> exp.Column | None:
    """A column in an expression that is neither grouped by nor inside an aggregate."""
    if isinstance(node, exp.Query) or (is_aggregate(node) and not _is_over(node)):
        return None
    if isinstance(node, exp.Filter | exp.WithinGroup) and is_aggregate(node.this):
        return None
    if _text(node) in texts:
        return None
    if isinstance(node, exp.Column):
        parts = {part.name.lower() for part in node.parts}
        return node if not (parts & names or isinstance(node.this, exp.Star)) else None
    children = parts_of(node)
    if isinstance(node, exp.Window):
        order = node.args.get("order")
        keys = [*(node.args.get("partition_by") or ()), *(order.expressions if order is not None else ())]
        children = iter([*heads(node)[-1].iter_expressions(), *keys])
    found = (_loose(child, texts, names) for child in children)
    return next((item for item in found if item is not None), None)


def _loose_star(item: exp.Expression, names: set[str], tables: Mapping[str, Relation]) -> str | None:
    """A column that a star stands for and that is not grouped by."""
    star = item.this if isinstance(item, exp.Column) else item
    if any(star.args.get(key) for key in ("except", "except_", "replace", "rename")):
        return None
    table = item.table.lower() if isinstance(item, exp.Column) else ""
    relations = [relation for alias, relation in tables.items() if table in ("", alias)]
    return next((name for relation in relations for name in relation.fields if name not in names), None)


def is_aggregate(node: exp.Expression) -> bool:
    """Whether a node makes one value of many rows."""
    call = call_of(node)
    known = signatures().get(call.name) if call else None
    return known.is_aggregate if known else isinstance(node, exp.AggFunc)


def has_aggregate(node: exp.Expression) -> bool:
    """Whether an aggregate is reckoned over the query's rows, and not in a window or a query of its own."""
    if isinstance(node, exp.Window):
        return any(has_aggregate(child) for child in heads(node)[-1].iter_expressions())
    if isinstance(node, exp.Query):
        return False
    return is_aggregate(node) or any(has_aggregate(child) for child in node.iter_expressions())


def own_nodes(node: exp.Expression) -> Iterator[exp.Expression]:
    """A node and what is inside it, without queries of their own."""
    yield node
    for child in node.iter_expressions():
        if not isinstance(child, exp.Query):
            yield from own_nodes(child)


def over_of(node: exp.Expression) -> exp.Window | None:
    """The OVER behind a function."""
    around = node.parent
    while isinstance(around, _SAID):
        around = around.parent
    return around if isinstance(around, exp.Window) and around.this is not None and node in heads(around) else None


def heads(window: exp.Window) -> list[exp.Expression]:
    """What stands before an OVER: the function last, behind what is said of it."""
    found = [window.this]
    while isinstance(found[-1], _SAID):
        found.append(found[-1].this)
    return found


def _is_over(node: exp.Expression) -> bool:
    return over_of(node) is not None


def _name(node: exp.Expression) -> str:
    call = call_of(node)
    return call.name if call else ""


def _text(node: exp.Expression) -> str:
    """An expression without the tables of its columns, to be compared with another."""
    plain = node.copy()
    for column in [plain] if isinstance(plain, exp.Column) else list(plain.find_all(exp.Column)):
        column.set("table", None)
    return written(plain, normalize_functions="lower").lower()


def word_place(node: exp.Expression) -> tuple[int | None, int | None]:
    """Where the name of a function stands, else the first name inside."""
    start = node.meta.get("start")
    return (start, node.meta["end"] + 1) if start is not None else place_of(node)

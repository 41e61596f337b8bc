"""PG080: syntax of other databases, which sqlglot reads in any dialect and Spark's grammar (3.5) does not have."""

import re
from collections.abc import Callable, Iterator

from sqlglot import exp

from pipelinegen.sql.dialect import call_of
from pipelinegen.sql.punctuation import punctuation_faults
from pipelinegen.sql.question import Finding
from pipelinegen.sql.rules import place_of

#: What an interval can be counted in.
_SPANS = frozenset(
    ("year", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond"),
)
#: What a node was written as, and what to write instead.
Foreign = tuple[str, str]

_NODES: dict[type[exp.Expression], Foreign] = {
    exp.AtTimeZone: ("AT TIME ZONE", "write from_utc_timestamp(…, 'Europe/Berlin') or to_utc_timestamp"),
    exp.Collate: ("COLLATE with a name", "leave it out"),
    exp.Fetch: ("FETCH FIRST", "write LIMIT"),
    exp.JSONBExtract: ("'#>'", "write get_json_object(…, '$.key')"),
    exp.JSONExtractScalar: ("'->>'", "write get_json_object(…, '$.key')"),
    exp.Qualify: ("QUALIFY", "number the rows in a WITH query, and filter that by WHERE"),
    exp.SimilarTo: ("SIMILAR TO", "write RLIKE"),
    exp.Unnest: ("UNNEST", "write LATERAL VIEW explode(…) AS name"),
}
#: The same for words: what is underlined is the first group.
_WORDS = (
    (r"(::)", "Spark has no '::'", "write CAST(… AS …)"),
    (
        r"\bis\s+(?:not\s+)?(?:null|true|false)\s+(is)\b",
        "Spark has no IS behind another test",
        "put the first one in brackets",
    ),
    (r"\b((?:group|order)\s+by)\s*(?=$|\)|;)", "nothing follows {}", "name columns"),
    (r"\blimit\s+[^\s(),]+\s*(,)", "Spark has no LIMIT with two numbers", "write LIMIT … OFFSET …"),
    (
        r"\bcast\s*\((?:[^()]|\([^()]*\))*?\bas\s+(bool|bytea|datetime|float8|int[248]|jsonb?|money|n?varchar2?(?=\s*\))"
        r"|nvarchar2?|number|text|time|timestamptz|uuid|string(?=\s*\()|double(?=\s+precision))\b",
        "Spark has no type {} like that",
        "Spark's types are: bigint, boolean, date, decimal(12,2), double, float, int, string, timestamp",
    ),
)


#: Prefixes of a table's name that make Spark read files instead: SELECT * FROM parquet.`s3://…`.
FILE_FORMATS = frozenset({"avro", "binaryfile", "csv", "delta", "json", "orc", "parquet", "text"})


def reads_files(format: str, start: int | None, end: int | None) -> Finding:
    """PG081 for files that are read by themselves: no contract says what they hold, or what of it is sensitive."""
    fact = f"the SQL reads {format.lower()} files by itself, past every contract"
    return Finding("PG081", fact, "declare a dataset, and name it under `inputs:`", start, end)


def files_read(sql: str) -> Iterator[Finding]:
    """The same for a query that is too long or too deep to be read: only its words are looked at."""
    for found in re.finditer(rf"\b({'|'.join(sorted(FILE_FORMATS))})\s*\.\s*(?=`)", sql, re.IGNORECASE):
        yield reads_files(found.group(1), found.start(), found.end())


def foreign_syntax(sql: str, query: exp.Expression) -> Iterator[Finding]:
    """What Spark would not read."""
    plain = without_texts(sql)
    yield from punctuation_faults(plain)
    for pattern, fact, help in _WORDS:
        found = re.search(pattern, plain, re.IGNORECASE)
        if found:
            place = found.span(1)
            yield Finding("PG080", fact.format(sql[slice(*place)].upper()), help, *place)
    for node in query.walk():
        foreign = _foreign(node)
        if foreign:
            what, help = foreign
            yield Finding("PG080", f"Spark has no {what}", help, *place_of(node))
        if isinstance(node, exp.Identifier) and node.quoted:
            yield from _name_in_quotes(sql, node)


def _foreign(node: exp.Expression) -> Foreign | None:
    if call_of(node) is None and type(node) in _NODES:
        return _NODES[type(node)]
    for kind, check in _PARTS.items():
        if isinstance(node, kind):
            return check(node)
    return None


def _quantified(node: exp.Expression) -> Foreign | None:
    is_query = isinstance(node.this, exp.Query) and isinstance(node.parent, exp.Binary)
    return (
        (f"{node.key.upper()} of a query", "write IN, EXISTS, or compare with max(…) or min(…)") if is_query else None
    )


def _star(node: exp.Expression) -> Foreign | None:
    given = [key for key in ("except", "except_", "replace", "rename") if node.args.get(key)]
    word = given[0].rstrip("_").upper() if given else ""
    return (f"'* {word} (…)'", "name the columns that are wanted") if word else None


def _array(node: exp.Expression) -> Foreign | None:
    is_own = call_of(node) is None and not isinstance(node.parent, exp.Map | exp.VarMap)
    return ("arrays in brackets", "write array(…)") if is_own else None


def _with(node: exp.Expression) -> Foreign | None:
    return ("WITH RECURSIVE", "compute it in several steps") if node.args.get("recursive") else None


def _in(node: exp.Expression) -> Foreign | None:
    if node.args.get("field") is not None:
        return "IN without brackets", "write IN (…)"
    is_empty = not node.expressions and not any(node.args.get(key) for key in ("query", "unnest", "field"))
    return ("IN of nothing", "write what it may be, or false") if is_empty else None


def _decimal(node: exp.Expression) -> Foreign | None:
    sizes = [int(item.name) for item in node.expressions if item.name.isdigit()]
    is_wrong = sizes and (sizes[0] > 38 or (len(sizes) > 1 and sizes[1] > sizes[0]))
    return ("such a DECIMAL", "give it 38 digits at most, of which some stand behind the point") if is_wrong else None


def _interval(node: exp.Expression) -> Foreign | None:
    value = node.this.this if isinstance(node.this, exp.Neg) else node.this
    is_plain = value is None or isinstance(value, exp.Literal)
    unit = node.args.get("unit")
    word = unit.name.lower() if isinstance(unit, exp.Var) else ""
    if word and word.removesuffix("s") not in _SPANS:
        return f"unit {word.upper()} of intervals", "write DAYS, HOURS, MINUTES and so on"
    if isinstance(value, exp.Literal) and word and not re.fullmatch(r"\s*[+-]?\d*\.?\d+\s*", value.name):
        return f"intervals of '{value.name}' {word.upper()}", "write a number"
    if is_plain and value is not None and "." in value.name and word and not word.startswith("second"):
        return f"intervals of {value.name} {word.upper()}", "write a whole number of a smaller unit"
    return None if is_plain else ("INTERVAL of anything but a number as such", "multiply: INTERVAL 1 DAY * n")


def _parameter_of_type(node: exp.Expression) -> Foreign | None:
    is_number = isinstance(node.this, exp.Literal) and node.name.isdigit() and node.args.get("expression") is None
    return None if is_number else ("types whose size is no number as such", "write it as in DECIMAL(12, 2)")


def _name(node: exp.Expression) -> Foreign | None:
    is_number = not node.args.get("quoted") and re.fullmatch(r"(?i)\d+([dlfsy]|bd)?", node.name)
    return (f"names that are numbers, such as {node.name}", f"write `{node.name}`") if is_number else None


def _set(node: exp.Expression) -> Foreign | None:
    if any(isinstance(half, exp.Subquery) and half.alias for half in (node.this, node.expression)):
        return "names for halves of a set operation", "leave the name out"
    return ("UNION BY NAME", "name the columns in both halves") if node.args.get("by_name") else None


def _is(node: exp.Expression) -> Foreign | None:
    if not isinstance(node.expression, exp.Boolean | exp.Null):
        return "IS with anything but NULL, TRUE and FALSE", "write = or <=>"
    inner = node.this.this if isinstance(node.this, exp.Not) else node.this
    is_test = isinstance(inner, exp.Is | exp.In | exp.Between | exp.Like | exp.ILike | exp.RegexpLike)
    is_test = is_test and call_of(inner) is None
    return ("IS behind another test", "put the first one in brackets") if is_test else None


def _type(node: exp.Expression) -> Foreign | None:
    if getattr(node.this, "name", "") == "DECIMAL":
        return _decimal(node)
    wanted = {"ARRAY": 1, "MAP": 2}.get(getattr(node.this, "name", ""))
    if wanted is None or len(node.expressions) == wanted:
        return None
    return (f"{node.this.name} of {len(node.expressions) or 'no'} types", "write ARRAY<type> or MAP<key, value>")


def _cast(node: exp.Expression) -> Foreign | None:
    return ("CAST with FORMAT", "write to_date or to_timestamp with a pattern") if node.args.get("format") else None


def _order(node: exp.Expression) -> Foreign | None:
    is_inside = isinstance(node.parent, exp.AggFunc) and not isinstance(node.parent, exp.WithinGroup)
    return ("ORDER BY inside an aggregate", "write sort_array(…), or transform it") if is_inside else None


def _alias(node: exp.Expression) -> Foreign | None:
    if isinstance(node, exp.Alias) and (node.this.is_star or isinstance(node.parent, exp.Paren)):
        return "AS there", "leave it out"
    name = node.this if isinstance(node, exp.TableAlias) else node.args.get("alias")
    return (
        None
        if name is None or isinstance(name, exp.Identifier)
        else ("parameters in place of names", "write the name itself behind AS")
    )


def _select(node: exp.Expression) -> Foreign | None:
    if node.args.get("joins") and not (node.args.get("from_") or node.args.get("from")):
        return "JOIN without FROM", "name the first table behind FROM"
    return ("CONNECT BY", "compute it in several steps") if node.args.get("connect") else None


def _join(node: exp.Expression) -> Foreign | None:
    is_bare = node.args.get("kind") == "OUTER" and not node.args.get("side")
    return ("OUTER JOIN without a side", "write LEFT, RIGHT or FULL before it") if is_bare else None


def _lateral(node: exp.Expression) -> Foreign | None:
    if node.arg_key == "laterals" and not node.args.get("view"):
        return "LATERAL without VIEW there", "write LATERAL VIEW, or a comma before LATERAL"
    is_apply = node.args.get("cross_apply") is not None
    return ("APPLY", "write JOIN LATERAL, or LATERAL VIEW explode(…)") if is_apply else None


_PARTS: dict[type[exp.Expression] | tuple[type[exp.Expression], ...], Callable[[exp.Expression], Foreign | None]] = {
    (exp.Alias, exp.TableAlias): _alias,
    exp.All: _quantified,
    exp.Any: _quantified,
    exp.Array: _array,
    exp.Cast: _cast,
    exp.DataType: _type,
    exp.DataTypeParam: _parameter_of_type,
    exp.Identifier: _name,
    exp.In: _in,
    exp.Interval: _interval,
    exp.Is: _is,
    exp.Join: _join,
    exp.Lateral: _lateral,
    exp.Order: _order,
    exp.Select: _select,
    exp.SetOperation: _set,
    exp.Star: _star,
    exp.With: _with,
}


def _name_in_quotes(sql: str, name: exp.Identifier) -> Iterator[Finding]:
    start, end = place_of(name)
    if start is not None and end is not None and sql[start : start + 1] in ("'", '"'):
        fact = f"Spark takes {sql[start:end]} for a text, and no name"
        yield Finding("PG080", fact, f"write `{name.name}` or {name.name}", start, end)


def without_texts(sql: str) -> str:
    """The SQL with its texts, names in quotes and comments blanked out, every character and quote in its place."""
    parts = r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|--[^\n]*|/\*.*?\*/"

    def blank(found: re.Match[str]) -> str:
        text = found.group()
        return re.sub(r"[^\n]" if text.startswith(("--", "/*")) else r"[^\n'\"`]", " ", text)

    return re.sub(parts, blank, sql, flags=re.DOTALL)

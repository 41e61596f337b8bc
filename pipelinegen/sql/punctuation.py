"""PG080: commas, brackets and small words that sqlglot reads past, and Spark does not."""

import re
from collections.abc import Iterator, Mapping

from sqlglot import exp

from pipelinegen.sql.question import Finding

_CLAUSE = r"(?:from|where|group\s+by|order\s+by|having|limit|offset|union|except|intersect|(?:\w+\s+)?join)\b"
#: What is wrong where a pattern is found, and what to do; the first group is underlined. None looks further than some
#: hundred letters: a query may be long, and is read by all of them.
_PATTERNS = (
    (r"(,)\s*,", "nothing stands between two commas", "leave one out"),
    (r"\bselect\s+(?:(?:distinct|all)\s+)?(,)", "nothing stands before a comma", "leave it out"),
    (r"\(\s*(,)", "nothing stands before a comma", "leave it out"),
    (r"(,)\s*(?:\)|;|$)", "nothing follows a comma", "leave it out"),
    (r"\b(for)\s*\)", "nothing follows {}", "write how long the text is"),
    (r"\bsubstr(?:ing)?\s*\(\s*(from)\b", "nothing stands before {}", "write what the text is part of"),
    (r"\b(from)\s+for\b", "nothing follows {}", "write where the text begins"),
    (r"\bby\s*(,)", "nothing stands before a comma", "leave it out"),
    (r"\b(using)\s*\(\s*\)", "nothing stands in the brackets of {}", "name columns"),
    (r"\bgroup\s+by\s+(distinct)\b", "GROUP BY takes no {}", "leave it out"),
    (r"\bsort\s+by\b[^()]{0,300}\b(distribute\s+by)\b", "{} stands behind SORT BY", "write it before SORT BY"),
    (r"\bselect\s+(?:(?:distinct|all)\s+)?(as)\b", "nothing stands before {}", "write what is meant"),
    (r"\b(as)\s*(?=[,)]|$)", "nothing follows {}", "write a name"),
    (rf"(,)\s*{_CLAUSE}(?!\s*[,.=<>])", "nothing follows a comma", "name a column, or leave the comma out"),
    (
        r"\b((?:partition|distribute|cluster|sort)\s+by)\s*+(?=\)|$|\border\s+by\b|\brows\b|\brange\b)",
        "nothing follows {}",
        "name columns, or leave it out",
    ),
    (
        r"\b(rows|range)\s+(?!between\b)[^()]{0,200}?\b(?:preceding|following|row)\s+and\b",
        "{} with two bounds wants BETWEEN",
        "write ROWS BETWEEN … AND …",
    ),
    (r"\)\s*(filter)\s*\(\s*+(?!where\b)", "FILTER wants a WHERE", "write FILTER (WHERE …)"),
)


def punctuation_faults(plain: str) -> Iterator[Finding]:
    """What is wrong in a query whose texts are blanked out."""
    for pattern, fact, help in _PATTERNS:
        found = re.search(pattern, plain, re.IGNORECASE)
        if found:
            yield Finding("PG080", fact.format(found.group(1).upper()), help, *found.span(1))
    if plain.count("(") != plain.count(")"):
        opened, closed = plain.count("("), plain.count(")")
        yield Finding("PG080", f"{opened} brackets are opened, and {closed} closed", "close each")


def unread(plain: str, query: exp.Expression) -> str | None:
    """A word or sign that sqlglot read past: it stands in the text more often than in what it made of it, or less."""
    for word, kinds in _COUNTED.items():
        if _times(word, plain) != _nodes(query, *kinds):
            return word.upper()
    if _times("and", plain) != _nodes(query, exp.And) + _times("between", plain):
        return "AND"
    if _times("then", plain) != _times("when", plain):
        return "THEN"
    return "CASE" if _times("case", plain) != _times("end", plain) else None


def _times(word: str, plain: str) -> int:
    """How often it stands there; a word behind a point is a name."""
    if word == "is":
        return len(re.findall(r"(?i)\bis\b(?!\s+(?:not\s+)?distinct\b)", plain))
    pattern = rf"(?i)(?<![.\w]){word}\b" if word.isalpha() else re.escape(word)
    return len(re.findall(pattern, plain))


def _nodes(query: exp.Expression, *kinds: type[exp.Expression]) -> int:
    return sum(1 for _ in query.find_all(*kinds))


#: What stands for which nodes, one for one.
_COUNTED: Mapping[str, tuple[type[exp.Expression], ...]] = {
    "or": (exp.Or,),
    "select": (exp.Select,),
    "is": (exp.Is,),
    "+": (exp.Add,),
    "/": (exp.Div,),
    "||": (exp.DPipe,),
}

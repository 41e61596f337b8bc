"""Where a part of a text stands in the file, whatever way YAML writes the text."""

import pytest

from pipelinegen.source import parse

WAYS = {
    "plain": ("sql: SELECT a FROM clicks # note\n", 1, 20),
    "plain over two lines": ("sql: SELECT a\n  FROM\n    clicks\n", 3, 5),
    "literal": ("sql: |\n  SELECT a\n  FROM clicks\n", 3, 8),
    "literal with a blank line": ("sql: |2- # note\n\n  SELECT a\n    FROM clicks\n", 4, 10),
    "folded": ("sql: >-\n  SELECT a\n\n  FROM clicks\n", 4, 8),
    "double quotes": ('sql: "SELECT a FROM clicks"\n', 1, 21),
    "single quotes": ("sql: 'SELECT a FROM clicks'\n", 1, 21),
    "in a mapping": ("{sql: SELECT a FROM clicks}\n", 1, 21),
    "an alias": ("x: &q SELECT a FROM clicks\nsql: *q\n", 1, 21),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_word_is_found(way: str) -> None:
    text, line, column = WAYS[way]
    source = parse(text, "a.yaml")
    assert isinstance(source.data, dict)
    value = str(source.data["sql"])
    start = value.index("clicks")
    found = source.spans.at("sql").part(value, start, start + len("clicks"))
    assert (found.line, found.column, found.end_column) == (line, column, column + 6)
    assert text.split("\n")[line - 1][column - 1 : column + 5] == "clicks"


@pytest.mark.parametrize(
    "text", ['sql: "SELECT \\"a\\" FROM clicks"\n', "sql: 'SELECT ''a'' FROM clicks'\n", 'sql: "a\\u0020clicks"\n']
)
def test_escapes_leave_the_whole_text(text: str) -> None:
    source = parse(text, "a.yaml")
    assert isinstance(source.data, dict)
    value = str(source.data["sql"])
    start = value.index("clicks")
    tree = source.spans.at("sql")
    assert tree.part(value, start, start + 6) == tree.value


def test_no_place_is_the_whole_text() -> None:
    tree = parse("sql: a b\n", "a.yaml").spans.at("sql")
    assert tree.part("a b", None, None) == tree.part("a b", 1, 2) == tree.value

"""YAML in, plain data and places out; whatever surprises in YAML is a fault with a place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.source import MAX_DEPTH, MAX_NODES, Data, parse

ALIAS_BOMB = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 9)
)
#: Each line is shallow; what it says is not.
ALIAS_TOWER = "a0: &a0 [1]\n" + "".join(
    f"a{level}: &a{level} {'[' * 60}*a{level - 1}{']' * 60}\n" for level in range(1, 20)
)


def faults(text: str) -> list[tuple[str, int, int, str]]:
    """Id, line, column and message of every fault of a text."""
    with pytest.raises(SpecError) as caught:
        parse(text, "spec.yaml")
    return [(item.id, item.span.line, item.span.column, item.message) for item in caught.value.diagnostics if item.span]


def outcome(text: str) -> tuple[Diagnostic, ...]:
    """The faults of a text, none if it is plain YAML; any other exception is a bug."""
    try:
        parse(text, "spec.yaml")
    except SpecError as error:
        return error.diagnostics
    return ()


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: yes", "yes"),
        ("a: off", "off"),
        ("a: true", True),
        ("a: False", False),
        ("a: 2026-11-22", "2026-11-22"),
        ("a: 0777", "0777"),
        ("a: 0x1F", "0x1F"),
        ("a: 1_000", "1_000"),
        ("a: 1:30", "1:30"),
        ("a: 12", 12),
        ("a: -3", -3),
        ("a: 0.98", 0.98),
        ("a: 1e-3", 0.001),
        ("a: .inf", ".inf"),
        ("a: .nan", ".nan"),
        ("a:", None),
        ("a: ~", None),
        ("a: '12'", "12"),
        ('a: "\\0"', "\0"),
        ("a: !  12", 12),
        ("a: |\n  x\n  y\n", "x\ny\n"),
        ("a: ${steps.x.y}", "${steps.x.y}"),
    ],
)
def test_scalars_are_read_as_yaml_1_2_reads_them(text: str, data: Data) -> None:
    assert parse(text, "spec.yaml").data == {"a": data}


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    source = parse("\ufeffa: 1\r\nb: [2]\r\n", "spec.yaml")
    assert source.data == {"a": 1, "b": [2]}
    assert source.spans.at("b", 0).value.line == 2
    assert source.line(2) == "b: [2]"


def test_every_value_has_a_place() -> None:
    spans = parse("a:\n  - b: word # comment\n    c: 2\n", "spec.yaml").spans
    word = spans.at("a", 0, "b")
    assert (word.value.line, word.value.column, word.value.end_column) == (2, 8, 12)
    assert word.key is not None
    assert (word.key.line, word.key.column, word.key.end_column) == (2, 5, 6)
    assert spans.at("a", 0, "missing", "deeper") == spans.at("a", 0)


def test_an_alias_stands_for_its_anchor() -> None:
    assert parse("a: &x {k: [1]}\nb: *x\n", "spec.yaml").data == {"a": {"k": [1]}, "b": {"k": [1]}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("PG004", 1, 1, "the file is empty")]),
        ("# only a comment\n", [("PG004", 1, 1, "the file is empty")]),
        ("a: 1\n---\nb: 2\n", [("PG004", 2, 1, "a second document starts here")]),
        ("{a: 1, a: 2}", [("PG003", 1, 8, "'a' is given twice")]),
        ("a: 1\na: 2\na: 3\n", [("PG003", 2, 1, "'a' is given twice"), ("PG003", 3, 1, "'a' is given twice")]),
        (
            "1: x\ntrue: x\nnull: x\n",
            [
                ("PG006", 1, 1, "the key '1' is not text"),
                ("PG006", 2, 1, "the key 'true' is not text"),
                ("PG006", 3, 1, "the key 'null' is not text"),
            ],
        ),
        ("? [a]\n: 1\n", [("PG006", 1, 3, "a key is not text but a nested value")]),
        (
            "a: !!python/object:os.system x",
            [("PG005", 1, 4, "the tag '!!python/object:os.system' is not allowed in a spec")],
        ),
        ("a: !mine [1]", [("PG005", 1, 4, "the tag '!mine' is not allowed in a spec")]),
        ("a: " + "9" * 30, [("PG005", 1, 4, "an integer of 30 digits")]),
        ("a: 1e999", [("PG005", 1, 4, "the number '1e999' is too large")]),
        (ALIAS_BOMB, [("PG005", 5, 20, f"more than {MAX_NODES} values once aliases are expanded")]),
        (ALIAS_TOWER, [("PG005", 3, 69, f"nested deeper than {MAX_DEPTH} levels")]),
        ("[" * 100_000, [("PG005", 1, MAX_DEPTH + 2, f"nested deeper than {MAX_DEPTH} levels")]),
        ("a: &a [*a]", [("PG002", 1, 8, "the alias '*a' has no anchor before it")]),
        ("a: *nowhere", [("PG002", 1, 4, "the alias '*nowhere' has no anchor before it")]),
        ("\ta: 1", [("PG002", 1, 1, "the line is indented with a tab")]),
        ("a: [1\nb: 2", [("PG002", 1, 4, "'[' is not closed")]),
        ("a: 'x", [("PG002", 1, 6, "not YAML: found unexpected end of stream")]),
        ("a: {b: ${x}}", [("PG002", 1, 8, "not YAML: did not find expected ',' or '}'")]),
        ("%YAML 3.0\n---\na: 1", [("PG002", 1, 1, "not YAML: found incompatible YAML document")]),
        ("a: \x00", [("PG002", 1, 4, "the character U+0000 may not stand in YAML")]),
        ("é" * 50 + "\x01", [("PG002", 1, 51, "the character U+0001 may not stand in YAML")]),
        ('a: "\\ud800"', [("PG002", 1, 7, "not YAML: found invalid Unicode character escape code")]),
    ],
)
def test_what_is_no_plain_yaml_is_a_fault_with_a_place(text: str, expected: list[tuple[str, int, int, str]]) -> None:
    assert faults(text) == expected


def test_a_merge_key_is_refused_and_in_quotes_an_ordinary_key() -> None:
    """YAML 1.2 knows no merge keys, and nothing is merged silently."""
    assert [item[:3] for item in faults("a: &a {x: 1}\nb: {<<: *a}\n")] == [("PG005", 2, 5)]
    assert parse("b: {'<<': 1}\n", "spec.yaml").data == {"b": {"<<": 1}}


def test_every_fault_is_reported_at_once() -> None:
    assert [id for id, *_ in faults("a: 1\na: 2\n3: x\nb: !t y\n")] == ["PG003", "PG006", "PG005"]


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_data_or_a_fault(text: str) -> None:
    found = outcome(text.encode("utf-8", errors="ignore").decode())
    assert {item.id for item in found} <= {"PG002", "PG003", "PG004", "PG005", "PG006"}


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!?|>'\"%@` \n\t#,~01.", max_size=80))
def test_any_yaml_like_text_gives_data_or_a_fault(text: str) -> None:
    assert all(item.help for item in outcome(text))

"""The text of a diagnostic, and the words it suggests."""

import pytest

from pipelinegen.errors import Diagnostic, Note, Span, SpecError, choices, did_you_mean, format_diagnostic, suggest


def line_of(file: str, number: int) -> str | None:
    lines = {1: "name: demo", 2: "\tinputs: [featurs]", 3: "x" * 100 + " here " + "y" * 100}
    return lines.get(number) if file == "a.yaml" else None


def test_a_diagnostic_shows_place_fact_line_and_action() -> None:
    text = format_diagnostic(Diagnostic(Span("a.yaml", 1, 7, 11), "PG012", "no 'demo'", "write 'x'"), line_of)
    assert text == ("a.yaml:1:7: error PG012: no 'demo'\n   1 | name: demo\n     |       ^^^^\n   help: write 'x'")


def test_tabs_do_not_move_the_caret() -> None:
    text = format_diagnostic(Diagnostic(Span("a.yaml", 2, 11, 18), "PG012", "no"), line_of)
    assert text.splitlines()[1:] == ["   2 | \tinputs: [featurs]", "     | \t         ^^^^^^^"]


def test_a_long_line_is_cut_around_the_place() -> None:
    text = format_diagnostic(Diagnostic(Span("a.yaml", 3, 102, 106), "PG012", "no"), line_of)
    _, line, caret = text.splitlines()
    assert len(line) <= 130
    assert line[caret.index("^") : caret.rindex("^") + 1] == "here"


def test_a_line_that_is_gone_is_left_out() -> None:
    text = format_diagnostic(Diagnostic(Span("gone.yaml", 9, 1, 2), "PG012", "no"), line_of)
    assert text == "gone.yaml:9:1: error PG012: no"


def test_a_fault_of_no_file_has_no_place() -> None:
    assert format_diagnostic(Diagnostic(None, "PG050", "no", "do"), line_of) == "error PG050: no\n   help: do"


def test_a_note_cites_the_second_place() -> None:
    note = Note(Span("a.yaml", 1, 1, 5), "first 'name' is here")
    text = format_diagnostic(Diagnostic(Span("b.yaml", 1, 1, 2), "PG003", "twice", notes=(note,)), line_of)
    assert text.splitlines() == [
        "b.yaml:1:1: error PG003: twice",
        "a.yaml:1:1: note: first 'name' is here",
        "   1 | name: demo",
        "     | ^^^^",
    ]


def test_control_characters_of_a_spec_never_reach_the_terminal() -> None:
    text = format_diagnostic(Diagnostic(None, "PG010", "unknown key '\x1b[31mred\nerror: forged'", "\x07"), line_of)
    assert text == "error PG010: unknown key '\\x1b[31mred\\nerror: forged'\n   help: \\x07"


def test_faults_are_sorted_by_place_and_each_is_there_once() -> None:
    spans = [Span("b", 1, 1, 2), Span("a", 10, 1, 2), Span("a", 2, 5, 6), Span("a", 2, 3, 4), Span("a", 2, 3, 4)]
    error = SpecError(Diagnostic(span, "PG010", "m") for span in spans)
    found = [(item.span.file, item.span.line, item.span.column) for item in error.diagnostics if item.span]
    assert found == [("a", 2, 3), ("a", 2, 5), ("a", 10, 1), ("b", 1, 1)]


@pytest.mark.parametrize(
    ("word", "known", "text"),
    [
        ("featurs", ["features", "labels"], "did you mean 'features'? it is one of: features, labels"),
        ("zzz", ["b", "a"], "it is one of: a, b"),
        ("zzz", [], "it is one of: none"),
    ],
)
def test_suggestions(word: str, known: list[str], text: str) -> None:
    assert suggest(word, known, "it is one of") == text


def test_at_most_eight_words_are_listed() -> None:
    assert choices("abcdefghij") == "a, b, c, d, e, f, g, h and 2 more"
    assert did_you_mean("x", []) is None

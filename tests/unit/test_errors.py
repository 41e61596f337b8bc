"""The order of diagnostics, and the words they suggest."""

import pytest

from pipelinegen.errors import Diagnostic, Span, SpecError, choices, did_you_mean, suggest


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

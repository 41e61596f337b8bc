"""What a run gives, held against the types that the spec declares: the expressions in the generated states."""

import re
from typing import Any

import pytest

from pipelinegen.local.cloud.jsonata import evaluate
from pipelinegen.steps.declared import one_checked, with_parts

TYPES = {"rows": "int", "name": "string", "chunks": "list", "extra": "any", "since": "timestamp"}
FINE = {"rows": 3, "name": "a", "chunks": ["one"], "extra": {"x": 1}, "since": "2026-01-31T06:00:00Z", "beside": True}


def _given(value: Any) -> Any:
    return evaluate(with_parts("$value", "the result", TYPES), {"value": value})


def test_what_is_as_declared_is_handed_on() -> None:
    assert _given(FINE) == FINE
    assert evaluate(one_checked("$value", "the item", "list"), {"value": ["one"]}) == ["one"]
    assert evaluate(one_checked("$value", "the item", "any"), {"value": {"x": 1}}) == {"x": 1}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"rows": 3, "extra": 1}, "the result lacks name, chunks, since"),
        ("text", "the result lacks rows, name, chunks, extra, since"),
        ({**FINE, "rows": 1.5}, "rows in the result wants a whole number, found 1.5"),
        (
            {**FINE, "name": None, "chunks": "one"},
            "name in the result wants text, found null; chunks in the result wants a list, found one",
        ),
        ({**FINE, "since": "today"}, "since in the result wants a moment such as 2026-01-31T06:00:00Z, found today"),
    ],
)
def test_what_is_not_ends_the_state_and_says_why(value: Any, told: str) -> None:
    with pytest.raises(Exception, match=re.escape(told)):
        _given(value)


def test_an_item_of_another_type_ends_the_loop() -> None:
    with pytest.raises(Exception, match="the item 'word' wants a number, found abc"):
        evaluate(one_checked("$value", "the item 'word'", "double"), {"value": "abc"})

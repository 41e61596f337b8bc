"""What conditions compile to, evaluated as Step Functions does."""

from typing import Any

import pytest
import yaml

from pipelinegen.local.cloud.jsonata import evaluate
from tests.compiling import pipelines_of

KEY = "${parameters.key}"


def holds(condition: dict[str, Any], **parameters: Any) -> Any:
    """The value of a step's guard in a run with parameters."""
    known = {"key": "raw/a.csv", "rows": 5, "flag": True}
    types = {"key": "string", "rows": "int", "flag": "boolean"}
    spec = {
        "version": 1,
        "name": "demo",
        "description": "One condition.",
        "owner": {"team": "demo", "email": "demo@example.com"},
        "parameters": {name: {"type": types[name], "default": value} for name, value in known.items()},
        "steps": {"rest": {"kind": "wait", "seconds": 1, "if": condition}},
        "environments": {"dev": {"account_id": "111111111111", "region": "eu-central-1"}},
    }
    (pipeline,) = pipelines_of(yaml.safe_dump(spec, sort_keys=False))
    guard = pipeline.steps[0].guard
    assert guard is not None
    return evaluate(guard.text, {"parameters": {**known, **parameters}, "run_date": "2026-03-01"})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"is": "${parameters.flag}"}, True),
        ({"value": KEY, "starts_with": "raw/"}, True),
        ({"value": KEY, "ends_with": ".csv"}, True),
        ({"value": KEY, "ends_with": ".tmp"}, False),
        ({"value": KEY, "contains": "/a"}, True),
        ({"value": KEY, "matches": "raw/*.csv"}, True),
        ({"value": KEY, "matches": "*.cs"}, False),
        ({"value": KEY, "matches": "raw/a+csv"}, False),
        ({"value": KEY, "one_of": ["x", "raw/a.csv"]}, True),
        ({"value": "${parameters.rows}", "one_of": [1, 5]}, True),
        ({"value": "${parameters.rows}", "above": 4, "at_most": 5}, True),
        ({"value": "${parameters.rows}", "below": 5}, False),
        ({"value": "${run.environment}", "equals": "dev"}, True),
        ({"value": "${run.date}", "differs_from": "2026-03-01"}, False),
        ({"value": "${run.window.start}", "equals": "2026-02-28"}, True),
        ({"not": {"value": KEY, "present": True}}, False),
        ({"any": [{"value": KEY, "equals": "x"}, {"value": "${parameters.rows}", "equals": 5}]}, True),
        ({"all": [{"value": KEY, "equals": "x"}, {"is": "${parameters.flag}"}]}, False),
    ],
)
def test_conditions(condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition) is expected


@pytest.mark.parametrize("word", [{"ends_with": "a"}, {"matches": "a*"}, {"one_of": ["a"]}, {"contains": "a"}])
def test_what_is_not_there_fails_every_comparison_and_never_the_run(word: dict[str, Any]) -> None:
    assert holds({"value": KEY, **word}, key=None) is False

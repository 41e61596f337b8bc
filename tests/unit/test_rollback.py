"""Which version of the pointer a rollback finds, as Step Functions' JSONata evaluates it."""

import json

import pytest

from pipelinegen.local.cloud.jsonata import evaluate
from pipelinegen.steps.rollback_model.model import previous_pointer


@pytest.mark.parametrize(
    ("promoted", "expected"),
    [
        ([None], None),
        ([None, "a"], None),
        ([None, "a", "b"], "a"),
        ([None, "a", "b", "c"], "b"),
        ([None, "a", "b", "a"], None),
        ([None, "a", "b", "c", "b"], "a"),
        ([None, "a", "b", "b"], "a"),
        (["y", "z"], "y"),
    ],
)
def test_the_model_before_the_promoted_one_first_was(promoted: list[str | None], expected: str | None) -> None:
    history = [json.dumps({"model": model}) for model in promoted]
    found = evaluate(previous_pointer("$history"), {"history": history})
    assert found == (json.dumps({"model": expected}, separators=(",", ":")) if expected else "")

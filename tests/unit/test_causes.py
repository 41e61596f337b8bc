"""Causes in words: what services and the interpreter report, as a reader wants it."""

import pytest

from pipelinegen.ir.expressions import FAILURE_SAID
from pipelinegen.local.causes import in_words, named_state, telling
from pipelinegen.local.cloud.jsonata import evaluate

CAUSES = {
    "a Lambda function": (
        '{"errorMessage":"Task timed out after 60.00 seconds"}',
        "Task timed out after 60.00 seconds",
    ),
    "a Glue job": ('{"JobRunState": "FAILED", "ErrorMessage": "no \\"such\\" luck"}', 'no "such" luck'),
    "a job whose description is cut off": (
        '{"FailureReason": "AlgorithmError: x", "Tags": [{"Key": "pi',
        "AlgorithmError: x",
    ),
    "an expression": (
        "Train: The JSONata expression '$error('x')' specified for the field 'Assign/a' threw an error during "
        "evaluation. D3137: training job t ended as Stopped",
        "training job t ended as Stopped",
    ),
    "plain words": ("the gate refused the model", "the gate refused the model"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize("name", CAUSES)
def test_in_words(name: str) -> None:
    cause, wanted = CAUSES[name]
    assert in_words(cause) == wanted
    # What the e-mail says, which AWS's own interpreter writes: with the number that JSONata gives an error.
    assert evaluate(FAILURE_SAID.text, {"failure": {"cause": cause}}).removeprefix("D3137: ") == wanted


def test_the_state_that_failed_is_the_longest_that_the_cause_names() -> None:
    states = ["Train", "Train: read metrics", "Gate"]
    assert named_state("Train: read metrics: no such key", states) == "Train: read metrics"
    assert named_state("Train: no such luck", states) == "Train"
    assert named_state("no such luck", states) == ""


def test_only_errors_that_say_something_are_named() -> None:
    assert telling("States.Timeout") == "States.Timeout"
    assert telling("States.QueryEvaluationError") == ""

"""The live view of an execution, drawn to a text."""

import io
from datetime import UTC, datetime
from typing import Any, Literal

from rich.console import Console

from pipelinegen.local.follow import ExecutionEnd, StateEvent
from pipelinegen.local.progress import StepProgress

STEPS: list[dict[str, Any]] = [
    {"name": "train", "title": "Train", "states": ["Train: read", "Train"]},
    {"name": "gate", "title": "Gate", "states": ["Gate"]},
    {"name": "publish", "title": "Publish", "states": ["Publish"]},
]


def _event(kind: Literal["entered", "exited", "failed"], state: str, step: str, error: str = "") -> StateEvent:
    return StateEvent(kind, state, step, datetime(2026, 11, 22, tzinfo=UTC), error=error)


def _picture(*events: StateEvent | ExecutionEnd) -> list[list[str]]:
    """The last picture, one list a line: date, title and what it says."""
    text = io.StringIO()
    with StepProgress(STEPS, "2026-11-22", Console(file=text, width=120, force_terminal=False)) as progress:
        for event in events:
            progress.show(event)
    lines = [line.replace("0:00:00", "").replace("-:--:--", "").split() for line in text.getvalue().splitlines()]
    return [line for line in lines if line]


def test_a_successful_run() -> None:
    end = ExecutionEnd("SUCCEEDED", "arn", "2026-11-22", 1.0)
    picture = _picture(
        _event("entered", "Start run", "Start run"),
        _event("entered", "Train: read", "train"),
        _event("exited", "Train: read", "train"),
        _event("entered", "Train", "train"),
        _event("failed", "Train", "train", "Throttled"),
        _event("exited", "Train", "train"),
        _event("entered", "Publish", "publish"),
        _event("exited", "Publish", "publish"),
        end,
    )
    assert picture == [
        ["2026-11-22", "Train", "done"],
        ["2026-11-22", "Gate", "not", "reached"],
        ["2026-11-22", "Publish", "done"],
    ]


def test_a_failed_step_says_so() -> None:
    picture = _picture(
        _event("entered", "Train", "train"),
        _event("failed", "Train", "train", "States.Timeout"),
        _event("exited", "Train", "train", "States.Timeout"),
        ExecutionEnd("FAILED", "arn", "2026-11-22", 1.0, failed_state="Train", failed_step="train"),
    )
    assert picture[0] == ["2026-11-22", "Train", "failed:", "States.Timeout"]
    picture = _picture(
        _event("entered", "Train", "train"),
        _event("failed", "Train", "train", "Throttled"),
        _event("exited", "Train", "train", "Throttled"),
        _event("failed", "Train: branch failed", "train"),
        ExecutionEnd("FAILED", "arn", "2026-11-22", 1.0, failed_state="Train", failed_step="train"),
    )
    assert picture[0] == ["2026-11-22", "Train", "failed:", "Throttled"]
    assert picture[1] == ["2026-11-22", "Gate", "not", "reached"]


def test_a_step_that_may_fail_says_that_it_did_and_a_skipped_one_that_it_was() -> None:
    picture = _picture(
        _event("entered", "Train", "train"),
        _event("failed", "Train", "train", "States.Timeout"),
        _event("exited", "Train", "train", "States.Timeout"),
        _event("entered", "Train: failed, going on", "train"),
        _event("exited", "Train: failed, going on", "train"),
        _event("entered", "Gate: due?", "gate"),
        _event("exited", "Gate: due?", "gate"),
        _event("entered", "Gate: skipped", "gate"),
        _event("exited", "Gate: skipped", "gate"),
        _event("entered", "Gate: hand out from Train", "gate"),
        _event("exited", "Gate: hand out from Train", "gate"),
        ExecutionEnd("SUCCEEDED", "arn", "2026-11-22", 1.0),
    )
    assert picture == [
        ["2026-11-22", "Train", "failed,", "went", "on:", "States.Timeout"],
        ["2026-11-22", "Gate", "skipped"],
        ["2026-11-22", "Publish", "not", "reached"],
    ]

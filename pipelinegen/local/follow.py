"""Starts an execution of a deployed state machine and tells what happens, as it happens."""

import json
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from botocore.exceptions import ClientError

from pipelinegen.emit.asl_input import TITLE as CHECK_OF_INPUT
from pipelinegen.local import logs
from pipelinegen.local.causes import named_state
from pipelinegen.local.deploy import Deployment
from pipelinegen.local.local_cloud import LocalCloud
from pipelinegen.local.replay import ENDS_BADLY
from pipelinegen.local.run_folders import RunFolder

_POLL_SECONDS: Final = 0.1
_ENTERED: Final = "StateEntered"
_EXITED: Final = "StateExited"

#: Events of a failed attempt, by where their details are.
_FAILURES: Final = {
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "TaskSubmitFailed": "taskSubmitFailedEventDetails",
    "LambdaFunctionFailed": "lambdaFunctionFailedEventDetails",
    "LambdaFunctionTimedOut": "lambdaFunctionTimedOutEventDetails",
    "EvaluationFailed": "evaluationFailedEventDetails",
    "FailStateEntered": "stateEnteredEventDetails",
}

#: Events that make an earlier failed attempt of the same state good.
_SUCCESSES: Final = frozenset({"TaskSucceeded", "LambdaFunctionSucceeded"})


@dataclass(frozen=True, slots=True)
class StateEvent:
    """Something that happened to a state; `failed` is one attempt, which may be retried or caught."""

    kind: Literal["entered", "exited", "failed"]
    state: str
    step: str
    at: datetime
    #: Since the state was entered.
    seconds: float = 0.0
    error: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class ExecutionEnd:
    """How an execution ended; the last event of `follow`. `status`: SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""

    status: str
    execution_arn: str
    date: str
    seconds: float
    output: Any = None
    error: str = ""
    cause: str = ""
    #: Of the state that failed last, if the execution did not succeed.
    failed_state: str = ""
    failed_step: str = ""
    log: Path | None = None
    log_tail: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the execution reached its end."""
        return self.status == "SUCCEEDED"


def follow(
    cloud: LocalCloud,
    deployment: Deployment,
    date: str,
    extra_input: Mapping[str, Any] | None = None,
    *,
    run: RunFolder | None = None,
) -> Iterator[StateEvent | ExecutionEnd]:
    """Runs the pipeline for one date (YYYY-MM-DD); the last event is an ExecutionEnd.

    `run`: the folder that keeps the record; the execution is named after it, and `extra_input` is all of its input.
    Whoever stops listening before that (Ctrl-C, an exception) stops the execution and its jobs.
    """
    states = cloud.client("stepfunctions")
    started = states.start_execution(
        stateMachineArn=deployment.state_machine_arn,
        name=run.id if run else f"{date}-{uuid.uuid4().hex[:8]}",
        input=json.dumps(extra_input if run else {"date": date, **(extra_input or {})}),
    )
    arn = started["executionArn"]
    reader = _HistoryReader(deployment)
    ended = False
    try:
        while True:
            # The status first: once it is final, the history that is read after it is complete.
            description = states.describe_execution(executionArn=arn)
            yield from reader.read(_history_since(states, arn, reader.seen))
            if description["status"] != "RUNNING":
                break
            time.sleep(_POLL_SECONDS)
        ended = True
        yield _end(cloud, reader, description, date, run)
    finally:
        if not ended:
            with suppress(ClientError, OSError):
                states.stop_execution(executionArn=arn, error="Interrupted", cause="the local run was interrupted")


class _HistoryReader:
    """Turns the growing history of an execution into events, each once."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        #: The number of the last entry that was read.
        self.seen = 0
        self._entered: dict[str, datetime] = {}
        self._state_of_event: dict[int, str] = {}
        self._failures: dict[str, StateEvent] = {}

    def failed_at(self, description: Mapping[str, Any]) -> tuple[str, str]:
        """State and step that an execution failed in; what a condition refused is named by the cause only."""
        states = [state for step in self._deployment.steps for state in step["states"]]
        named = named_state(description.get("cause", ""), [CHECK_OF_INPUT, *states])
        if named:
            return named, self._deployment.step_of(named)
        failure = self._last_failure(description.get("error", ""))
        return (failure.state, failure.step) if failure else ("", "")

    def _last_failure(self, error: str) -> StateEvent | None:
        """The failure that nothing made good and that the execution's error is of.

        What is stopped because of a failure beside it fails, too, with another error. A Fail state has no error yet
        when it is entered, and only counts when no task failed before it; nor does what ends a failed run.
        """
        failures = list(reversed(self._failures.values()))
        for wanted in (error, ""):
            found = next((failure for failure in failures if failure.error == wanted), None)
            if found is not None:
                return found
        return failures[0] if failures else None

    def read(self, entries: Iterable[dict[str, Any]]) -> Iterator[StateEvent]:
        """What the next entries of the history tell, oldest first."""
        for entry in entries:
            self.seen = entry["id"]
            event = self._event(entry)
            if event is not None:
                yield event

    def _event(self, entry: dict[str, Any]) -> StateEvent | None:
        kind = entry["type"]
        if kind.endswith(_ENTERED):
            state = entry["stateEnteredEventDetails"]["name"]
            self._entered[state] = entry["timestamp"]
        elif kind.endswith(_EXITED):
            state = entry["stateExitedEventDetails"]["name"]
        else:
            state = self._state_of_event.get(entry.get("previousEventId", 0), "")
        self._state_of_event[entry["id"]] = state
        if kind in _SUCCESSES:
            self._failures.pop(state, None)
        if kind in _FAILURES:
            return self._failed(state, entry)
        if kind.endswith(_ENTERED):
            return self._made("entered", state, entry)
        return self._made("exited", state, entry) if kind.endswith(_EXITED) else None

    def _failed(self, state: str, entry: dict[str, Any]) -> StateEvent:
        failure = self._made("failed", state, entry)
        # What ends a failed run repeats the error of what failed.
        resource = entry.get("taskFailedEventDetails", {}).get("resource", "")
        repeats = entry["type"] == "FailStateEntered" or (resource and ENDS_BADLY.endswith(f":{resource}"))
        if not repeats or not self._failures:
            self._failures.pop(state, None)
            self._failures[state] = failure
        return failure

    def _made(self, kind: Literal["entered", "exited", "failed"], state: str, entry: dict[str, Any]) -> StateEvent:
        at = entry["timestamp"]
        details = entry.get(_FAILURES.get(entry["type"], ""), {}) if kind == "failed" else {}
        # A state that exits by a Catch takes its failure along.
        failure = self._failures.get(state) if kind == "exited" else None
        return StateEvent(
            kind=kind,
            state=state,
            step=self._deployment.step_of(state),
            at=at,
            seconds=(at - self._entered.get(state, at)).total_seconds(),
            error=failure.error if failure else str(details.get("error", "")),
            cause=failure.cause if failure else str(details.get("cause", "")),
        )


def _history_since(states: Any, arn: str, seen: int) -> list[dict[str, Any]]:
    """The events after the one with this number, oldest first."""
    found: list[dict[str, Any]] = []
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn, reverseOrder=True)
    for page in pages:
        fresh = [event for event in page["events"] if event["id"] > seen]
        found += fresh
        if len(fresh) < len(page["events"]):
            break
    return found[::-1]


def _end(
    cloud: LocalCloud, reader: _HistoryReader, description: Mapping[str, Any], date: str, run: RunFolder | None
) -> ExecutionEnd:
    failed = description["status"] != "SUCCEEDED"
    state, step = reader.failed_at(description) if failed else ("", "")
    found: list[Path] = []
    if step:
        found = run.logs_of(step) if run else cloud.job_logs(step, date)
    stopped = description.get("stopDate", description["startDate"])
    return ExecutionEnd(
        status=description["status"],
        execution_arn=description["executionArn"],
        date=date,
        seconds=(stopped - description["startDate"]).total_seconds(),
        output=json.loads(description["output"]) if description.get("output") else None,
        error=description.get("error", ""),
        cause=description.get("cause", ""),
        failed_state=state,
        failed_step=step,
        log=found[-1] if found else None,
        log_tail=logs.tail(found[-1]) if found else "",
    )

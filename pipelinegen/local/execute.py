"""Runs one execution of the deployed state machine and keeps its record, first attempt or retry."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pipelinegen.local.announce import announcing
from pipelinegen.local.follow import ExecutionEnd, StateEvent, follow
from pipelinegen.local.observe import observe, parameter_values
from pipelinegen.local.partial import NOTHING_REUSED, Part, Reused
from pipelinegen.local.progress import StepProgress
from pipelinegen.local.replay import Entry, Machine, entries_for_retry
from pipelinegen.local.run_folders import INTERRUPTED, RUNNING, RunFolder, RunRecord, drop_torn_line, write_lines
from pipelinegen.local.session import Session
from pipelinegen.local.summary import Day
from pipelinegen.local.world import Planned


def machine_of(session: Session) -> Machine:
    """The deployed state machine."""
    name = session.deployment.settings["state_machine"]["definition"]
    definition = json.loads((session.deployment.folder / name).read_text(encoding="utf-8"))
    steps = {state: step["name"] for step in session.deployment.steps for state in step["states"]}
    return Machine.of(definition, steps)


def new_run(
    session: Session,
    planned: Planned,
    part: Part | None = None,
    reused: Reused = NOTHING_REUSED,
    *,
    shown: bool = True,
) -> Day:
    """Runs what was planned: all of it, or a part of the pipeline over what is reused of an earlier run."""
    folder = session.runs.folder(planned.run)
    record = RunRecord(
        id=folder.id,
        date=planned.date,
        world=session.world.id,
        started_at=_now(),
        input=planned.input,
        parameters_before=parameter_values(session),
        reused_run=reused.run,
        reused_steps=list(reused.steps),
        until=(part.until if part else None) or "",
        schedule=planned.schedule,
    )
    session.runs.prune()
    folder.create(record, {"redrive_count": 0, "end_before": part.ends if part else {}}, reused.entries)
    return _run(session, folder, record, shown=shown)


def redrive(session: Session, folder: RunFolder, record: RunRecord) -> Day:
    """Goes on with a run that did not succeed: what it completed is not run again."""
    drop_torn_line(folder.states)
    journal = folder.journal()
    kept = entries_for_retry(journal, machine_of(session))
    record.redrive_count += 1
    plan = json.loads((folder.path / "plan.json").read_text(encoding="utf-8"))
    folder.write_plan({**plan, "redrive_count": record.redrive_count, "start_time": record.started_at})
    write_lines(folder.states, kept)
    record.status, record.error, record.cause = RUNNING, "", ""
    record.failed_state = record.failed_step = record.ended_at = ""
    folder.write(record)
    return _run(session, folder, record)


def _run(session: Session, folder: RunFolder, record: RunRecord, *, shown: bool = True) -> Day:
    steps = [step for step in session.deployment.steps if step["states"]]
    names = {step["name"]: step["title"] if step["kind"] == "for_each" else "" for step in steps}
    done = _steps_done(folder.journal(), {state: step["name"] for step in steps for state in step["states"]})
    end: ExecutionEnd | None = None
    try:
        # Several pictures at a time would draw over one another.
        with (
            StepProgress(steps if shown else [], record.date, session.console) as progress,
            announcing(session.cloud.workdir, session.deployment, session.console),
        ):
            progress.keep(done)
            for event in follow(session.cloud, session.deployment, record.date, record.input, run=folder):
                progress.show(event)
                if isinstance(event, ExecutionEnd):
                    end = event
                else:
                    _add_seconds(record.steps, event, names)
    finally:
        _finish(folder, record, end)
    assert end is not None
    if session.redis.running:
        observe(session, record)
        folder.write(record)
    return Day(record, end)


def _steps_done(entries: Sequence[Entry], step_of: Mapping[str, str]) -> set[str]:
    return {step_of[entry["state"]] for entry in entries if entry["state"] in step_of}


def _add_seconds(seconds: dict[str, float], event: StateEvent, steps: Mapping[str, str]) -> None:
    """Counts the states of steps; those around them, such as a Parallel state, would count twice.

    Of a loop only the state named in `steps` counts: the others lie within it.
    """
    if event.kind == "exited" and event.step in steps and steps[event.step] in ("", event.state):
        seconds[event.step] = round(seconds.get(event.step, 0.0) + event.seconds, 3)


def _finish(folder: RunFolder, record: RunRecord, end: ExecutionEnd | None) -> None:
    record.ended_at = _now()
    if end is None:
        record.status = INTERRUPTED
    else:
        record.status, record.error, record.cause = end.status, end.error, end.cause
        record.output, record.execution_arn = end.output, end.execution_arn
        record.failed_state, record.failed_step = end.failed_state, end.failed_step
        record.seconds = round(record.seconds + end.seconds, 3)
    folder.write(record)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def run_input(date: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The input of an execution about a date, as a person gives it at the console."""
    return {"date": date, **extra}

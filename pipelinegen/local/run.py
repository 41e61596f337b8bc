"""`pipelinegen run` and `retry`: start the local cloud, deploy, run executions one after another, and sum up."""

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa
from rich.console import Console

from pipelinegen.errors import ExitCode
from pipelinegen.local.clock import scheduled_starts
from pipelinegen.local.closing import explain_failure, sample_users, summing_up
from pipelinegen.local.events import event_input
from pipelinegen.local.execute import new_run, redrive, run_input
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.find_runs import find_run
from pipelinegen.local.partial import Part, part_of, reused_of
from pipelinegen.local.prepare import Prepared, locked, prepare, reset, run_dates, run_parameters
from pipelinegen.local.refused import refuse_calls
from pipelinegen.local.run_folders import RunFolders
from pipelinegen.local.session import Session, require_programs, start_session, world_tables
from pipelinegen.local.summary import Day
from pipelinegen.local.warehouses import checked_choice
from pipelinegen.local.world import Planned, World, new_planned, new_world, read_world

#: Runs executions and gives one Day each; the last one may have failed.
Work = Callable[[Session], Iterator[Day]]


def run_days(options: Namespace) -> int:
    """One execution a day; the summary is printed, and left in the state folder beside records and logs."""
    prepared = prepare(options)
    require_programs(prepared)
    part = part_of(prepared, options.start, options.until) if options.start or options.until else None
    needs = {step.name: step.needs for step in prepared.pipeline.steps}
    stand_ins = prepared.settings.stand_ins
    refuse_calls(prepared.definition, prepared.deployment["steps"], needs, part.runs if part else needs, stand_ins)
    if part and part.start:
        return _run_from(prepared, part, options)
    dates, planned = _planned(prepared, options)
    with locked(prepared.state) as state:
        if options.go_on:
            world = read_world(state).covering(dates)
        else:
            environment, instance = prepared.pipeline.environment, prepared.pipeline.instance
            warehouse = checked_choice(options.warehouse, options.warehouse_driver)
            world = new_world(options.spec, options.out, environment, options.data, dates, warehouse, instance)
        tables = world_tables(prepared, world)
        if not options.go_on:
            reset(state)
        world.with_planned(planned).write(state)
        return run_in_world(prepared, world.with_planned(planned), tables, options, partial(run_planned, part=part))


def _run_from(prepared: Prepared, part: Part, options: Namespace) -> int:
    """Runs a part of the pipeline in the world there is, over the last results of each date."""
    with locked(prepared.state) as state:
        world = read_world(state)
        runs = RunFolders(state)
        last = options.date or max((record.date for _, record in runs.all() if record.world == world.id), default=None)
        dates = run_dates(last, options.days or 1)
        todo = [reused_of(part, runs, world.id, day.isoformat()) for day in dates]

        def work(session: Session) -> Iterator[Day]:
            for reused, planned in todo:
                session.require_alive()
                day = new_run(session, planned, part, reused)
                yield day
                if not day.end.succeeded:
                    return

        return run_in_world(prepared, world, world_tables(prepared, world), options, work)


def _planned(prepared: Prepared, options: Namespace) -> tuple[list[date], list[Planned]]:
    """The days of data, and what to run: on an event, what the schedules start, or one run a day."""
    given = run_parameters(prepared.pipeline, options.parameter)
    extra: dict[str, object] = {"parameters": given}
    dates = run_dates(options.date, options.days or 1)
    schedules = prepared.deployment["schedules"]
    if options.event:
        started, told = event_input(prepared.deployment, prepared.definition, options.event)
        extra.update(started)
        dates = run_dates(options.date or told, 1)
    elif options.days and schedules and not options.daily:
        return dates, [start.planned(given) for start in scheduled_starts(schedules, dates)]
    return dates, [new_planned(day.isoformat(), run_input(day.isoformat(), extra)) for day in dates]


def retry_run(options: Namespace) -> int:
    """Goes on with a run that failed or was interrupted, and with the runs that were to follow it."""
    found = find_run(options.state, options.run)
    with locked(found.runs.state) as state:
        world = read_world(state)
        folder, record = found.folder, found.folder.record()
        if record.world != world.id:
            raise LocalCloudError(
                f"what '{record.id}' worked on was replaced by a later `pipelinegen run`", "run its date again"
            )
        rest = [] if options.only else _missing(world, found.runs)
        if record.succeeded and not rest:
            raise LocalCloudError(f"'{record.id}' succeeded; there is nothing to retry", "see `pipelinegen runs`")
        prepared = prepare(_as_before(world, options))
        require_programs(prepared)

        def work(session: Session) -> Iterator[Day]:
            if not record.succeeded:
                day = redrive(session, folder, record)
                yield day
                if not day.end.succeeded:
                    return
            yield from run_planned(session) if rest else ()

        return run_in_world(prepared, world, world_tables(prepared, world), options, work)


def run_planned(session: Session, part: Part | None = None) -> Iterator[Day]:
    """Runs what is still to be run, until one fails."""
    for planned in _missing(session.world, session.runs):
        session.require_alive()
        day = new_run(session, planned, part)
        yield day
        if not day.end.succeeded:
            return


def _missing(world: World, runs: RunFolders) -> list[Planned]:
    """What was planned and has no record yet."""
    return [planned for planned in world.planned if not (runs.folder(planned.run).path / "run.json").is_file()]


def _as_before(world: World, options: Namespace) -> Namespace:
    """The options of the command that made the world."""
    spec = Path(world.spec)
    if not spec.is_file():
        raise LocalCloudError(f"'{spec.as_posix()}' is not here", "go to the folder that the run was started in")
    return Namespace(
        **{**vars(options), "spec": spec, "out": Path(world.out), "env": world.environment, "instance": world.instance}
    )


def run_in_world(
    prepared: Prepared, world: World, tables: Mapping[str, pa.Table], options: Namespace, work: Work
) -> int:
    """Starts the session, does the work, and sums it up; the exit code says whether every run succeeded."""
    console = Console(stderr=False, soft_wrap=not sys.stdout.isatty())
    started = time.monotonic()
    with ExitStack() as stack:
        session = start_session(prepared, world, tables, console, stack)
        users = sample_users(prepared, tables)
        days: list[Day] = []
        with summing_up(session, days, users, options.report, started):
            for day in work(session):
                days.append(day)
        failed = next((day for day in days if not day.end.succeeded), None)
        if failed:
            explain_failure(session, failed)
        if options.keep:
            _wait(session)
    return ExitCode.CLEAN if all(day.end.succeeded for day in days) else ExitCode.DIAGNOSTICS


def _wait(session: Session) -> None:
    print(
        f"\nthe local cloud stays at {session.cloud.endpoint} (AWS_ENDPOINT_URL), "
        f"Redis at {session.redis.host}:{session.redis.port}"
    )
    print("end it with Ctrl-C", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print()

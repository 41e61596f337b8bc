"""`pipelinegen backfill`: executions about past dates, one after another or several at a time.

A past date is an input of the same state machine, nothing else. What a date means to the pointer to the promoted model
follows from that: an execution reads it when it starts, and sets it when its gate accepts. One at a time, in the order
of the dates, each model goes on from that of the day before. Several at a time start from the same promoted model, and
the one that promotes last is what stays, whatever its date.
"""

from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import date, timedelta
from functools import partial
from itertools import islice
from typing import Any

from pipelinegen.local.execute import new_run, run_input
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.prepare import Prepared, locked, prepare, run_parameters
from pipelinegen.local.run import run_in_world
from pipelinegen.local.session import Session, require_programs, world_tables
from pipelinegen.local.summary import Day
from pipelinegen.local.warehouses import checked_choice
from pipelinegen.local.world import Planned, World, has_world, new_planned, new_world, read_world

MOST_DAYS = 366


def backfill(options: Namespace) -> int:
    """Runs every date of a stretch, in the world there is or in a new one."""
    dates = _dates(options.first, options.last)
    prepared = prepare(options)
    require_programs(prepared)
    if options.max_parallel > 1:
        refuse_bookmarks(prepared.deployment["glue_jobs"])
    extra = {"parameters": run_parameters(prepared.pipeline, options.parameter)}
    planned = [new_planned(day.isoformat(), run_input(day.isoformat(), extra)) for day in dates]
    with locked(prepared.state) as state:
        world = _world(prepared, options, dates).with_planned(planned)
        tables = world_tables(prepared, world)
        world.write(state)
        if options.max_parallel > 1 and any(step.reads_promoted for step in prepared.pipeline.steps):
            print(
                f"{options.max_parallel} at a time: they start from the same promoted model, and the last one to "
                "promote stays; with --max-parallel 1 each day goes on from the day before"
            )
        work = partial(run_at_once, planned=planned, most=options.max_parallel)
        return run_in_world(prepared, world, tables, options, work)


def refuse_bookmarks(jobs: Iterable[Mapping[str, Any]]) -> None:
    """Raises: LocalCloudError if a job reads on where the date before it stopped."""
    marked = next((job["step"] for job in jobs if job["max_concurrent_runs"] == 1), None)
    if marked:
        message = f"'{marked}' reads from a bookmark, so that its runs follow one another"
        raise LocalCloudError(message, "give --max-parallel 1")


def _dates(first: str, last: str) -> list[date]:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    if end < begin:
        raise LocalCloudError(f"{last} is before {first}", f"give --from {last} --to {first}")
    if (end - begin).days >= MOST_DAYS:
        raise LocalCloudError(f"from {first} to {last} are over {MOST_DAYS} days", "fill a shorter stretch at a time")
    return [begin + timedelta(days=number) for number in range((end - begin).days + 1)]


def _world(prepared: Prepared, options: Namespace, dates: list[date]) -> World:
    if has_world(prepared.state):
        return read_world(prepared.state).covering(dates)
    pipeline = prepared.pipeline
    choice = checked_choice(options.warehouse, options.warehouse_driver)
    return new_world(options.spec, options.out, pipeline.environment, options.data, dates, choice, pipeline.instance)


def run_at_once(session: Session, planned: list[Planned], most: int) -> Iterator[Day]:
    """Runs executions, at most so many at a time and started in their order; after a failure no more are started."""
    if most == 1:
        for item in planned:
            session.require_alive()
            day = new_run(session, item)
            yield day
            if not day.end.succeeded:
                return
        return
    for service in ("s3", "ssm", "stepfunctions"):
        # Made before the threads share them.
        session.cloud.client(service)
    waiting = iter(planned)
    with ThreadPoolExecutor(most) as pool:
        running: set[Future[Day]] = {pool.submit(_quietly, session, item) for item in islice(waiting, most)}
        failed = False
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            days = sorted((future.result() for future in done), key=lambda day: day.date)
            failed = failed or not all(day.end.succeeded for day in days)
            if not failed:
                running |= {pool.submit(_quietly, session, item) for item in islice(waiting, len(done))}
            yield from days


def _quietly(session: Session, planned: Planned) -> Day:
    """One execution among several: a line when it starts, and one when it is over."""
    session.require_alive()
    session.console.print(f"{planned.date}   started", highlight=False)
    day = new_run(session, planned, shown=False)
    how = "done" if day.end.succeeded else f"failed in '{day.end.failed_state}'"
    session.console.print(f"{planned.date}   {how} after {day.end.seconds:.1f} s", highlight=False)
    return day

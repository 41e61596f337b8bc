"""`pipelinegen run` and `retry`: start the local cloud, deploy, run executions one after another, and sum up."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from rich.console import Console

from pipelinegen.errors import ExitCode
from pipelinegen.local.denials import explain_denials
from pipelinegen.local.events import event_input
from pipelinegen.local.execute import new_run, redrive, run_input
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.find_runs import find_run
from pipelinegen.local.prepare import Prepared, locked, prepare, reset, run_dates, run_parameters
from pipelinegen.local.run_folders import RunFolders
from pipelinegen.local.session import Session, require_programs, start_session, world_tables
from pipelinegen.local.summary import Day, RunSummary, print_summary
from pipelinegen.local.world import Planned, World, new_planned, new_world, read_world

SUMMARY_FILE = "run.json"
SAMPLE_USERS = 5

#: Runs executions and gives one Day each; the last one may have failed.
Work = Callable[[Session], Iterator[Day]]


def run_days(options: Namespace) -> int:
    """One execution a day; the summary is printed, and left in the state folder beside records and logs."""
    prepared = prepare(options)
    require_programs(prepared)
    extra: dict[str, object] = {"parameters": run_parameters(prepared.pipeline, options.parameter)}
    if options.event:
        started, told = event_input(prepared.deployment, prepared.definition, options.event)
        extra.update(started)
        dates = run_dates(options.date or told, 1)
    else:
        dates = run_dates(options.date, options.days)
    planned = [new_planned(day.isoformat(), run_input(day.isoformat(), extra)) for day in dates]
    with locked(prepared.state) as state:
        if options.go_on:
            world = read_world(state).covering(dates)
        else:
            world = new_world(options.spec, options.out, prepared.pipeline.environment, options.data, dates)
            world = replace(world, instance=prepared.pipeline.instance)
        tables = world_tables(prepared, world)
        if not options.go_on:
            reset(state)
        world.with_planned(planned).write(state)
        return _work(prepared, world.with_planned(planned), tables, options, run_planned)


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

        return _work(prepared, world, world_tables(prepared, world), options, work)


def run_planned(session: Session) -> Iterator[Day]:
    """Runs what is still to be run, until one fails."""
    for planned in _missing(session.world, session.runs):
        session.require_alive()
        day = new_run(session, planned)
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


def _work(prepared: Prepared, world: World, tables: Mapping[str, pa.Table], options: Namespace, work: Work) -> int:
    console = Console(stderr=False, soft_wrap=not sys.stdout.isatty())
    started = time.monotonic()
    with ExitStack() as stack:
        session = start_session(prepared, world, tables, console, stack)
        users = _sample_users(prepared, tables)
        days: list[Day] = []
        with _summing_up(session, days, users, options.report, started):
            for day in work(session):
                days.append(day)
        if days and not days[-1].end.succeeded:
            _explain_failure(session, days[-1])
        if options.keep:
            _wait(session)
    return ExitCode.CLEAN if all(day.end.succeeded for day in days) else ExitCode.DIAGNOSTICS


@contextmanager
def _summing_up(
    session: Session, days: list[Day], users: list[str], report: Path | None, started: float
) -> Iterator[None]:
    """Whatever happens inside, the days that were run are summed up."""
    try:
        yield
    finally:
        if days:
            summary = RunSummary(
                pipeline=session.prepared.pipeline.name,
                environment=session.prepared.pipeline.environment,
                metric=session.deployment.settings["summary"]["metric"],
                by_hand=session.deployment.settings.get("by_hand", ()),
                days=days,
                sample_users=users,
                notifications=session.cloud.notifications(),
                seconds=time.monotonic() - started,
            )
            _leave_summary(summary, session.prepared.state / SUMMARY_FILE, report)
            print_summary(summary, session.console)


def _sample_users(prepared: Prepared, tables: Mapping[str, pa.Table]) -> list[str]:
    """Some users who acted on the last day, under the ids the warehouse knows them by."""
    column = prepared.deployment["summary"]["user_column"]
    table = next((table for table in tables.values() if column in table.column_names), None)
    if table is None:
        return []
    last = table.slice(max(0, table.num_rows - 1000)).column(column).to_pylist()
    return list(dict.fromkeys(str(user) for user in reversed(last)))[:SAMPLE_USERS]


def _leave_summary(summary: RunSummary, path: Path, report: Path | None) -> None:
    text = json.dumps(summary.as_json(), indent=2) + "\n"
    for place in filter(None, (path, report)):
        place.write_text(text, encoding="utf-8")


def _explain_failure(session: Session, day: Day) -> None:
    end, console = day.end, session.console
    console.print(f"\n[red]state '{end.failed_state}' failed on {day.date}[/]: {end.error}", highlight=False)
    if end.log_tail:
        console.print(f"the end of {end.log}:", highlight=False)
        console.print(end.log_tail, markup=False, highlight=False)
    else:
        console.print(end.cause, markup=False, highlight=False)
    for refusal in explain_denials(session.cloud.denials(), session.deployment, day.record.started_at):
        console.print(refusal, markup=False, highlight=False)
    console.print(f"once it is mended: `pipelinegen retry {day.record.id}`", highlight=False)


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

"""`pipelinegen run`: fills the warehouse, starts the local cloud, deploys, and runs one execution a day."""

import json
import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Mapping, Set
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console

from pipelinegen.errors import ExitCode
from pipelinegen.local.deploy import Deployment, deploy
from pipelinegen.local.follow import ExecutionEnd, StateEvent, follow
from pipelinegen.local.java import find_java
from pipelinegen.local.local_cloud import LocalCloud
from pipelinegen.local.prepare import (
    Prepared,
    local_secrets,
    locked,
    prepare,
    reset,
    run_dates,
    run_parameters,
    tables_for,
)
from pipelinegen.local.progress import StepProgress
from pipelinegen.local.redis import RedisServer, find_redis_server
from pipelinegen.local.summary import Day, RunSummary, print_summary, redis_keys, rows_extracted
from pipelinegen.local.warehouse import fill_derby

SUMMARY_FILE = "run.json"
SAMPLE_USERS = 5


@dataclass(frozen=True, slots=True)
class Session:
    """Everything that is running."""

    prepared: Prepared
    cloud: LocalCloud
    redis: RedisServer
    deployment: Deployment
    console: Console
    extra_input: Mapping[str, Any]


def run_days(options: Namespace) -> int:
    """One execution a day; the summary is printed, and left in the state folder beside logs and the Redis snapshot."""
    prepared = prepare(options)
    _require_programs(prepared)
    parameters = run_parameters(prepared.pipeline, options.parameter)
    dates = run_dates(options.date, options.days)
    tables = tables_for(prepared.pipeline, options.spec, options.data, dates)
    console = Console(stderr=False, soft_wrap=not sys.stdout.isatty())
    started = time.monotonic()
    with locked(prepared.state) as state, ExitStack() as stack:
        reset(state)
        session = _start(prepared, tables, {"parameters": parameters}, console, stack)
        days = _run_dates(session, dates)
        summary = RunSummary(
            pipeline=prepared.pipeline.name,
            environment=prepared.pipeline.environment,
            metric=session.deployment.settings["summary"]["metric"],
            days=days,
            sample_users=_sample_users(prepared, tables),
            notifications=session.cloud.notifications(),
            seconds=time.monotonic() - started,
        )
        _leave_summary(summary, state / SUMMARY_FILE, options.report)
        print_summary(summary, console)
        _explain_failure(days[-1], console)
        if options.keep:
            _wait(session)
    _remove_working_files(state)
    return ExitCode.CLEAN if all(day.end.succeeded for day in days) else ExitCode.DIAGNOSTICS


def _require_programs(prepared: Prepared) -> None:
    """Raises: NoJavaError, NoRedisError before anything is started."""
    if prepared.deployment["glue_jobs"]:
        find_java()
    find_redis_server()


def _start(
    prepared: Prepared,
    tables: Mapping[str, pa.Table],
    extra_input: Mapping[str, Any],
    console: Console,
    stack: ExitStack,
) -> Session:
    pipeline, state = prepared.pipeline, prepared.state
    rows = sum(table.num_rows for table in tables.values())
    with console.status(f"filling the warehouse with {rows:,} rows of {len(tables)} tables"):
        warehouse = fill_derby(tables, state / "warehouse") if pipeline.warehouse else None
    with console.status("starting the local cloud and Redis"):
        redis = stack.enter_context(RedisServer(state / "redis"))
        cloud = stack.enter_context(LocalCloud(state, pipeline.account_id, pipeline.region))
        names = prepared.deployment["secrets"]
        redis_secret = next((name for name in names if name.endswith("/redis")), "redis")
        secrets = local_secrets(pipeline, redis_secret, redis.password, warehouse.secret() if warehouse else None)
        deployment = deploy(cloud, prepared.folder, secrets=secrets, variables=redis_variables(redis))
    return Session(prepared, cloud, redis, deployment, console, extra_input)


def redis_variables(redis: RedisServer) -> dict[str, str]:
    """What Terraform's outputs about Redis are on this machine."""
    return {"redis_host": redis.host, "redis_port": str(redis.port), "redis_tls": "false"}


def _run_dates(session: Session, dates: list[date]) -> list[Day]:
    days: list[Day] = []
    for day in dates:
        days.append(_run_date(session, day.isoformat()))
        if not days[-1].end.succeeded:
            break
    return days


def _run_date(session: Session, day: str) -> Day:
    steps = [step for step in session.deployment.steps if step["states"]]
    seconds: dict[str, float] = {}
    end: ExecutionEnd | None = None
    with StepProgress(steps, day, session.console) as progress:
        for event in follow(session.cloud, session.deployment, day, session.extra_input):
            progress.show(event)
            if isinstance(event, ExecutionEnd):
                end = event
            else:
                _add_seconds(seconds, event, {step["name"] for step in steps})
    assert end is not None
    return Day(day, end, seconds, rows_extracted(session.cloud, session.deployment, day), redis_keys(session.redis))


def _add_seconds(seconds: dict[str, float], event: StateEvent, steps: Set[str]) -> None:
    """Counts the states of steps; those around them, such as a Parallel state, would count twice."""
    if event.kind == "exited" and event.step in steps:
        seconds[event.step] = seconds.get(event.step, 0.0) + event.seconds


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


def _explain_failure(day: Day, console: Console) -> None:
    end = day.end
    if end.succeeded:
        return
    console.print(f"\n[red]state '{end.failed_state}' failed on {day.date}[/]: {end.error}", highlight=False)
    if end.log_tail:
        console.print(f"the end of {end.log}:", highlight=False)
        console.print(end.log_tail, markup=False, highlight=False)
    else:
        console.print(end.cause, markup=False, highlight=False)


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


def _remove_working_files(state: Path) -> None:
    """Only the summary, the logs, the notifications and the Redis snapshot stay."""
    kept = {SUMMARY_FILE, "logs", "redis", "notifications.jsonl", ".lock"}
    (state / "redis" / "redis.conf").unlink(missing_ok=True)
    for path in state.iterdir():
        if path.name not in kept:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()

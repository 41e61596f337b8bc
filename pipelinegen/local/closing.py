"""The end of a command: sums up the executions it ran, for the screen, as JSON and as a page."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelinegen.emit.asl_input import WRONG_INPUT
from pipelinegen.local.causes import in_words
from pipelinegen.local.denials import explain_denials
from pipelinegen.local.prepare import Prepared
from pipelinegen.local.report.write import SUMMARY_FILE, is_page, write_page
from pipelinegen.local.session import Session
from pipelinegen.local.summary import Day, RunSummary, print_summary

SAMPLE_USERS = 5


@contextmanager
def summing_up(
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
                metrics=session.deployment.settings["summary"]["metrics"],
                by_hand=session.deployment.settings.get("by_hand", ()),
                days=days,
                sample_users=users,
                notifications=_told(session, days),
                seconds=time.monotonic() - started,
            )
            _leave_summary(summary, session.prepared.state / SUMMARY_FILE, report)
            print_summary(summary, session.console)
            if report and is_page(report):
                write_page(session.prepared.state, report)


def sample_users(prepared: Prepared, tables: Mapping[str, pa.Table]) -> list[str]:
    """Some users who acted on the last day, under the ids the warehouse knows them by."""
    column = prepared.deployment["summary"]["user_column"]
    table = next((table for table in tables.values() if column in table.column_names), None)
    if table is None:
        return []
    last = table.slice(max(0, table.num_rows - 1000)).column(column).to_pylist()
    return list(dict.fromkeys(str(user) for user in reversed(last)))[:SAMPLE_USERS]


def _told(session: Session, days: list[Day]) -> list[Mapping[str, Any]]:
    """What these runs published; the file holds what earlier ones did, too."""
    runs = {day.record.id for day in days}
    return [item for item in session.cloud.notifications() if item["execution"] in runs]


def _leave_summary(summary: RunSummary, path: Path, report: Path | None) -> None:
    text = json.dumps(summary.as_json(), indent=2) + "\n"
    for place in (path, report):
        if place is not None and not is_page(place):
            place.write_text(text, encoding="utf-8")


def explain_failure(session: Session, day: Day) -> None:
    """Prints what failed and why, the end of its log, what was refused, and how to go on."""
    end, console = day.end, session.console
    console.print(f"\n[red]state '{end.failed_state}' failed on {day.date}[/]: {end.error}", highlight=False)
    words = in_words(end.cause).removeprefix(f"{end.failed_state}: ").strip()
    if words:
        console.print(words, markup=False, highlight=False)
    if end.log_tail:
        console.print(f"the end of {end.log}:", highlight=False)
        console.print(end.log_tail, markup=False, highlight=False)
    for refusal in explain_denials(session.cloud.denials(), session.deployment, day.record.started_at):
        console.print(refusal, markup=False, highlight=False)
    if day.end.error != WRONG_INPUT:  # the same input would be wrong again
        console.print(f"once it is mended: `pipelinegen retry {day.record.id}`", highlight=False)

"""What a local run comes to: a day a row, for the screen and as JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from pipelinegen.local.follow import ExecutionEnd
from pipelinegen.local.run_folders import RunRecord

#: Days that fit side by side on a screen.
MOST_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class Day:
    """One execution: its record, and how it ended."""

    record: RunRecord
    end: ExecutionEnd

    @property
    def date(self) -> str:
        """The logical date."""
        return self.record.date

    @property
    def seconds(self) -> Mapping[str, float]:
        """At work, by step."""
        return self.record.steps

    @property
    def rows(self) -> Mapping[str, int]:
        """Read, by dataset."""
        return self.record.rows

    @property
    def keys(self) -> int:
        """In Redis, afterwards."""
        return self.record.keys


@dataclass(frozen=True, slots=True)
class RunSummary:
    """All days of one run."""

    pipeline: str
    environment: str
    metric: str | None
    days: Sequence[Day]
    sample_users: Sequence[str]
    notifications: Sequence[Mapping[str, Any]]
    seconds: float
    by_hand: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """The summary as a JSON object."""
        return {
            "schema_version": 1,
            "pipeline": self.pipeline,
            "environment": self.environment,
            "metric": self.metric,
            "seconds": round(self.seconds, 2),
            "sample_users": list(self.sample_users),
            "permissions_by_hand": list(self.by_hand),
            "days": [
                {
                    "date": day.date,
                    "run": day.record.id,
                    "status": day.end.status,
                    "failed_state": day.end.failed_state or None,
                    "error": day.end.error or None,
                    "rows": dict(day.rows),
                    "keys": day.keys,
                    "seconds": {step: round(seconds, 2) for step, seconds in day.seconds.items()},
                    "output": day.end.output,
                }
                for day in self.days
            ],
        }


def print_summary(summary: RunSummary, console: Console) -> None:
    """The table of days, then what was notified."""
    console.print(f"\n[bold]{summary.pipeline}[/] ({summary.environment})", highlight=False)
    console.print(_results(summary))
    console.print()
    console.print(_seconds(summary))
    console.print()
    for message in summary.notifications:
        first = str(message["message"]).split("\n", 1)[0]
        console.print(f"told the owner: {message['subject']}: {first}", markup=False, highlight=False, soft_wrap=True)
    for line in summary.by_hand:
        console.print(f"by hand: {line}", markup=False, highlight=False, soft_wrap=True)
    days = "1 day" if len(summary.days) == 1 else f"{len(summary.days)} days"
    console.print(f"{days} in {summary.seconds:.0f} s", highlight=False)


def _results(summary: RunSummary) -> Table:
    """Rows read by dataset; where the pipeline has them, the metric beside its rivals, the gate's decision, keys."""
    datasets = list(dict.fromkeys(name for day in summary.days for name in day.rows))
    columns: dict[str, Callable[[Day], str]] = {f"{name} read": partial(_rows, name) for name in datasets}
    if summary.metric:
        columns[summary.metric] = partial(_metric, summary.metric)
        columns["of the promoted"] = partial(_metric, f"promoted_{summary.metric}")
        columns["of the popular"] = partial(_metric, f"popular_{summary.metric}")
        columns["gate"] = _gate
    if any(day.keys for day in summary.days):
        columns["keys"] = lambda day: f"{day.keys:,}"
    if not all(day.end.succeeded for day in summary.days):
        columns["failed in"] = lambda day: f"[red]{day.end.failed_state}"
    table = _table("day", *columns)
    for day in summary.days:
        table.add_row(day.date, *(show(day) for show in columns.values()))
    return table


def _seconds(summary: RunSummary) -> Table:
    """A step a row; a day a column, or the mean and the longest where there are many days."""
    steps = list(dict.fromkeys(step for day in summary.days for step in day.seconds))
    taken = {step: [day.seconds[step] for day in summary.days if step in day.seconds] for step in steps}
    taken["in all"] = [day.end.seconds for day in summary.days]
    few = len(summary.days) <= MOST_COLUMNS
    table = _table("seconds", *([day.date for day in summary.days] if few else ["mean", "longest"]))
    for step, seconds in taken.items():
        shown = seconds if few else [sum(seconds) / len(seconds), max(seconds)]
        table.add_row(step, *(f"{value:.1f}" for value in shown))
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        left = heading in ("day", "gate", "seconds", "failed in")
        table.add_column(
            heading,
            justify="left" if left else "right",
            min_width=10 if heading == "day" else max(map(len, heading.split())),
        )
    return table


def _rows(name: str, day: Day) -> str:
    return f"{day.rows[name]:,}" if name in day.rows else "-"


def _metric(name: str, day: Day) -> str:
    value = next((output["metrics"].get(name) for output in _outputs(day) if output.get("metrics")), None)
    return "-" if value is None else f"{value:.4f}"


def _gate(day: Day) -> str:
    output = next((output for output in _outputs(day) if "accepted" in output), None)
    if output is None:
        return "-"
    if output.get("ran") is False:
        return "[dim]skipped"
    return "[green]accepted" if output["accepted"] else "[yellow]rejected"


def _outputs(day: Day) -> list[Mapping[str, Any]]:
    return list((day.end.output or {}).get("steps", {}).values())

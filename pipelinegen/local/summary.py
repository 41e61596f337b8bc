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
    def written(self) -> Mapping[str, int]:
        """Rows written by Glue jobs, by step."""
        rows = {report["step"]: report["output"]["rows"] for report in self.record.reports}
        return {step: found for step, found in rows.items() if found is not None}

    @property
    def keys(self) -> int:
        """In Redis, afterwards."""
        return self.record.keys


@dataclass(frozen=True, slots=True)
class RunSummary:
    """All days of one run; `metrics` are those that the spec names, by step."""

    pipeline: str
    environment: str
    metrics: Mapping[str, Sequence[str]]
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
            "metric": next((names[0] for names in self.metrics.values()), None),
            "metrics": {step: list(names) for step, names in self.metrics.items()},
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
    columns = _columns(summary)
    if columns:
        console.print(_results(summary, columns))
        console.print()
    console.print(_seconds(summary))
    console.print()
    for message in summary.notifications:
        first = str(message["message"]).split("\n", 1)[0]
        who = "the owner" if str(message["topic"]).endswith("-notifications") else f"the readers of {message['topic']}"
        console.print(f"told {who}: {message['subject']}: {first}", markup=False, highlight=False, soft_wrap=True)
    for line in summary.by_hand:
        console.print(f"by hand: {line}", markup=False, highlight=False, soft_wrap=True)
    dates = len({day.date for day in summary.days})
    days = "1 day" if dates == 1 else f"{dates} days"
    runs = f"{len(summary.days)} runs on " if _has_several_a_day(summary) else ""
    console.print(f"{runs}{days} in {summary.seconds:.0f} s", highlight=False)


def _columns(summary: RunSummary) -> dict[str, Callable[[Day], str]]:
    """Rows by dataset; the pipeline's metrics, each beside its rivals where there are any; decisions; keys in Redis.

    Where there are no metrics, what Glue jobs wrote and the numbers that functions returned.
    """
    columns: dict[str, Callable[[Day], str]] = {}
    if _has_several_a_day(summary) and any(day.record.schedule for day in summary.days):
        prefix = f"{summary.pipeline}-{summary.environment}-"
        columns["schedule"] = lambda day: day.record.schedule.removeprefix(prefix) or "-"
    for name in dict.fromkeys(name for day in summary.days for name in day.rows):
        columns[f"{name} read"] = partial(_rows, name)
    if not summary.metrics:
        for name in dict.fromkeys(name for day in summary.days for name in day.written):
            columns[f"{name} wrote"] = partial(_written, name)
        returned = dict.fromkeys(place for day in summary.days for place in _returned(day))
        columns |= {f"{step} {key}": partial(_number, step, key) for step, key in list(returned)[:MOST_COLUMNS]}
    columns |= _metric_columns(summary)
    gates = dict.fromkeys(name for day in summary.days for name, found in _steps(day) if "accepted" in found)
    columns |= {"gate" if len(gates) == 1 else name: partial(_decision, name) for name in gates}
    if any(day.keys for day in summary.days):
        columns["keys"] = lambda day: f"{day.keys:,}"
    if not all(day.end.succeeded for day in summary.days):
        columns["failed in"] = lambda day: f"[red]{day.end.failed_state}"
    return columns


def _has_several_a_day(summary: RunSummary) -> bool:
    return len({day.date for day in summary.days}) < len(summary.days)


def _results(summary: RunSummary, columns: Mapping[str, Callable[[Day], str]]) -> Table:
    table = _table("day", *columns)
    for day in summary.days:
        table.add_row(day.date, *(show(day) for show in columns.values()))
    return table


def _metric_columns(summary: RunSummary) -> dict[str, Callable[[Day], str]]:
    """Every metric that the spec names, with its step where two steps have it, and beside it what it competes with."""
    every = [name for names in summary.metrics.values() for name in names]
    columns: dict[str, Callable[[Day], str]] = {}
    for step, names in summary.metrics.items():
        for name in names:
            heading = name if every.count(name) == 1 else f"{step} {name}"
            columns[heading] = partial(_metric, step, name)
            for rival in ("promoted", "popular"):
                if any(_found(step, f"{rival}_{name}", day) is not None for day in summary.days):
                    prefix = "" if len(every) == 1 else f"{heading} "
                    columns[f"{prefix}of the {rival}"] = partial(_metric, step, f"{rival}_{name}")
    return columns


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
        left = heading in (
            "day",
            "schedule",
            "gate",
            "seconds",
            "failed in",
        )  # the others hold numbers, or one word a gate
        table.add_column(
            heading,
            justify="left" if left else "right",
            min_width=10 if heading == "day" else max(map(len, heading.split())),
        )
    return table


def _rows(name: str, day: Day) -> str:
    return f"{day.rows[name]:,}" if name in day.rows else "-"


def _written(name: str, day: Day) -> str:
    return f"{day.written[name]:,}" if name in day.written else "-"


def _returned(day: Day) -> dict[tuple[str, str], float]:
    """The numbers that functions returned, by step and key."""
    given = {step: output.get("result") for step, output in _steps(day)}
    return {
        (step, key): value
        for step, result in given.items()
        if isinstance(result, Mapping)
        for key, value in result.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _number(step: str, key: str, day: Day) -> str:
    value = _returned(day).get((step, key))
    return "-" if value is None else f"{value:,.4g}" if isinstance(value, float) else f"{value:,}"


def _metric(step: str, name: str, day: Day) -> str:
    value = _found(step, name, day)
    return "-" if value is None else f"{value:.4f}" if abs(value) < 1000 else f"{value:,.0f}"


def _found(step: str, name: str, day: Day) -> float | None:
    value = (dict(_steps(day)).get(step, {}).get("metrics") or {}).get(name)
    return value if isinstance(value, int | float) else None


def _decision(step: str, day: Day) -> str:
    output = dict(_steps(day)).get(step)
    if output is None or "accepted" not in output:
        return "-"
    if output.get("ran") is False:
        return "[dim]skipped"
    return "[green]accepted" if output["accepted"] else "[yellow]rejected"


def _steps(day: Day) -> list[tuple[str, Mapping[str, Any]]]:
    """What the steps gave, by their names."""
    steps = (day.end.output or {}).get("steps", {})
    return [(name, output) for name, output in steps.items() if isinstance(output, Mapping)]

"""Puts the report together: facts of the records into the template, which escapes every text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelinegen.local import logs
from pipelinegen.local.report.charts import Chart, decision_of, metric_chart, metrics_of, round_step
from pipelinegen.local.report.checks import Row, check_results, row_counts
from pipelinegen.local.report.lineage import Lineage, lineage
from pipelinegen.local.report.timeline import Timeline, timeline
from pipelinegen.local.run_folders import INTERRUPTED, RUNNING, RunFolder, RunRecord, shown_status

_TEMPLATE: Final = "page.html.j2"

#: Pictures of days that are open when the page is; the others open with a click.
_OPEN_DAYS: Final = 4
_LOG_LINES: Final = 20
_AXIS_TICKS: Final = 5
_FEATURES: Final = 6
_USERS: Final = 6
_ITEMS: Final = 5


@dataclass(frozen=True, slots=True)
class DayView:
    """One run as the page shows it."""

    record: RunRecord
    label: str
    status: str
    picture: Timeline
    ticks: Sequence[tuple[float, str]]
    decision: str
    metrics: Mapping[str, float]
    log_name: str
    log_tail: str
    open: bool


@dataclass(frozen=True, slots=True)
class Recommended:
    """An item of an example: rank, id, score, and its features."""

    rank: int
    item: str
    score: str
    features: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A key of Redis, and what it holds."""

    key: str
    about: str
    items: Sequence[Recommended] = ()
    fields: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class ReportContext:
    """All that the template needs."""

    pipeline: str
    environment: str
    made_at: str
    tiles: Sequence[tuple[str, str, str]]
    days: Sequence[DayView]
    axis_seconds: float
    metric: str | None
    metric_names: Sequence[str]
    chart: Chart | None
    models: Lineage | None
    rows: Sequence[Row]
    checks: Sequence[Row]
    examples: Sequence[Example]
    notifications: Sequence[Mapping[str, Any]] = field(default_factory=list)
    by_hand: Sequence[str] = ()


def render_report(
    pipeline: str,
    environment: str,
    runs: Sequence[tuple[RunFolder, RunRecord]],
    *,
    metric: str | None,
    notifications: Sequence[Mapping[str, Any]] = (),
    by_hand: Sequence[str] = (),
    busy: bool = False,
) -> str:
    """The page about some runs, oldest first. Same records, same page, but for the time it says it was made at."""
    records = [record for _, record in runs]
    labels = _labels(records)
    pictures = [timeline(folder.events()) for folder, _ in runs]
    axis = max([picture.seconds for picture in pictures], default=0.0) or 1.0
    ids = {record.id for record in records}
    days = [
        _day(folder, record, label, picture, axis, _is_open(number, record, len(runs)), busy)
        for number, ((folder, record), label, picture) in enumerate(zip(runs, labels, pictures, strict=True))
    ]
    context = ReportContext(
        pipeline=pipeline,
        environment=environment,
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        tiles=_tiles(records, days),
        days=days,
        axis_seconds=axis,
        metric=metric,
        metric_names=list(dict.fromkeys(name for day in days for name in day.metrics)),
        chart=metric_chart(records, labels, metric),
        models=lineage(records, metric),
        rows=row_counts(records),
        checks=check_results(records),
        examples=_examples(records),
        notifications=[item for item in notifications if item.get("execution") in ids],
        by_hand=by_hand,
    )
    return _environment().get_template(_TEMPLATE).render(report=context)


def _environment() -> Environment:
    # Autoescape, unlike the compiler's templates: this is HTML, and the texts are anybody's.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["seconds"] = _seconds
    environment.filters["figure"] = _figure
    environment.filters["share"] = lambda value, whole: f"{100 * value / whole:.3f}"
    return environment


def _labels(records: Sequence[RunRecord]) -> list[str]:
    """The date of each run, with the time where a date has several."""
    dates = [record.date for record in records]
    return [
        f"{record.date} {str(record.input.get('scheduled_time', record.started_at))[11:16]}"
        if dates.count(record.date) > 1
        else record.date
        for record in records
    ]


def _is_open(number: int, record: RunRecord, count: int) -> bool:
    return count <= _OPEN_DAYS or not record.succeeded or number == count - 1


def _day(
    folder: RunFolder, record: RunRecord, label: str, picture: Timeline, axis: float, is_open: bool, busy: bool
) -> DayView:
    found = folder.logs_of(record.failed_step) if record.failed_step else []
    return DayView(
        record=record,
        label=label,
        status=shown_status(record, busy=busy),
        picture=picture,
        ticks=_ticks(axis),
        decision=decision_of(record),
        metrics=metrics_of(record),
        log_name=found[-1].name if found else "",
        log_tail=logs.tail(found[-1], _LOG_LINES) if found else "",
        open=is_open,
    )


def _ticks(axis: float) -> list[tuple[float, str]]:
    """Round times along the axis of seconds."""
    step = round_step(axis / _AXIS_TICKS)
    return [(step * number, _seconds(step * number)) for number in range(int(axis / step + 1e-9) + 1)]


def _tiles(records: Sequence[RunRecord], days: Sequence[DayView]) -> list[tuple[str, str, str]]:
    """Label, value and tone of the figures at the top."""
    stopped = sum(day.status == INTERRUPTED for day in days)
    failed = sum(day.status not in ("SUCCEEDED", RUNNING, INTERRUPTED) for day in days)
    tiles = [("runs", str(len(records)), "plain"), ("failed", str(failed), "bad" if failed else "good")]
    if stopped:
        tiles.append(("interrupted", str(stopped), "plain"))
    retries = sum(record.redrive_count for record in records)
    if retries:
        tiles.append(("retries", str(retries), "plain"))
    decisions = [day.decision for day in days if day.decision in ("accepted", "rejected")]
    if decisions:
        accepted = decisions.count("accepted")
        tiles.append(("models accepted", f"{accepted} of {len(decisions)}", "plain"))
    if records and records[-1].keys:
        tiles.append(("keys in Redis", f"{records[-1].keys:,}", "plain"))
    tiles.append(("at work", _seconds(sum(record.seconds for record in records)), "plain"))
    return tiles


def _examples(records: Sequence[RunRecord]) -> list[Example]:
    """Of the last run that left any."""
    found = next((record.samples for record in reversed(records) if record.samples), [])
    return [_example(sample) for sample in found[:_USERS]]


def _example(sample: Mapping[str, Any]) -> Example:
    fields, features = sample["fields"], sample.get("features", {})
    items, scores = fields.get("items"), fields.get("scores")
    rest = [(name, str(value)) for name, value in fields.items() if name not in ("items", "scores")]
    if not isinstance(items, list):
        return Example(sample["key"], "", fields=[(name, _shortened(value)) for name, value in fields.items()])
    listed = scores if isinstance(scores, list) else []
    chosen = [
        Recommended(rank, str(item), _score(listed, rank), _features(features.get(str(item), {})))
        for rank, item in enumerate(islice(items, _ITEMS), 1)
    ]
    more = f", {len(items)} items" if len(items) > _ITEMS else ""
    return Example(sample["key"], ", ".join(f"{name} {_shortened(value)}" for name, value in rest) + more, chosen)


def _score(scores: Sequence[Any], rank: int) -> str:
    return f"{scores[rank - 1]:.3f}" if rank <= len(scores) and isinstance(scores[rank - 1], int | float) else ""


def _features(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, _shortened(value)) for name, value in islice(values.items(), _FEATURES)]


def _shortened(value: Any) -> str:
    text = _figure(value) if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else f"{text[:20]}…{text[-18:]}"


def _figure(value: float) -> str:
    """`0.0467`, `19,864`."""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.4g}"


def _seconds(value: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes} min {seconds} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"

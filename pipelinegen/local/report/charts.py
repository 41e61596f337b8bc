"""The metrics of days as lines, in the coordinates of an SVG picture."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pipelinegen.local.run_folders import RunRecord

WIDTH: Final = 860
HEIGHT: Final = 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 16, 34

#: Labels of days that fit side by side.
_MOST_LABELS: Final = 10
_TICKS: Final = 4


@dataclass(frozen=True, slots=True)
class Dot:
    """A value; `mark`: accepted, rejected, or nothing where no gate decided."""

    x: float
    y: float
    title: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One metric over the days; `tone`: own, promoted or popular. `points` are of an SVG polyline."""

    name: str
    tone: str
    points: str
    dots: Sequence[Dot]


@dataclass(frozen=True, slots=True)
class Tick:
    """A label on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of WIDTH by HEIGHT."""

    metric: str
    lines: Sequence[Line]
    rows: Sequence[Tick]
    columns: Sequence[Tick]
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    bottom: int = HEIGHT - _BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


def step_outputs(record: RunRecord) -> list[Mapping[str, Any]]:
    """What the steps of a run gave."""
    steps = record.output.get("steps") if isinstance(record.output, dict) else None
    return [found for found in steps.values() if isinstance(found, dict)] if isinstance(steps, dict) else []


def metrics_of(record: RunRecord) -> dict[str, float]:
    """All metrics that the steps of a run gave."""
    found: dict[str, float] = {}
    for output in step_outputs(record):
        values = output.get("metrics")
        if isinstance(values, dict):
            found.update({name: value for name, value in values.items() if isinstance(value, int | float)})
    return found


def decision_of(record: RunRecord) -> str:
    """The quality gate's: accepted, rejected, skipped, or nothing if there is none."""
    output = next((found for found in step_outputs(record) if "accepted" in found), None)
    if output is None:
        return "rejected" if record.error == "QualityGate" else ""
    if output.get("ran") is False or output["accepted"] is None:
        return "skipped"
    return "accepted" if output["accepted"] else "rejected"


def metric_chart(records: Sequence[RunRecord], labels: Sequence[str], metric: str | None) -> Chart | None:
    """The metric of the gate beside that of the promoted model and of the most popular items; None without values."""
    if metric is None:
        return None
    names = {metric: "own", f"promoted_{metric}": "promoted", f"popular_{metric}": "popular"}
    values = [metrics_of(record) for record in records]
    all_values = [found[name] for found in values for name in names if name in found]
    if not all_values:
        return None
    low, high, step = _bounds(all_values)
    rows = [low + step * number for number in range(round((high - low) / step) + 1)]
    lines = []
    for name, tone in names.items():
        dots = [
            Dot(
                _x(day, len(records)),
                _y(found[name], low, high),
                f"{labels[day]}: {name} {found[name]:.4g}",
                decision_of(records[day]) if tone == "own" else "",
            )
            for day, found in enumerate(values)
            if name in found
        ]
        if dots:
            lines.append(Line(name, tone, " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in dots), dots))
    every = max(1, math.ceil(len(records) / _MOST_LABELS))
    columns = [Tick(_x(day, len(records)), labels[day]) for day in range(0, len(records), every)]
    return Chart(metric, lines, [Tick(_y(value, low, high), f"{value:.4g}") for value in rows], columns)


def _bounds(values: Sequence[float]) -> tuple[float, float, float]:
    """A range of round numbers around the values, and the distance of its ticks."""
    least, most = min(values), max(values)
    # From zero, where that does not flatten everything.
    least = min(0.0, least) if least < 0.6 * most else least
    span = (most - least) or abs(most) or 1.0
    step = round_step(span / _TICKS)
    low = math.floor(least / step + 1e-9) * step
    high = math.ceil(most / step - 1e-9) * step
    return low, high if high > low else low + step, step


def round_step(raw: float) -> float:
    """The least round number that is not less."""
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)


def _x(day: int, days: int) -> float:
    inner = WIDTH - _LEFT - _RIGHT - 40
    return round(_LEFT + 20 + (inner / 2 if days == 1 else inner * day / (days - 1)), 1)


def _y(value: float, low: float, high: float) -> float:
    inner = HEIGHT - _TOP - _BOTTOM
    return round(_TOP + inner * (1 - (value - low) / (high - low)), 1)

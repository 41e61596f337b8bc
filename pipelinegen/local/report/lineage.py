"""Where each model comes from: the data it saw, the model it went on from, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelinegen.local.report.charts import decision_of, metrics_of, step_outputs
from pipelinegen.local.run_folders import RunRecord


@dataclass(frozen=True, slots=True)
class Model:
    """A model that a run trained; `parent` is the version it started from, empty for none."""

    version: str
    short: str
    run: str
    date: str
    parent: str
    parent_short: str
    data: Sequence[str]
    value: str
    decision: str
    promoted: bool
    x: float
    y: float
    parent_x: float | None
    parent_y: float | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """The models of some runs; coordinates are those of an SVG picture of `width` by `height`."""

    models: Sequence[Model]
    width: int
    height: int


_COLUMN, _LEFT = 132, 70
_PROMOTED_Y, _OTHER_Y, _BELOW = 52, 116, 24


def lineage(records: Sequence[RunRecord], metric: str | None) -> Lineage | None:
    """The models in the order in which they were trained, None if there are none."""
    models: list[Model] = []
    places: dict[str, tuple[float, float]] = {}
    for record in records:
        version = _trained(record)
        if version is None or version in places:
            continue
        parent = _pointer(record.parameters_before)
        promoted = _pointer(record.parameters_after) == version
        place = (_LEFT + _COLUMN * len(models), _PROMOTED_Y if promoted else _OTHER_Y)
        before = places.get(parent, (None, None))
        value = metrics_of(record).get(metric) if metric else None
        models.append(
            Model(
                version=version,
                short=_short(version),
                run=record.id,
                date=record.date,
                parent=parent,
                parent_short=_short(parent),
                data=[f"{name}: {rows:,} rows" for name, rows in record.rows.items()],
                value="" if value is None else f"{metric} {value:.4g}",
                decision=decision_of(record),
                promoted=promoted,
                x=place[0],
                y=place[1],
                parent_x=before[0],
                parent_y=before[1],
            )
        )
        places[version] = place
    if not models:
        return None
    height = max(model.y for model in models) + _BELOW
    return Lineage(models, 2 * _LEFT + _COLUMN * (len(models) - 1), int(height))


def _trained(record: RunRecord) -> str | None:
    """The version of the model that a run trained."""
    found = next((output for output in step_outputs(record) if output.get("model") and output.get("version")), None)
    return str(found["version"]) if found else None


def _pointer(parameters: Mapping[str, Any]) -> str:
    """The version that the pipeline's pointer names, empty for none."""
    found = (value for value in parameters.values() if isinstance(value, dict) and "model" in value)
    return str(next(found, {}).get("version") or "")


def _short(version: str) -> str:
    """The end of a version, which is what differs."""
    return version if len(version) <= 14 else f"…{version[-12:]}"

"""The local cloud that commands share: which data it was made from, and which runs are still to come.

`run` makes a new world, unless it is told to go on with the one there is; `retry`, `backfill` and `run --from` go on.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.run_folders import write_json
from pipelinegen.local.warehouses import WarehouseChoice

_FILE: Final = "world.json"


@dataclass(frozen=True, slots=True)
class Planned:
    """An execution to be started under a name of its own: the logical date, the input, the schedule it stands for."""

    run: str
    date: str
    input: dict[str, Any]
    schedule: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What a local cloud was made of. `first` and `last` are the days that the warehouse holds data of."""

    id: str
    spec: str
    out: str
    environment: str
    first: str
    last: str
    data: str | None = None
    instance: str | None = None
    #: What holds the data, and the JDBC driver for it: see `pipelinegen.local.warehouses`.
    warehouse: str = "derby"
    driver: str | None = None
    made_at: str = ""
    #: What the last command was to run, in this order; what has a record has been started.
    planned: list[Planned] = field(default_factory=list)

    @property
    def days(self) -> list[date]:
        """The days of data."""
        first, last = date.fromisoformat(self.first), date.fromisoformat(self.last)
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def covering(self, days: Sequence[date]) -> "World":
        """The world with the data of more days."""
        first = min([*days, date.fromisoformat(self.first)])
        last = max([*days, date.fromisoformat(self.last)])
        return replace(self, first=first.isoformat(), last=last.isoformat())

    def with_planned(self, planned: Sequence[Planned]) -> "World":
        """The world with other runs to come."""
        return replace(self, planned=list(planned))

    def write(self, state: Path) -> None:
        """Leaves it in the state folder."""
        write_json(state / _FILE, asdict(self))


def new_planned(date: str, input: dict[str, Any], schedule: str = "") -> Planned:
    """An execution with an id that nobody else has."""
    return Planned(f"{date}-{uuid.uuid4().hex[:8]}", date, input, schedule)


def new_world(
    spec: Path,
    out: Path,
    environment: str,
    data: str | None,
    days: Sequence[date],
    warehouse: WarehouseChoice,
    instance: str | None = None,
) -> World:
    """A world that nothing was run in."""
    return World(
        id=uuid.uuid4().hex[:12],
        spec=spec.as_posix(),
        out=out.as_posix(),
        environment=environment,
        first=min(days).isoformat(),
        last=max(days).isoformat(),
        data=data,
        warehouse=warehouse.name,
        driver=str(warehouse.driver.resolve()) if warehouse.driver else None,
        instance=instance,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def has_world(state: Path) -> bool:
    """Whether there is a world to go on in."""
    return (state / _FILE).is_file()


def read_world(state: Path) -> World:
    """The world there is. Raises: LocalCloudError if nothing was run here, or not by this version."""
    try:
        document = json.loads((state / _FILE).read_text(encoding="utf-8"))
        document["planned"] = [Planned(**item) for item in document["planned"]]
        return World(**document)
    except FileNotFoundError:
        raise LocalCloudError("nothing was run here yet", "start with `pipelinegen run SPEC`") from None
    except (ValueError, TypeError, KeyError) as error:
        raise LocalCloudError(
            f"'{state / _FILE}' cannot be read: {error}", "start anew with `pipelinegen run SPEC`"
        ) from error

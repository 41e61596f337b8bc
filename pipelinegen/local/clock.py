"""What EventBridge Scheduler would start in a stretch of days: the local cloud's clock is simulated.

The scheduled times are worked out from the generated schedules, cron with its zone or rate. Nothing waits for them: the
executions are started one after another in the order of their times, each with the input that the scheduler gives it.
On AWS, one that takes longer than the time to the next would overlap with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

from pipelinegen.local.cloud.tasks import logical_date
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.variables import fill_all
from pipelinegen.local.world import Planned, new_planned
from pipelinegen.spec.occurrences import occurrences

#: More executions than this are a slip of the pen.
MOST_RUNS = 2_000


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A start of a schedule; `at` is in UTC."""

    at: datetime
    schedule: str
    parameters: Mapping[str, Any]

    def planned(self, given: Mapping[str, Any]) -> Planned:
        """The execution, with the scheduler's own input; `given` are parameters that a person has set."""
        moment = self.at.strftime("%Y-%m-%dT%H:%M:%SZ")
        parameters = {**self.parameters, **given}
        input = {"scheduled_time": moment, **({"parameters": parameters} if parameters else {})}
        return new_planned(logical_date(input, moment), input, self.schedule)


def scheduled_starts(schedules: Sequence[Mapping[str, Any]], days: Sequence[date]) -> list[Scheduled]:
    """All starts on these days (UTC), in the order of their times; a rate begins with the first day.

    Raises: LocalCloudError if there are none, or more than anybody would wait for.
    """
    since = datetime.combine(days[0], time(), UTC)
    until = datetime.combine(days[-1], time(), UTC) + timedelta(days=1)
    found: list[Scheduled] = []
    for schedule in fill_all(list(schedules), {}):
        times = occurrences(schedule["expression"], schedule["timezone"], since)
        for at in takewhile(lambda moment: moment < until, times):
            found.append(Scheduled(at, schedule["name"], schedule["parameters"]))
            if len(found) > MOST_RUNS:
                raise LocalCloudError(
                    f"the schedules start over {MOST_RUNS:,} runs in {len(days)} days",
                    "run fewer days, or give --daily for one run a day",
                )
    if not found:
        raise LocalCloudError(
            f"no schedule starts a run from {days[0]} to {days[-1]}; {_next_start(schedules, until)}",
            "choose other days, or give --daily for one run a day",
        )
    return sorted(found, key=lambda start: (start.at, start.schedule))


def _next_start(schedules: Sequence[Mapping[str, Any]], since: datetime) -> str:
    starts = [next(occurrences(item["expression"], item["timezone"], since), None) for item in schedules]
    found = min((start for start in starts if start is not None), default=None)
    return f"the next one is on {found:%Y-%m-%d at %H:%M} UTC" if found else "there are none after that either"


def local_time(schedule: Mapping[str, Any], at: datetime) -> str:
    """A start on the clock of its schedule, such as `2026-11-20 04:00 CET`."""
    return at.astimezone(ZoneInfo(schedule["timezone"])).strftime("%Y-%m-%d %H:%M %Z")

"""How long schedules let a pipeline rest, for the alarm that misses its successes."""

import re
from collections.abc import Iterable

from pipelinegen.ir.model import Schedule

_UNITS = {"minute": 1 / 60, "hour": 1, "day": 24}
_WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}


def longest_pause_hours(schedules: Iterable[Schedule]) -> int | None:
    """The longest time between two starts by any of the schedules, in whole hours; None if that cannot be told.

    The schedule that rests least decides. Daily and weekly rhythms are read; hours within a day are not told apart.
    """
    pauses = [pause for schedule in schedules if (pause := _pause(schedule.expression)) is not None]
    return min(pauses, default=None)


def _pause(expression: str) -> int | None:
    rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if rate:
        return max(1, round(int(rate[1]) * _UNITS[rate[2]]))
    cron = re.fullmatch(r"cron\((.*)\)", expression)
    if cron is None:
        return None
    _, hour, day, month, weekday, year = cron[1].split()
    if month != "*" or year != "*" or day not in ("*", "?"):
        return None
    if weekday in ("*", "?"):
        return 1 if hour == "*" else 24
    days = _days(weekday)
    if not days:
        return None
    following = [*days[1:], days[0] + 7]
    return 24 * max(later - earlier for earlier, later in zip(days, following, strict=True))


def _days(field: str) -> list[int]:
    """The days of the week that a field names, Sunday first, or none if it says more than that."""
    found: set[int] = set()
    for part in field.split(","):
        first, _, last = part.partition("-")
        numbers = [_WEEKDAYS.get(text) or (int(text) if text.isdecimal() else 0) for text in (first, last or first)]
        if not all(numbers):
            return []
        start, end = numbers
        found.update((day - 1) % 7 + 1 for day in range(start, end + 1 if end >= start else end + 8))
    return sorted(found)

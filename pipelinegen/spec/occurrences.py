"""When a schedule starts, as EventBridge Scheduler has it.

Source: EventBridge Scheduler User Guide, "Schedule types". A cron expression names times on the clock of its zone: one
that the clock skips in spring does not start; one that it shows twice in autumn starts once, the first time. A rate
counts hours that pass: a day has 24 of them, whatever the clock shows. It starts at once, then after each interval.
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

_EXPRESSION: Final = re.compile(r"^(?P<kind>cron|rate)\((?P<text>[^)]*)\)$")

#: The years that the scheduler knows.
_FIRST_YEAR, _LAST_YEAR = 1970, 2199

_DayTest = Callable[[date], bool]


def occurrences(expression: str, timezone: str, since: datetime) -> Iterator[datetime]:
    """The times in UTC at which `cron(…)` or `rate(…)` starts, from `since` on, in order; a cron may come to an end.

    `since` has a zone, and is the moment at which a rate begins. Raises: ValueError for another kind of expression.
    """
    match = _EXPRESSION.match(expression)
    if match is None:
        raise ValueError(f"'{expression}' is neither cron(…) nor rate(…)")
    if match["kind"] == "rate":
        return _rate_times(match["text"], since.astimezone(UTC))
    return _cron_times(_Cron.of(match["text"]), ZoneInfo(timezone), since)


def _rate_times(text: str, since: datetime) -> Iterator[datetime]:
    number, unit = text.split(" ")
    interval = timedelta(**{unit.rstrip("s") + "s": int(number)})
    moment = since
    while moment.year <= _LAST_YEAR:
        yield moment
        moment += interval


def _cron_times(cron: "_Cron", zone: ZoneInfo, since: datetime) -> Iterator[datetime]:
    day = since.astimezone(zone).date()
    while day.year <= cron.last_year:
        if cron.on(day):
            yield from (moment for moment in _times_of_day(cron, zone, day) if moment >= since)
            day += timedelta(days=1)
        else:
            day = cron.next_candidate(day)


def _times_of_day(cron: "_Cron", zone: ZoneInfo, day: date) -> list[datetime]:
    """In UTC and in their order, without what the clock does not show."""
    found = []
    for hour in cron.hours:
        for minute in cron.minutes:
            local = datetime.combine(day, time(hour, minute), zone)
            moment = local.astimezone(UTC)
            # A time within a gap comes back as another one.
            if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                found.append(moment)
    return sorted(found)


@dataclass(frozen=True, slots=True)
class _Cron:
    """The fields of an expression that was checked before."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    years: frozenset[int]
    is_day: _DayTest

    @classmethod
    def of(cls, text: str) -> "_Cron":
        minute, hour, day, month, weekday, year = text.split(" ")
        return cls(
            minutes=tuple(sorted(_numbers(minute, 0, 59))),
            hours=tuple(sorted(_numbers(hour, 0, 23))),
            months=frozenset(_numbers(month, 1, 12, _MONTHS)),
            years=frozenset(_numbers(year, _FIRST_YEAR, _LAST_YEAR)),
            is_day=_weekday_test(weekday) if day == "?" else _day_test(day),
        )

    @property
    def last_year(self) -> int:
        return max(self.years)

    def on(self, day: date) -> bool:
        """Whether there is a start on this day of the clock."""
        return day.year in self.years and day.month in self.months and self.is_day(day)

    def next_candidate(self, day: date) -> date:
        """The next day worth looking at: whole months and years without a start are left out."""
        if day.year not in self.years:
            return date(min(year for year in (*self.years, _LAST_YEAR + 1) if year > day.year), 1, 1)
        if day.month not in self.months:
            return date(day.year, day.month, calendar.monthrange(day.year, day.month)[1]) + timedelta(days=1)
        return day + timedelta(days=1)


def _numbers(text: str, least: int, most: int, words: tuple[str, ...] = ()) -> set[int]:
    """The numbers of a field: `*`, `a`, `a-b`, `a/n`, `a-b/n`, and lists; a range such as FRI-MON goes round."""
    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        start = least if first == "*" else _number(first, least, words)
        # `5/10` goes on to the end of the field.
        end = _number(last, least, words) if last else most if first == "*" or step else start
        found.update(_wrapped(start, end, least, most)[:: int(step or 1)])
    return found


def _wrapped(start: int, end: int, least: int, most: int) -> list[int]:
    return list(range(start, end + 1)) if start <= end else [*range(start, most + 1), *range(least, end + 1)]


def _number(text: str, least: int, words: tuple[str, ...]) -> int:
    return words.index(text) + least if text in words else int(text)


def _day_test(text: str) -> _DayTest:
    """`L`: the last day of the month; `15W`: the weekday nearest the 15th, within the month."""
    if text == "L":
        return lambda day: day.day == _length(day)
    if text.endswith("W"):
        wanted = int(text[:-1])
        return lambda day: day.day == _nearest_weekday(day, wanted)
    days = _numbers(text, 1, 31)
    return lambda day: day.day in days


def _weekday_test(text: str) -> _DayTest:
    """`L`: Saturday, the last day of the week; `6L`: the last Friday of the month; `6#3`: its third Friday."""
    if text == "L":
        return lambda day: _weekday(day) == 7
    if text.endswith("L"):
        last = _number(text[:-1], 1, _WEEKDAYS)
        return lambda day: _weekday(day) == last and day.day + 7 > _length(day)
    if "#" in text:
        which, _, nth = text.partition("#")
        wanted, week = _number(which, 1, _WEEKDAYS), int(nth)
        return lambda day: _weekday(day) == wanted and (day.day - 1) // 7 + 1 == week
    days = _numbers(text, 1, 7, _WEEKDAYS)
    return lambda day: _weekday(day) in days


def _weekday(day: date) -> int:
    """Sunday is 1."""
    return day.isoweekday() % 7 + 1


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(month: date, wanted: int) -> int:
    """The Monday to Friday nearest a day of the month; 0 if the month has no such day."""
    length = _length(month)
    if wanted > length:
        return 0
    weekday = month.replace(day=wanted).isoweekday()
    if weekday == 6:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 7:
        return wanted + 1 if wanted < length else wanted - 2
    return wanted

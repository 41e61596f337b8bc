"""Cron expressions, rates and time zones as EventBridge Scheduler takes them.

Source: EventBridge Scheduler User Guide, "Schedule types" (cron-based: fields, wildcards, restrictions).
"""

import re
from dataclasses import dataclass

from pipelinegen.errors import did_you_mean
from pipelinegen.spec.tables import table
from pipelinegen.spec.value_errors import SpecValueError

ID = "PG113"

_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
#: One item of a field: a value or range, perhaps with a step.
_ITEM = r"(\*|[0-9A-Z]+)(?:-([0-9A-Z]+))?(?:/([0-9]+))?"
_HELP = "give six fields: minute hour day-of-month month day-of-week year, e.g. 0 4 * * ? *"


@dataclass(frozen=True, slots=True)
class _Field:
    """One field: its bounds, the words that stand for numbers from `least` on, and forms of its own."""

    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()
    special: str = ""

    def number(self, text: str) -> int | None:
        """The number a text stands for, within the bounds; else None."""
        if text in self.words:
            return self.words.index(text) + self.least
        return int(text) if re.fullmatch(r"[0-9]{1,4}", text) and self.least <= int(text) <= self.most else None

    @property
    def expected(self) -> str:
        """What belongs here, in words."""
        words = f" or {self.words[0]}-{self.words[-1]}" if self.words else ""
        return f"{self.least}-{self.most}{words}"


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day-of-month", 1, 31, special=r"\?|L|([1-9]|[12][0-9]|3[01])W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day-of-week", 1, 7, _WEEKDAYS, special=rf"\?|L|([1-7]|{'|'.join(_WEEKDAYS)})(L|#[1-5])"),
    _Field("year", 1970, 2199),
)


def check_cron(value: str) -> str:
    """The expression itself. Raises: SpecValueError with PG113 for what the scheduler refuses, or would never start."""
    parts = value.split(" ")
    if len(parts) != len(_FIELDS):
        raise SpecValueError(f"'{value[:60]}' has {len(parts)} fields, a cron expression of AWS six", _HELP, ID)
    for field, text in zip(_FIELDS, parts, strict=True):
        _check_field(field, text)
    days, weekdays = parts[2], parts[4]
    if (days == "?") == (weekdays == "?"):
        fact = "both say '?'" if days == "?" else f"both are given, as '{days}' and '{weekdays}'"
        help = "put '?' into exactly one of day-of-month (3rd) and day-of-week (5th)"
        raise SpecValueError(f"day-of-month and day-of-week exclude each other, but {fact}", help, ID)
    _check_dates(days, parts[3])
    return value


def _check_field(field: _Field, text: str) -> None:
    if field.special and re.fullmatch(field.special, text):
        return
    for item in text.split(","):
        found = re.fullmatch(_ITEM, item)
        if found is None or (found[1] == "*" and found[2]):
            raise _refused(field, item, f"write {field.expected}, '*', a range like a-b, or steps like a/n")
        first, last, step = found.groups()
        start = field.least if first == "*" else field.number(first)
        end = start if last is None else field.number(last)
        if start is None or end is None:
            raise _refused(field, item, f"it takes {field.expected}")
        if end < start and not field.words:
            raise _refused(field, item, f"let the range begin with the smaller number: {last}-{first}")
        if step is not None and not 1 <= int(step) <= field.most:
            raise _refused(field, item, f"a step is from 1 to {field.most}")


def _refused(field: _Field, item: str, help: str) -> SpecValueError:
    return SpecValueError(f"'{item[:40]}' is no {field.name} of a cron expression", help, ID)


def _check_dates(days: str, months: str) -> None:
    """Refuses a day that none of the months has, such as February 30."""
    if not re.fullmatch(r"[0-9,]+", days) or not re.fullmatch(r"[0-9A-Z,]+", months):
        return
    numbers = [_FIELDS[3].number(month) or 1 for month in months.split(",")]
    longest = max(_LONGEST[number - 1] for number in numbers)
    if min(int(day) for day in days.split(",")) > longest:
        names = ", ".join(_MONTHS[number - 1] for number in numbers)
        raise SpecValueError(f"no day {days} is in {names}, so that it would never start", "give a day there is", ID)


def check_rate(value: str) -> str:
    """The rate itself. Raises: SpecValueError with PG113."""
    if not re.fullmatch(RATE, value):
        help = "write a number and a unit: 1 minute, 15 minutes, 1 hour, 6 hours, 1 day, 7 days"
        raise SpecValueError(f"'{value[:60]}' is no rate of EventBridge Scheduler", help, ID)
    return value


#: `1` takes the singular, every other number the plural.
RATE = r"1 (minute|hour|day)|([2-9]|[1-9][0-9]{1,5}) (minutes|hours|days)"


def check_timezone(value: str) -> str:
    """The name itself. Raises: SpecValueError with PG113 if the IANA database has no such zone."""
    known = table("timezones")
    if value not in known:
        help = _offset_help(value) or did_you_mean(value, known) or "write an IANA name such as Europe/Berlin"
        raise SpecValueError(f"there is no time zone '{value[:60]}'", help, ID)
    return value


def _offset_help(value: str) -> str | None:
    if re.fullmatch(r"(UTC|GMT)?[+-][0-9:]+|[A-Z]{3,4}", value):
        return "offsets and abbreviations do not know when clocks change; write a place such as Europe/Berlin"
    return None

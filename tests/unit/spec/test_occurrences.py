"""When schedules start: the examples of AWS's documentation, and the nights on which clocks change."""

import time
from datetime import UTC, datetime
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelinegen.spec.cron import check_cron
from pipelinegen.spec.occurrences import occurrences


def starts(expression: str, since: str, count: int, timezone: str = "UTC") -> list[str]:
    """The first starts from a time (UTC) on, as `YYYY-MM-DD HH:MM` in UTC."""
    if expression.startswith("cron("):
        check_cron(expression[5:-1])
    begin = datetime.fromisoformat(since).replace(tzinfo=UTC)
    return [moment.strftime("%Y-%m-%d %H:%M") for moment in islice(occurrences(expression, timezone, begin), count)]


# The tables of "Cron expressions reference" (EventBridge) and "Schedule types" (EventBridge Scheduler).
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # 10:00 am every day
        ("cron(0 10 * * ? *)", ["2026-11-20 10:00", "2026-11-21 10:00", "2026-11-22 10:00"]),
        # 12:15 pm every day
        ("cron(15 12 * * ? *)", ["2026-11-20 12:15", "2026-11-21 12:15"]),
        # 6:00 pm every Monday through Friday; the 20th is a Friday
        ("cron(0 18 ? * MON-FRI *)", ["2026-11-20 18:00", "2026-11-23 18:00", "2026-11-24 18:00"]),
        # 8:00 am every first day of the month
        ("cron(0 8 1 * ? *)", ["2026-12-01 08:00", "2027-01-01 08:00"]),
        # every 15 minutes
        ("cron(0/15 * * * ? *)", ["2026-11-20 00:00", "2026-11-20 00:15", "2026-11-20 00:30", "2026-11-20 00:45"]),
        # every 10 minutes on weekdays
        ("cron(0/10 * ? * MON-FRI *)", ["2026-11-20 00:00", "2026-11-20 00:10"]),
        # every 5 minutes on weekdays between 8:00 am and 5:55 pm
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-11-20 08:00", "2026-11-20 08:05"]),
        # every tenth minute, starting from the first minute of the hour
        ("cron(1/10 0 * * ? *)", [f"2026-11-20 00:{minute}" for minute in ("01", "11", "21", "31", "41", "51")]),
        # every 30 minutes on weekdays from 10:00 pm on the starting day to 2:00 am on the following day
        ("cron(0/30 20-23 ? * MON-FRI *)", ["2026-11-20 20:00", "2026-11-20 20:30", "2026-11-20 21:00"]),
        ("cron(0/30 0-2 ? * TUE-SAT *)", ["2026-11-20 00:00", "2026-11-20 00:30", "2026-11-20 01:00"]),
        # JAN,FEB,MAR
        ("cron(0 0 1 JAN,FEB,MAR ? *)", ["2027-01-01 00:00", "2027-02-01 00:00", "2027-03-01 00:00"]),
        # 3W: the weekday closest to the third day of the month; 2027-01-03 is a Sunday
        ("cron(0 0 3W * ? *)", ["2026-12-03 00:00", "2027-01-04 00:00", "2027-02-03 00:00"]),
        # 3#2: the second Tuesday of the month
        ("cron(0 0 ? * 3#2 *)", ["2026-12-08 00:00", "2027-01-12 00:00"]),
        # 10:15 am on the last Friday of each month during the years 2022 to 2023
        ("cron(15 10 ? * 6L 2022-2023)", []),
        ("cron(15 10 ? * 6L *)", ["2026-11-27 10:15", "2026-12-25 10:15"]),
        # the last day of the month
        ("cron(0 0 L * ? *)", ["2026-11-30 00:00", "2026-12-31 00:00", "2027-01-31 00:00", "2027-02-28 00:00"]),
        # the last day of the week
        ("cron(0 0 ? * L *)", ["2026-11-21 00:00", "2026-11-28 00:00"]),
    ],
)
def test_examples_of_the_documentation(expression: str, expected: list[str]) -> None:
    assert starts(expression, "2026-11-20", max(1, len(expected))) == expected


@pytest.mark.parametrize(
    ("expression", "since", "expected"),
    [
        # The first of the month on a Saturday goes on to Monday, the last one on a Sunday back to Friday.
        ("cron(0 0 1W * ? *)", "2026-08-01", ["2026-08-03 00:00"]),
        ("cron(0 0 31W * ? *)", "2026-05-01", ["2026-05-29 00:00", "2026-07-31 00:00"]),
        ("cron(0 0 15W * ? *)", "2026-08-01", ["2026-08-14 00:00"]),
        ("cron(0 0 29 FEB ? *)", "2026-11-20", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("cron(0 0 31 * ? *)", "2026-11-20", ["2026-12-31 00:00", "2027-01-31 00:00", "2027-03-31 00:00"]),
        ("cron(0 0 ? * 6#5 *)", "2026-11-20", ["2027-01-29 00:00", "2027-04-30 00:00"]),
        ("cron(0 0 ? * FRI-MON *)", "2026-11-20", [f"2026-11-{day} 00:00" for day in (20, 21, 22, 23, 27)]),
        ("cron(0 0 1 NOV-FEB ? *)", "2026-11-20", ["2026-12-01 00:00", "2027-01-01 00:00", "2027-02-01 00:00"]),
        ("cron(50-59/3 23 31 12 ? *)", "2026-11-20", [f"2026-12-31 23:{minute}" for minute in (50, 53, 56, 59)]),
        ("cron(0 0 1 1 ? 2030/50)", "2026-11-20", ["2030-01-01 00:00", "2080-01-01 00:00", "2130-01-01 00:00"]),
        ("cron(0 12 * * ? *)", "2026-11-20T12:00", ["2026-11-20 12:00"]),
        ("cron(0 12 * * ? *)", "2026-11-20T12:01", ["2026-11-21 12:00"]),
    ],
)
def test_the_edges_of_the_calendar(expression: str, since: str, expected: list[str]) -> None:
    assert starts(expression, since, len(expected)) == expected


def test_berlin_skips_what_its_clock_skips_in_march() -> None:
    # On 2026-03-29 the clock goes from 02:00 to 03:00.
    expected = ["2026-03-28 01:30", "2026-03-30 00:30", "2026-03-31 00:30"]
    assert starts("cron(30 2 * * ? *)", "2026-03-28", 3, "Europe/Berlin") == expected
    hourly = ["2026-03-29 00:00", "2026-03-29 01:00", "2026-03-29 02:00"]
    assert starts("cron(0 * * * ? *)", "2026-03-29", 3, "Europe/Berlin") == hourly


def test_berlin_starts_once_when_its_clock_goes_back_in_october() -> None:
    # On 2026-10-25 the clock goes from 03:00 back to 02:00; the first 02:30 is 00:30 in UTC.
    expected = ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]
    assert starts("cron(30 2 * * ? *)", "2026-10-24", 3, "Europe/Berlin") == expected
    assert starts("cron(0 4 * * ? *)", "2026-10-24", 2, "Europe/Berlin") == ["2026-10-24 02:00", "2026-10-25 03:00"]
    # Each time on the clock once: none in the hour that comes a second time.
    hourly = ["2026-10-25 00:00", "2026-10-25 02:00", "2026-10-25 03:00"]
    assert starts("cron(0 * * * ? *)", "2026-10-25", 3, "Europe/Berlin") == hourly


def test_the_day_is_that_of_the_zone() -> None:
    assert starts("cron(30 0 1 * ? *)", "2026-11-20", 1, "Europe/Berlin") == ["2026-11-30 23:30"]
    assert starts("cron(0 20 ? * SUN *)", "2026-11-20", 1, "America/New_York") == ["2026-11-23 01:00"]
    assert starts("cron(0 9 * * ? *)", "2026-11-20", 1, "Asia/Kathmandu") == ["2026-11-20 03:15"]


def test_a_rate_counts_hours_and_not_days_of_a_clock() -> None:
    assert starts("rate(6 hours)", "2026-03-28T12:00", 3, "Europe/Berlin") == [
        "2026-03-28 12:00",
        "2026-03-28 18:00",
        "2026-03-29 00:00",
    ]
    assert starts("rate(1 day)", "2026-03-28", 3, "Europe/Berlin") == [f"2026-03-{day} 00:00" for day in (28, 29, 30)]
    assert starts("rate(1 minute)", "2026-03-28", 2) == ["2026-03-28 00:00", "2026-03-28 00:01"]


def test_another_expression_is_a_fault() -> None:
    with pytest.raises(ValueError, match="neither cron"):
        occurrences("at(2026-11-20T00:00:00)", "UTC", datetime.now(UTC))


def test_a_rare_day_is_found_soon() -> None:
    began = time.process_time()
    assert starts("cron(0 0 ? 2 6#5 *)", "2026-11-20", 2) == ["2036-02-29 00:00", "2064-02-29 00:00"]
    assert starts("cron(0 0 1 1 ? 2199)", "2026-11-20", 2) == ["2199-01-01 00:00"]
    assert time.process_time() - began < 5


@settings(deadline=None)
@given(
    minute=st.sampled_from(["0", "59", "0/7", "*"]),
    hour=st.sampled_from(["2", "1-3", "*", "23"]),
    day=st.sampled_from(["*", "L", "15W", "1", "31"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]),
    since=st.datetimes(datetime(2011, 1, 1), datetime(2040, 1, 1)),
)
def test_starts_are_in_order_and_never_twice(minute: str, hour: str, day: str, zone: str, since: datetime) -> None:
    begin = since.replace(tzinfo=UTC)
    found = list(islice(occurrences(f"cron({minute} {hour} {day} * ? *)", zone, begin), 50))
    assert len(found) == 50
    assert found[0] >= begin
    assert all(earlier < later for earlier, later in pairwise(found))

"""What the simulated clock starts on a stretch of days."""

from datetime import date, timedelta
from typing import Any

import pytest

from pipelinegen.local.clock import MOST_RUNS, scheduled_starts
from pipelinegen.local.faults import LocalCloudError


def schedule(expression: str, name: str = "main", timezone: str = "Europe/Berlin", **parameters: Any) -> dict[str, Any]:
    return {"name": name, "expression": expression, "timezone": timezone, "parameters": parameters}


def stretch(first: str, count: int) -> list[date]:
    return [date.fromisoformat(first) + timedelta(days=number) for number in range(count)]


def test_a_daily_cron_starts_once_a_day_with_the_schedulers_input() -> None:
    starts = scheduled_starts([schedule("cron(0 4 * * ? *)")], stretch("2026-11-19", 2))
    planned = [start.planned({}) for start in starts]
    assert [(item.date, item.input, item.schedule) for item in planned] == [
        ("2026-11-19", {"scheduled_time": "2026-11-19T03:00:00Z"}, "main"),
        ("2026-11-20", {"scheduled_time": "2026-11-20T03:00:00Z"}, "main"),
    ]
    assert planned[0].run.startswith("2026-11-19-")
    assert len({item.run for item in planned}) == 2


def test_days_are_utc_so_that_a_clock_east_of_it_may_start_the_day_before() -> None:
    starts = scheduled_starts([schedule("cron(30 0 * * ? *)")], stretch("2026-11-19", 2))
    assert [start.planned({}).input["scheduled_time"] for start in starts] == [
        "2026-11-19T23:30:00Z",
        "2026-11-20T23:30:00Z",
    ]


def test_thirty_days_with_the_change_of_the_clock_skip_and_shift_as_on_aws() -> None:
    march = [
        start.at.strftime("%d %H:%M")
        for start in scheduled_starts([schedule("cron(30 2 * * ? *)")], stretch("2026-03-15", 30))
    ]
    assert len(march) == 29
    assert march[12:16] == ["27 01:30", "28 01:30", "30 00:30", "31 00:30"]
    october = [
        start.at.strftime("%d %H:%M")
        for start in scheduled_starts([schedule("cron(30 2 * * ? *)")], stretch("2026-10-10", 30))
    ]
    assert len(october) == 30
    assert october[14:17] == ["24 00:30", "25 00:30", "26 01:30"]


def test_several_schedules_are_merged_by_time_and_keep_their_parameters() -> None:
    schedules = [
        schedule("cron(0 6 ? * MON *)", "weekly", "UTC", train=True, market="de"),
        schedule("rate(12 hours)", "often", "UTC"),
    ]
    planned = [start.planned({"market": "fr"}) for start in scheduled_starts(schedules, stretch("2026-11-22", 2))]
    assert [(item.input["scheduled_time"][5:16], item.schedule) for item in planned] == [
        ("11-22T00:00", "often"),
        ("11-22T12:00", "often"),
        ("11-23T00:00", "often"),
        ("11-23T06:00", "weekly"),
        ("11-23T12:00", "often"),
    ]
    # What a person gives has the last word.
    assert planned[3].input["parameters"] == {"train": True, "market": "fr"}
    assert planned[0].input["parameters"] == {"market": "fr"}


def test_texts_of_parameters_are_as_terraform_gives_them() -> None:
    (start,) = scheduled_starts([schedule("rate(1 day)", label="$${x} %%{y}")], stretch("2026-11-22", 1))
    assert start.planned({}).input["parameters"] == {"label": "${x} %{y}"}


def test_no_start_says_when_the_next_one_is() -> None:
    with pytest.raises(LocalCloudError) as caught:
        scheduled_starts([schedule("cron(0 6 ? * MON *)", timezone="UTC")], stretch("2026-11-20", 2))
    assert caught.value.message == (
        "no schedule starts a run from 2026-11-20 to 2026-11-21; the next one is on 2026-11-23 at 06:00 UTC"
    )
    with pytest.raises(LocalCloudError) as caught:
        scheduled_starts([schedule("cron(0 6 1 1 ? 2020)")], stretch("2026-11-20", 2))
    assert caught.value.message.endswith("there are none after that either")


def test_a_slip_of_the_pen_is_stopped() -> None:
    with pytest.raises(LocalCloudError) as caught:
        scheduled_starts([schedule("rate(1 minute)")], stretch("2026-11-20", 30))
    assert caught.value.message == f"the schedules start over {MOST_RUNS:,} runs in 30 days"

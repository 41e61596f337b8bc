"""How long schedules let a pipeline rest."""

import pytest

from pipelinegen.emit.terraform_alarms import LONGEST_PAUSE_HOURS
from pipelinegen.emit.terraform_rhythm import longest_pause_hours
from pipelinegen.ir.model import Schedule


def pause(*expressions: str) -> int | None:
    return longest_pause_hours(Schedule("s", expression, "UTC", {}) for expression in expressions)


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("cron(0 4 * * ? *)", 24),
        ("cron(0 * * * ? *)", 1),
        ("cron(0 4 ? * MON-FRI *)", 72),
        ("cron(0 4 ? * 2-6 *)", 72),
        ("cron(0 4 ? * MON,THU *)", 96),
        ("cron(0 4 ? * FRI-MON *)", 96),
        ("cron(0 4 ? * SUN *)", 168),
        ("cron(0 4 ? * MON#1 *)", None),
        ("cron(0 4 1 * ? *)", None),
        ("rate(6 hours)", 6),
        ("rate(1 minute)", 1),
        ("rate(2 days)", 48),
    ],
)
def test_the_longest_pause_of_one_schedule(expression: str, hours: int | None) -> None:
    assert pause(expression) == hours


def test_the_schedule_that_rests_least_decides() -> None:
    assert pause("cron(0 4 1 * ? *)", "cron(0 4 ? * SUN *)", "rate(2 days)") == 48
    assert pause() is None


def test_a_week_is_longer_than_an_alarm_looks_back() -> None:
    assert (pause("cron(0 4 ? * SUN *)") or 0) > LONGEST_PAUSE_HOURS

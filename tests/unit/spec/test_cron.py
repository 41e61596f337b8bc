"""Expressions that EventBridge Scheduler takes and refuses; the first are from its user guide."""

import pytest

from pipelinegen.spec.cron import check_cron, check_rate, check_timezone
from pipelinegen.spec.value_errors import SpecValueError

TAKEN = (
    "0 10 * * ? *",
    "15 12 * * ? *",
    "0 18 ? * MON-FRI *",
    "0 8 1 * ? *",
    "0/10 * ? * MON-FRI *",
    "0/5 8-17 ? * MON-FRI *",
    "0 9 ? * 2#1 *",
    "15 10 ? * 6L 2022-2023",
    "0 4 L * ? *",
    "0 4 3W * ? *",
    "0 4 1,15,31 FEB,DEC ? *",
    "*/15 0,12 ? JAN-JUN SUN,SAT 2030/2",
    "0 4 ? * SAT-SUN *",
    "0 4 29 2 ? *",
)
REFUSED = (
    "",
    "0 4 * * ?",
    "0  4 * * ? *",
    "60 4 * * ? *",
    "-1 4 * * ? *",
    "0 4 0 * ? *",
    "0 4 32 * ? *",
    "0 4 * 13 ? *",
    "0 4 * FOO ? *",
    "0 4 ? * 8 *",
    "0 4 ? * MON#0 *",
    "0 4 ? * 2#1,3#1 *",
    "0 4 32W * ? *",
    "0 4 * * ? 1969",
    "0 4 * * ? 2200",
    "0 4 1 * MON *",
    "0 4 ? ? * *",
    "? 4 * * ? *",
    "0 4 *-5 * ? *",
    "0/0 4 * * ? *",
    "0 4,, * * ? *",
    "0 4 31 APR,JUN ? *",
    "0 4 * * ? * ",
    "0 4 ١ * ? *",
)


@pytest.mark.parametrize("expression", TAKEN)
def test_taken(expression: str) -> None:
    assert check_cron(expression) == expression


@pytest.mark.parametrize("expression", REFUSED)
def test_refused(expression: str) -> None:
    with pytest.raises(SpecValueError):
        check_cron(expression)


@pytest.mark.parametrize("rate", ["1 minute", "1 hour", "1 day", "2 minutes", "12 hours", "365 days"])
def test_rates(rate: str) -> None:
    assert check_rate(rate) == rate


@pytest.mark.parametrize("rate", ["0 minutes", "1 minutes", "2 minute", "1.5 hours", "1 week", "01 hours", "1hour"])
def test_no_rates(rate: str) -> None:
    with pytest.raises(SpecValueError):
        check_rate(rate)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_zones(zone: str) -> None:
    assert check_timezone(zone) == zone

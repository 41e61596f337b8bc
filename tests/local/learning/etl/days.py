"""Which days belong to which part."""

from datetime import datetime, timedelta


def parts(run_date, part):
    """Everything but the last day of the window, or that day."""
    midnight = datetime(run_date.year, run_date.month, run_date.day)
    last_day = midnight - timedelta(days=1)
    return (midnight - timedelta(days=30), last_day) if part == "past" else (last_day, midnight)

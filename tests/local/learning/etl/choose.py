"""Chooses the clicks of two days, or of one, by a script of one's own."""

from days import parts


def transform(spark, tables, run_date, arguments):
    """The rows of the part of the window that is asked for."""
    first, last = parts(run_date, arguments["part"])
    assert spark.conf.get("spark.sql.shuffle.partitions") == "2"
    clicks = tables["clicks"]
    return clicks.where((clicks.clicked_at >= first) & (clicks.clicked_at < last))

"""Counts what it is given."""

from shared.words import greeting


def handler(event, context):
    return {"greeting": greeting(event["date"]), "rows": 3}

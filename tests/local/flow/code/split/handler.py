"""Makes chunks of words."""

from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """One chunk a word."""
    if not event["words"]:
        raise ValueError("there are no chunks")
    return {"chunks": [{"word": word} for word in event["words"]]}

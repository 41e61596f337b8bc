"""Counts letters."""

from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """What there is to say of a word; one of them cannot be counted."""
    if event["word"] == "broken":
        raise ValueError("this word cannot be counted")
    return {"letters": len(event["word"]), **event}

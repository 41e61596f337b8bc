"""Hands back what it is given."""

from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The event itself."""
    return event

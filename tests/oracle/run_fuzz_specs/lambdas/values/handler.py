"""Values of every type."""

from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The same whatever it is given."""
    return {
        "rows": 3,
        "share": 0.5,
        "name": "abc",
        "ok": True,
        "list": [1, 2],
        "objects": [{"key": "k", "size": 3}],
        "since": "2026-01-31T06:00:00Z",
        "more": {"x": [1]},
    }

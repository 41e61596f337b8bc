"""Structured logs: one JSON object a line on standard output, which CloudWatch Logs Insights reads as fields."""

import json
import sys
from typing import TextIO


def log(event: str, *, stream: TextIO | None = None, **fields: object) -> None:
    """Writes one line `{"event": …, …}`; values that are not JSON are written as text."""
    print(json.dumps({"event": event, **fields}, default=str), file=stream or sys.stdout, flush=True)

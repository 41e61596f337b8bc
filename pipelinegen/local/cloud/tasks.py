"""Which state of which execution a call belongs to: kept per thread, and carried between threads by an HTTP header."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

HEADER: Final = "X-Local-Task"
_ENVIRON_KEY: Final = "HTTP_" + HEADER.upper().replace("-", "_")

_THREAD = threading.local()


@dataclass(frozen=True, slots=True)
class Task:
    """A state of a running execution; `date` is the date the execution is about, as YYYY-MM-DD."""

    state: str
    date: str
    execution: str = ""

    def header(self) -> str:
        """The task as the value of an HTTP header (JSON, ASCII)."""
        return json.dumps(asdict(self))


def parse_header(value: str | None) -> Task | None:
    """The task a header names, None if there is no readable one."""
    try:
        return Task(**json.loads(value)) if value else None
    except (TypeError, ValueError):
        return None


def current_task() -> Task | None:
    """The task this thread works for, None outside of an execution."""
    return getattr(_THREAD, "task", None)


@contextmanager
def working_for(task: Task | None) -> Iterator[None]:
    """Everything this thread does inside belongs to `task`."""
    before = current_task()
    _THREAD.task = task
    try:
        yield
    finally:
        _THREAD.task = before


def task_of_context(context: Mapping[str, Any]) -> Task:
    """The task that a state's context object describes."""
    execution = context["Execution"]
    return Task(
        state=context["State"]["Name"],
        date=logical_date(execution["Input"], str(execution["StartTime"])),
        execution=str(execution["Name"]),
    )


def logical_date(given: Any, started_at: str) -> str:
    """The date that an execution is about, as its first state reads it from the input: YYYY-MM-DD."""
    texts = [given.get(name) for name in ("date", "scheduled_time")] if isinstance(given, dict) else []
    return next((text for text in texts if isinstance(text, str) and text), started_at)[:10]


class TaskMiddleware:
    """A WSGI application that runs another one, for each request on behalf of the task its header names."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serves one request."""
        with working_for(parse_header(environ.get(_ENVIRON_KEY))):
            return self._application(environ, start_response)

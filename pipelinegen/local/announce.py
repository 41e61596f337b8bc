"""What a running execution says to people, printed as it happens: messages to topics, and questions it waits on."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from pipelinegen.local.approvals import Question, pending
from pipelinegen.local.deploy import Deployment

_LOOK_SECONDS: Final = 0.2
#: Lines of a message that are shown; the whole of it is in notifications.jsonl.
_MOST_LINES: Final = 12


@contextmanager
def announcing(workdir: Path, deployment: Deployment, console: Console) -> Iterator[None]:
    """Prints while the block runs; what came before it is not repeated."""
    announcer = _Announcer(workdir, deployment, console)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK_SECONDS):
            announcer.look()

    thread = threading.Thread(target=watch, name="announcer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        announcer.look()


class _Announcer:
    """Remembers what was printed."""

    def __init__(self, workdir: Path, deployment: Deployment, console: Console) -> None:
        self._file = workdir / "notifications.jsonl"
        self._workdir = workdir
        self._console = console
        topics = deployment.settings.get("topics", [])
        self._readers = {topic["name"]: ", ".join(topic.get("emails", [])) for topic in topics}
        self._asked: set[str] = set()
        self._read = self._file.stat().st_size if self._file.exists() else 0

    def look(self) -> None:
        """Prints what is new."""
        for message in self._new_messages():
            self._show(message)
        for question in pending(self._workdir):
            if question.token not in self._asked:
                self._asked.add(question.token)
                self._ask(question)

    def _new_messages(self) -> Iterator[Mapping[str, Any]]:
        if not self._file.exists():
            return
        with self._file.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            yield json.loads(line)

    def _show(self, message: Mapping[str, Any]) -> None:
        readers = self._readers.get(message["topic"])
        to = f"e-mail to {readers}" if readers else f"message to {message['topic']}"
        self._print(f"{to}: {message['subject'] or '(no subject)'}")
        lines = str(message["message"]).splitlines()
        for line in [*lines[:_MOST_LINES], *(["…"] if len(lines) > _MOST_LINES else [])]:
            self._print(f"  | {line}")

    def _ask(self, question: Question) -> None:
        self._print(f"the step '{question.step}' waits for an answer; in another terminal, in this folder:")
        self._print(f"  pipelinegen approve {question.run}")
        self._print(f"  pipelinegen approve {question.run} --reject --comment 'your reason'")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

"""SNS: every message published is also written down, since nobody reads e-mail here."""

import json
import threading
from datetime import UTC, datetime
from typing import Any, Final

from moto.sns.models import Topic

from pipelinegen.local.cloud.board import Cloud
from pipelinegen.local.cloud.replacing import replace_attribute
from pipelinegen.local.cloud.tasks import current_task

FILE: Final = "notifications.jsonl"


def install(cloud: Cloud) -> None:
    """Appends each published message to `<workdir>/notifications.jsonl`."""
    original = Topic.publish
    lock = threading.Lock()

    def publish(self: Any, message: str, subject: str | None = None, *rest: Any, **named: Any) -> Any:
        message_id = original(self, message, subject, *rest, **named)
        task = current_task()
        entry = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "date": task.date if task else None,
            "execution": task.execution if task else None,
            "message": message,
            "state": task.state if task else None,
            "subject": subject,
            "topic": self.name,
        }
        with lock, (cloud.workdir / FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        return message_id

    replace_attribute(Topic, "publish", publish)

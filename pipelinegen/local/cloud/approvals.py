"""Approvals: a state that published a question and waits for its token is written down for `pipelinegen approve`."""

import json
import threading
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import EmptyResult
from moto.sns.models import Topic
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback
from moto.stepfunctions.responses import StepFunctionResponse

from pipelinegen.local.approvals import Question
from pipelinegen.local.cloud.board import Cloud
from pipelinegen.local.cloud.replacing import replace_attribute
from pipelinegen.local.cloud.tasks import Task, current_task

_CALLBACK = state_task_service_callback.StateTaskServiceCallback


def install(cloud: Cloud, *, approve: bool, most_seconds: int | None = None) -> None:
    """Keeps the open questions in `<workdir>/approvals`; with `approve`, answers each with yes at once.

    `most_seconds`: so long is an answer waited for, where the state would wait longer.
    """
    asked: dict[tuple[str, str], tuple[str, str]] = {}
    publish = Topic.publish

    def note(self: Any, message: str, subject: str | None = None, *rest: Any, **named: Any) -> Any:
        task = current_task()
        if task is not None:
            asked[task.execution, task.state] = (subject or "", message)
        return publish(self, message, subject, *rest, **named)

    original = _CALLBACK._eval_wait_for_task_token

    def wait(self: Any, env: Any, timeout_seconds: int, callback_endpoint: Any, heartbeat_endpoint: Any) -> Any:
        task = current_task()
        if self.resource.service_name != "sns" or task is None or self.resource.condition is None:
            return original(self, env, timeout_seconds, callback_endpoint, heartbeat_endpoint)
        subject, message = asked.pop((task.execution, task.state), ("", ""))
        timeout_seconds = min(timeout_seconds, most_seconds or timeout_seconds)
        token = callback_endpoint.callback_id
        question = _question(cloud, task, token, (subject, message), timeout_seconds)
        file = question.write(cloud.workdir)
        if approve:
            threading.Thread(target=_say_yes, args=(cloud, token), daemon=True).start()
        try:
            return original(self, env, timeout_seconds, callback_endpoint, heartbeat_endpoint)
        finally:
            file.unlink(missing_ok=True)

    replace_attribute(Topic, "publish", note)
    replace_attribute(StepFunctionResponse, "send_task_failure", _send_task_failure)
    replace_attribute(_CALLBACK, "_eval_wait_for_task_token", wait)


def _send_task_failure(self: Any) -> EmptyResult:
    """moto 5.2.5 forgets the cause."""
    given = {name: self._get_param(name) for name in ("error", "cause")}
    self.stepfunction_backend.send_task_failure(self._get_param("taskToken"), **given)
    return EmptyResult()


def _question(cloud: Cloud, task: Task, token: str, asked: tuple[str, str], timeout_seconds: int) -> Question:
    return Question(
        run=task.execution,
        state=task.state,
        step=cloud.deployed().step_of(task.state),
        date=task.date,
        token=token,
        endpoint=cloud.sessions.endpoint,
        region=cloud.region,
        subject=asked[0],
        message=asked[1],
        asked_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        timeout_seconds=int(timeout_seconds or 0),
    )


def _say_yes(cloud: Cloud, token: str) -> None:
    states = cloud.sessions.client("stepfunctions")
    states.send_task_success(taskToken=token, output=json.dumps({"approved": True}))

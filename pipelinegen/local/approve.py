"""`pipelinegen approve`: answers what a local run is waiting on, from another terminal."""

import json
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from pipelinegen.errors import ExitCode, suggest
from pipelinegen.local.approvals import Question, pending_anywhere
from pipelinegen.local.faults import LocalCloudError

#: Step Functions' own limit for the cause of a failure.
_CAUSE_LIMIT = 32_768


def answer(options: Namespace) -> int:
    """Approves or rejects the question of a run, or lists the open ones. Raises: LocalCloudError."""
    questions = pending_anywhere(options.state)
    if options.list:
        for question in questions:
            print(f"{question.run}  {question.step}: {question.subject or 'waits for an answer'}")
        return ExitCode.CLEAN
    question = choose(questions, options.run, options.state)
    _send(question, approved=not options.reject, comment=options.comment or "")
    print(f"{'rejected' if options.reject else 'approved'}: {question.subject or question.step} (run {question.run})")
    return ExitCode.CLEAN


def choose(questions: Sequence[Question], run: str | None, state: Path) -> Question:
    """The one question of a run, or the only one there is. Raises: LocalCloudError if there is none, or more."""
    found = [question for question in questions if run in (None, question.run, question.date, question.step)]
    if len(found) == 1:
        return found[0]
    if not questions:
        raise LocalCloudError(
            f"no run below '{state}' waits for an approval", "start one, or name its folder by --state"
        )
    names = sorted({question.run for question in questions})
    if not found:
        raise LocalCloudError(f"no run '{run}' waits for an approval", suggest(str(run), names, "runs that wait"))
    raise LocalCloudError(
        f"{len(found)} questions are open", f"name the run and step by one of: {', '.join(_labels(found))}"
    )


def _labels(questions: Sequence[Question]) -> list[str]:
    runs = [question.run for question in questions]
    return [question.step if runs.count(question.run) > 1 else question.run for question in questions]


def _send(question: Question, *, approved: bool, comment: str) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    from pipelinegen.local.cloud.sessions import RoleSessions

    states = RoleSessions(question.endpoint, question.region).client("stepfunctions")
    try:
        if approved:
            result = {"approved": True, **({"comment": comment} if comment else {})}
            states.send_task_success(taskToken=question.token, output=json.dumps(result))
        else:
            cause = (comment or "The answer was no.")[:_CAUSE_LIMIT]
            states.send_task_failure(taskToken=question.token, error="Rejected", cause=cause)
    except (ClientError, BotoCoreError) as error:
        raise LocalCloudError(
            f"the run '{question.run}' no longer takes the answer: {error}", "it may have ended or timed out meanwhile"
        ) from error

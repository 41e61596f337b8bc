"""Every action and every resource of every role is needed: each is taken away in turn, and something must break.

`python -m tests.local.mutation_proof` runs the reference pipeline for two days, looks up which calls were allowed by
which part of a policy, then runs the one step again that makes such a call, without that part: the step must fail.
What no call of a local run needs is needed by AWS itself, for one of the reasons in `NOT_LOCAL`, each with its page.
"""

import argparse
import copy
import json
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from pipelinegen.local.cloud.authorisation import ALLOWED_FILE
from pipelinegen.local.execute import machine_of, new_run, run_input
from pipelinegen.local.iam import Call, decide
from pipelinegen.local.prepare import prepare, reset
from pipelinegen.local.replay import entries_for_start, scope_ends
from pipelinegen.local.session import Session, start_session, world_tables
from pipelinegen.local.warehouses import DERBY, WarehouseChoice
from pipelinegen.local.world import new_planned, new_world
from tests.compiling import REFERENCE_SPEC, ROOT

GUIDE = "https://docs.aws.amazon.com/"
DATES = (date(2026, 11, 19), date(2026, 11, 20))

#: What only AWS itself can prove needed, by action: who makes the call, and where AWS says so.
NOT_LOCAL: Mapping[str, tuple[str, str]] = {
    "ec2:": ("the service puts its job into the VPC", f"{GUIDE}glue/latest/dg/start-connecting.html"),
    "ecr:": ("the service pulls the image", f"{GUIDE}sagemaker/latest/dg/sagemaker-roles.html"),
    "events:": ("`.sync` hears of a job's end by a rule", f"{GUIDE}step-functions/latest/dg/connect-sagemaker.html"),
    "glue:GetConnection": (
        "Glue reads the connection",
        f"{GUIDE}glue/latest/dg/security_iam_id-based-policy-examples.html",
    ),
    "kms:": (
        "S3, SQS and logs are encrypted with a key of ours",
        f"{GUIDE}AmazonS3/latest/userguide/UsingKMSEncryption.html",
    ),
    "logs:": ("the service writes the program's output", f"{GUIDE}lambda/latest/dg/monitoring-cloudwatchlogs.html"),
    "xray:": ("the service writes traces", f"{GUIDE}lambda/latest/dg/services-xray.html"),
    "sqs:SendMessage": (
        "what could not be delivered is kept",
        f"{GUIDE}lambda/latest/dg/invocation-async-retain-records.html",
    ),
    "cloudwatch:PutMetricData": ("SageMaker writes metrics", f"{GUIDE}sagemaker/latest/dg/sagemaker-roles.html"),
    "s3:AbortMultipartUpload": (
        "a broken upload is cleaned up",
        f"{GUIDE}AmazonS3/latest/userguide/mpuAndPermissions.html",
    ),
    "glue:GetJobRuns": ("`.sync` asks for runs", f"{GUIDE}step-functions/latest/dg/connect-glue.html"),
    "glue:BatchStopJobRun": ("a stopped execution stops its job", f"{GUIDE}step-functions/latest/dg/connect-glue.html"),
    "sagemaker:Stop": ("a stopped execution stops its job", f"{GUIDE}step-functions/latest/dg/connect-sagemaker.html"),
    "sagemaker:ListTags": ("`.sync` looks at tags", f"{GUIDE}step-functions/latest/dg/connect-sagemaker.html"),
    "ssmmessages:": ("ECS Exec", f"{GUIDE}AmazonECS/latest/developerguide/ecs-exec.html"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One action or one resource of one statement of a role."""

    role: str
    sid: str
    element: str
    value: str

    def taken_from(self, policy: Mapping[str, Any]) -> dict[str, Any]:
        """The policy without it; a statement that has no action or resource left goes as a whole."""
        rest = copy.deepcopy(dict(policy))
        for statement in rest["Statement"]:
            if statement["Sid"] == self.sid:
                statement[self.element] = [value for value in statement[self.element] if value != self.value]
        rest["Statement"] = [item for item in rest["Statement"] if item["Action"] and item["Resource"]]
        return rest


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a part is needed by: `how` is run, aws, or nothing."""

    part: Part
    how: str
    words: str


def parts_of(role: str, policy: Mapping[str, Any]) -> Iterator[Part]:
    """Every part of a policy in its order."""
    for statement in policy["Statement"]:
        for element in ("Action", "Resource"):
            for value in statement[element]:
                yield Part(role, statement["Sid"], element, value)


def lost_calls(part: Part, policy: Mapping[str, Any], calls: Sequence[Call]) -> list[Call]:
    """The calls that nothing else in the policy allows."""
    rest = part.taken_from(policy)
    return [call for call in calls if decide([policy], call).allowed and not decide([rest], call).allowed]


def only_aws(part: Part, policy: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a part cannot be proven here, and the page that says it is needed; None if it should have been."""
    statement = next(item for item in policy["Statement"] if item["Sid"] == part.sid)
    actions = [part.value] if part.element == "Action" else statement["Action"]
    for action in actions:
        reason = next((text for start, text in NOT_LOCAL.items() if action.startswith(start)), None)
        if reason is None:
            return None
    return next(text for start, text in NOT_LOCAL.items() if actions[0].startswith(start))


class Proof:
    """A session in which the pipeline has run, and where steps are run again without a part of a policy."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.iam = session.cloud.client("iam")
        self._steps = {step["name"]: step for step in session.deployment.steps if step["states"]}
        self._step_of = {state: step["name"] for step in self._steps.values() for state in step["states"]}
        self._calls: dict[str, list[Call]] = {}
        self._states: dict[tuple[str, str, str], dict[str | None, None]] = {}

    def run_days(self) -> None:
        """Runs the pipeline, so that there is a promoted model and every call has been made once."""
        for day in DATES:
            done = new_run(self.session, new_planned(day.isoformat(), run_input(day.isoformat(), {"parameters": {}})))
            assert done.end.succeeded, done.end.cause
            self._last = self.session.runs.folder(done.record.id)
        for line in (self.session.cloud.workdir / ALLOWED_FILE).read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            self._calls.setdefault(entry["role"], []).append(Call(entry["action"], entry["resource"], entry["context"]))
            self._states.setdefault((entry["role"], entry["action"], entry["resource"]), {})[entry["state"]] = None

    def roles(self) -> dict[str, dict[str, Any]]:
        """Every role's policy, as it was deployed."""
        names = [role["name"] for role in self.session.deployment.settings["roles"]]
        return {name: self.iam.get_role_policy(RoleName=name, PolicyName=name)["PolicyDocument"] for name in names}

    def verdicts(self, wanted: Sequence[str] = ()) -> Iterator[Verdict]:
        """A verdict for each part of each role, or of the roles whose name ends with one of these."""
        for role, policy in self.roles().items():
            if wanted and not role.endswith(tuple(wanted)):
                continue
            for part in parts_of(role, policy):
                yield self._verdict(part, policy)

    def _verdict(self, part: Part, policy: Mapping[str, Any]) -> Verdict:
        lost = lost_calls(part, policy, self._calls.get(part.role, []))
        if not lost:
            reason = only_aws(part, policy)
            return Verdict(part, "aws", f"{reason[0]}: {reason[1]}") if reason else Verdict(part, "nothing", "")
        failed = self._fails_without(part, policy, lost)
        return Verdict(part, "run" if failed else "nothing", failed or f"{lost[0].action} is denied, and nothing fails")

    def _fails_without(self, part: Part, policy: Mapping[str, Any], lost: Sequence[Call]) -> str | None:
        """The state that fails when its step is run again without the part; None if none does."""
        rest = part.taken_from(policy)
        self.iam.put_role_policy(RoleName=part.role, PolicyName=part.role, PolicyDocument=json.dumps(rest))
        try:
            for step in self._steps_that_make(part.role, lost):
                ended = self._run_step(step)
                if ended:
                    return ended
        finally:
            self.iam.put_role_policy(RoleName=part.role, PolicyName=part.role, PolicyDocument=json.dumps(policy))
        return None

    def _steps_that_make(self, role: str, calls: Sequence[Call]) -> list[str | None]:
        """The steps whose states made the calls; None for a state that belongs to no step."""
        states = [state for call in calls for state in self._states[role, call.action, call.resource]]
        own = role.removeprefix(self.session.deployment.settings["state_machine"]["name"] + "-").rpartition("-")[0]
        found = [self._step_of.get(state) if state else None for state in states]
        named = next((step for step in self._steps if step.replace("_", "-") == own), None)
        return list(dict.fromkeys([named] if named else found))

    def _run_step(self, step: str | None) -> str | None:
        """How the run fails in which this step is run again, others answer as before; None if it succeeds."""
        day = DATES[-1].isoformat()
        machine = machine_of(self.session)
        planned = new_planned(day, run_input(day, {"parameters": {}}))
        if step is None:
            done = new_run(self.session, planned)
        else:
            entries = entries_for_start(self._last.journal(), machine, {step})
            done = new_run(self.session, planned, entries=entries, until=(step, scope_ends(machine, {step})))
        if done.end.succeeded:
            return None
        # Without the right to publish, the notification of the failure fails, too.
        others = set(self._steps) - {step}
        assert step is None or done.end.failed_step not in others, (
            f"{done.end.failed_step} failed instead of {step}: {done.end.cause}"
        )
        return f"{done.end.failed_state} fails: {done.end.error}"


def start(folder: Path, stack: ExitStack, spec: Path = REFERENCE_SPEC) -> Proof:
    """A proof over the generated files of a spec, with its state in a folder."""
    options = Namespace(spec=spec.relative_to(ROOT), out=Path("generated"), env=None, instance=None, state=folder)
    prepared = prepare(options)
    world = new_world(
        options.spec, options.out, prepared.pipeline.environment, None, list(DATES), WarehouseChoice(DERBY)
    )
    prepared.state.mkdir(parents=True, exist_ok=True)
    reset(prepared.state)
    world.write(prepared.state)
    return Proof(start_session(prepared, world, world_tables(prepared, world), Console(quiet=True), stack))


def table(verdicts: Sequence[Verdict]) -> str:
    """The verdicts as lines: role, statement, part, what needs it."""
    rows = [(item.part.role, item.part.sid, item.part.value, item.how, item.words) for item in verdicts]
    return "\n".join(" | ".join(row) for row in rows)


def main() -> int:
    """Prints the table; exit code 1 if a part is needed by nothing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--role", action="append", default=[], help="only roles whose name ends so")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        proof = start(Path(folder), stack)
        proof.run_days()
        verdicts = []
        for verdict in proof.verdicts(given.role):
            print(table([verdict]), flush=True)
            verdicts.append(verdict)
    unneeded = [verdict for verdict in verdicts if verdict.how == "nothing"]
    by_run = sum(verdict.how == "run" for verdict in verdicts)
    print(f"{len(verdicts)} parts: {by_run} broke a run, {len(verdicts) - by_run - len(unneeded)} only AWS can prove")
    print(f"{len(unneeded)} needed by nothing")
    return 1 if unneeded else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Every action and every resource of every role is needed: each is taken away in turn, and something must break.

    python -m tests.local.mutation_proof [--role SUFFIX] [--all] [--write]

runs the reference pipeline for two days, looks up which calls were allowed by which part of a policy, then runs the one
step again that makes such a call, without that part: the step must fail. What no call of a local run needs, a static
check must miss (tests/oracle/needs.py), or AWS itself needs it for a reason in `NOT_LOCAL`, with its page.
keeps what was found in docs/permissions.md; what stands there is not proven again, unless `--all` says so.
"""

import argparse
import json
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from pipelinegen.local.cloud.authorisation import ALLOWED_FILE
from pipelinegen.local.execute import new_run, run_input
from pipelinegen.local.iam import Call, decide
from pipelinegen.local.partial import Reused, part_of
from pipelinegen.local.prepare import prepare, reset
from pipelinegen.local.replay import entries_for_start
from pipelinegen.local.session import Session, start_session, world_tables
from pipelinegen.local.warehouses import DERBY, WarehouseChoice
from pipelinegen.local.world import new_planned, new_world
from tests.compiling import REFERENCE_SPEC, ROOT
from tests.local.mutation_table import Part, Verdict, missed_by_check, parts_of, read, written
from tests.oracle.needs import needs_of

#: Relative, as on the command line: the tool runs in the checkout.
SPEC = REFERENCE_SPEC.relative_to(ROOT)
OUT = Path("generated")
FOLDER = Path("vehicle-recommendations") / "dev"
PAGE = ROOT / "docs" / "permissions.md"
GUIDE = "https://docs.aws.amazon.com/"
DATES = (date(2026, 11, 19), date(2026, 11, 20))

#: What only AWS itself can prove needed: the end of the role's name, how the action starts, why the call is made, and
#: where AWS says so.
NOT_LOCAL: Sequence[tuple[str, str, str, str]] = (
    ("-states", "logs:", "the execution's history is written to a log group", "step-functions/latest/dg/cw-logs.html"),
    ("-states", "xray:", "executions are traced", "step-functions/latest/dg/concepts-xray-tracing.html"),
    ("-states", "glue:GetJobRuns", "`.sync` asks how the run goes", "step-functions/latest/dg/connect-glue.html"),
    ("-states", "glue:BatchStopJobRun", "a stopped execution stops it", "step-functions/latest/dg/connect-glue.html"),
    ("-glue", "ec2:", "Glue puts its job into the VPC", "glue/latest/dg/create-service-policy.html"),
    (
        "-glue",
        "glue:GetConnection",
        "the job has a connection",
        "glue/latest/dg/security_iam_resource-based-policy-examples.html",
    ),
    (
        "-glue",
        "s3:GetObject",
        "Spark looks whether an object is there (HEAD)",
        "AmazonS3/latest/API/API_HeadObject.html",
    ),
    (
        "-sagemaker",
        "s3:DeleteObject",
        "checkpoints are kept as they are on disk",
        "sagemaker/latest/dg/model-checkpoints-enable.html",
    ),
    ("-sagemaker", "ec2:", "SageMaker puts its job into the VPC", "sagemaker/latest/dg/sagemaker-roles.html"),
    (
        "",
        "s3:AbortMultipartUpload",
        "an upload that broke off is cleaned up",
        "AmazonS3/latest/userguide/mpuoverview.html",
    ),
)


def lost_calls(part: Part, policy: Mapping[str, Any], calls: Sequence[Call]) -> list[Call]:
    """The calls that nothing else in the policy allows."""
    rest = part.taken_from(policy)
    return [call for call in calls if decide([policy], call).allowed and not decide([rest], call).allowed]


def only_aws(part: Part, policy: Mapping[str, Any]) -> str | None:
    """Why a part cannot be proven here, and the page that says it is needed; None if it should have been."""
    statement = next(item for item in policy["Statement"] if item["Sid"] == part.sid)
    actions = [part.value] if part.element == "Action" else statement["Action"]
    reasons = [
        next(
            (
                (why, page)
                for end, start, why, page in NOT_LOCAL
                if part.role.endswith(end) and action.startswith(start)
            ),
            None,
        )
        for action in actions
    ]
    return f"{reasons[0][0]}: [AWS]({GUIDE}{reasons[0][1]})" if reasons[0] and all(reasons) else None


class Proof:
    """A session in which the pipeline has run, and where steps are run again without a part of a policy."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.iam = session.cloud.client("iam")
        self.files = files_below(session.prepared.folder)
        self._needs = needs_of(self.files)
        self._steps = {step["name"]: step for step in session.deployment.steps if step["states"]}
        self._step_of = {state: step["name"] for step in self._steps.values() for state in step["states"]}
        self._calls: dict[str, list[Call]] = {}
        self._states: dict[tuple[str, str, str], dict[str | None, None]] = {}

    def run_days(self, dates: Sequence[date] = DATES, *, again: bool = True) -> None:
        """Runs the pipeline, so that there is a promoted model and every call has been made once.

        Then each step once more by itself, so that its files take the place of others; with all rights it succeeds.
        """
        for day in dates:
            done = new_run(self.session, new_planned(day.isoformat(), run_input(day.isoformat(), {"parameters": {}})))
            assert done.end.succeeded, done.end.cause
            self._last = self.session.runs.folder(done.record.id)
        for step in self._steps if again else ():
            failed = self._run_step(step)
            assert failed is None, failed
        for line in (self.session.cloud.workdir / ALLOWED_FILE).read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            self._calls.setdefault(entry["role"], []).append(Call(entry["action"], entry["resource"], entry["context"]))
            self._states.setdefault((entry["role"], entry["action"], entry["resource"]), {})[entry["state"]] = None

    def lost(self, part: Part) -> list[Call]:
        """The calls of the runs that a part alone allows."""
        return lost_calls(part, self._policy(part.role), self._calls.get(part.role, []))

    def verdict(self, part: Part) -> Verdict:
        """What a part is needed by: a run, else a static check, else only AWS."""
        policy, lost = self._policy(part.role), self.lost(part)
        failed = self._fails_without(part, policy, lost) if lost else None
        if failed:
            return Verdict(part, "run", failed)
        missed = missed_by_check(part, self.files, self._needs)
        if missed:
            return Verdict(part, "check", missed)
        reason = only_aws(part, policy)
        if reason:
            return Verdict(part, "aws", reason)
        return Verdict(part, "nothing", f"{lost[0].action} is denied, and nothing fails" if lost else "")

    def _policy(self, role: str) -> dict[str, Any]:
        """A role's policy, as it was deployed."""
        found: dict[str, Any] = self.iam.get_role_policy(RoleName=role, PolicyName=role)["PolicyDocument"]
        return found

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
        planned = new_planned(day, run_input(day, {"parameters": {}}))
        if step is None:
            done = new_run(self.session, planned, shown=False)
        else:
            part = part_of(self.session.prepared, step, step)
            entries = entries_for_start(self._last.journal(), part.machine, {step})
            done = new_run(self.session, planned, part, Reused(entries=entries), shown=False)
        if done.end.succeeded:
            return None
        # Without the right to publish, the notification of the failure fails, too.
        others = set(self._steps) - {step}
        assert step is None or done.end.failed_step not in others, (
            f"{done.end.failed_step} failed instead of {step}: {done.end.cause}"
        )
        return f"{done.end.failed_state} fails: {done.end.error}"


def files_below(folder: Path) -> dict[str, str]:
    """The texts of a generated folder, by path."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def start(folder: Path, stack: ExitStack, spec: Path = SPEC, out: Path = OUT) -> Proof:
    """A proof over the generated files of a spec, with its state in a folder."""
    options = Namespace(spec=spec, out=out, env=None, instance=None, state=folder)
    prepared = prepare(options)
    world = new_world(spec, out, prepared.pipeline.environment, None, list(DATES), WarehouseChoice(DERBY))
    prepared.state.mkdir(parents=True, exist_ok=True)
    reset(prepared.state)
    world.write(prepared.state)
    return Proof(start_session(prepared, world, world_tables(prepared, world), Console(quiet=True), stack))


def prove(wanted: Sequence[Part]) -> Iterator[Verdict]:
    """The verdicts on some parts of the reference pipeline, all in one session."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        proof = start(Path(folder), stack)
        proof.run_days()
        for part in wanted:
            verdict = proof.verdict(part)
            print(" | ".join((part.role, part.sid, part.value, verdict.how, verdict.words)), flush=True)
            yield verdict


def main() -> int:
    """Proves what the page does not say yet, or all; exit code 1 if a part is needed by nothing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--role", action="append", default=[], help="only roles whose name ends so")
    parser.add_argument("--all", action="store_true", help="also what the page says already")
    parser.add_argument("--write", action="store_true", help=f"put what was found into {PAGE.relative_to(ROOT)}")
    given = parser.parse_args()
    parts = list(parts_of(files_below(OUT / FOLDER)))
    known = read(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    new = [part for part in parts if given.all or known.get(part.key, ("nothing",))[0] == "nothing"]
    wanted = [part for part in new if not given.role or part.role.endswith(tuple(given.role))]
    found = {verdict.part: verdict for verdict in prove(wanted)} if wanted else {}
    verdicts = [found.get(part) or Verdict(part, *known.get(part.key, ("nothing", "not proven yet"))) for part in parts]
    if given.write:
        PAGE.write_text(written(verdicts, SPEC.as_posix(), FOLDER.name), encoding="utf-8")
    unneeded = [verdict.part for verdict in verdicts if verdict.how == "nothing"]
    print(f"{len(found)} proven now, {len(verdicts)} parts in all, {len(unneeded)} needed by nothing")
    return 1 if unneeded else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The table of what each part of each policy is needed by: made by `mutation_proof`, kept in docs/permissions.md."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.oracle import need
from tests.oracle.completeness import statement_faults
from tests.oracle.need import Need

_DOCS: Final = "https://docs.aws.amazon.com/"
#: Where the pages are that needs rest on.
ADDRESSES: Final[Mapping[str, str]] = {
    need.GLUE_PAGE: "glue/latest/dg/set-up-iam.html",
    need.SAGEMAKER_PAGE: "sagemaker/latest/dg/sagemaker-roles.html",
    need.LAMBDA_PAGE: "lambda/latest/dg/configuration-vpc.html",
    need.TASK_PAGE: "AmazonECS/latest/developerguide/task_execution_IAM_role.html",
    need.STATES_LOG_PAGE: "step-functions/latest/dg/cw-logs.html",
    need.STATES_KEY_PAGE: "step-functions/latest/dg/encryption-at-rest.html",
    need.STATES_TRACE_PAGE: "step-functions/latest/dg/concepts-xray-tracing.html",
    need.SYNC_PAGE: "step-functions/latest/dg/service-integration-iam-templates.html",
    need.KEY_PAGE: "AmazonS3/latest/userguide/UsingKMSEncryption.html",
    need.ROTATION_PAGE: "secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html",
    need.TASK_SECRET_PAGE: "AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html",
    need.SCHEDULER_PAGE: "scheduler/latest/UserGuide/configuring-schedule-dlq.html",
    "Lambda guide, 'Visualize Lambda invocations using X-Ray'": "lambda/latest/dg/services-xray.html",
    "Lambda guide, 'Adding a dead-letter queue'": "lambda/latest/dg/invocation-async-retain-records.html",
}

Files = Mapping[str, str]

_INTRODUCTION: Final = """\
<!-- Made by `python -m tests.local.mutation_proof --write`. Do not edit. -->

# What every permission is needed by

Each action and each resource of each role of `{spec}` ({environment}) was taken away in turn. What was
missed by whom:

- **run**: the pipeline ran here with its policies enforced; without the part, the state that is named fails.
- **check**: no local run makes the call; without the part, the static check of `tests/oracle` finds that something in
  the generated files needs it. Where only AWS itself could prove that, its documentation is named.
- **aws**: neither; the page says why the call is made.

{summary}

`python -m tests.local.mutation_proof --write` proves what is new, `--write --all` everything again.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One action or one resource of one statement of a role; `place` is its number there."""

    role: str
    sid: str
    element: str
    place: int
    value: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it apart in the table."""
        return self.role, self.sid, self.value

    def taken_from(self, policy: Mapping[str, Any]) -> dict[str, Any]:
        """The policy without it; a statement that has no action or resource left goes as a whole."""
        rest = []
        for statement in policy["Statement"]:
            if statement["Sid"] == self.sid:
                values = [value for place, value in enumerate(statement[self.element]) if place != self.place]
                statement = {**statement, self.element: values}
            if statement["Action"] and statement["Resource"]:
                rest.append(statement)
        return {**policy, "Statement": rest}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a part is needed by: `how` is run, check, aws, or nothing."""

    part: Part
    how: str
    words: str


def policies_of(files: Files) -> dict[str, str]:
    """By role: the path of its policy."""
    return {role["name"]: role["policy"] for role in json.loads(files["deployment.json"])["roles"]}


def parts_of(files: Files) -> Iterator[Part]:
    """Every part of every policy of a generated folder, in its order."""
    for role, path in policies_of(files).items():
        for statement in json.loads(files[path])["Statement"]:
            for element in ("Action", "Resource"):
                for place, value in enumerate(statement[element]):
                    yield Part(role, statement["Sid"], element, place, value)


def missed_by_check(part: Part, files: Files, needs: Sequence[Need]) -> str | None:
    """What a static check says when the part is gone, and the page that it rests on; None if it says nothing."""
    path = policies_of(files)[part.role]
    without = json.dumps(part.taken_from(json.loads(files[path])))
    faults = list(statement_faults({**files, path: without}, [need for need in needs if need.role == part.role]))
    if not faults:
        return None
    why = faults[0].rsplit(" (", 1)[-1].rstrip(")")
    page = next((need.page for need in needs if need.why == why and need.page), "")
    return f"{why}: {linked(page)}" if page else why


def linked(page: str) -> str:
    """A page of AWS as a link."""
    return f"[{page}]({_DOCS}{ADDRESSES[page]})"


def written(verdicts: Sequence[Verdict], spec: str, environment: str) -> str:
    """The page."""
    counts = {how: sum(item.how == how for item in verdicts) for how in ("run", "check", "aws", "nothing")}
    summary = (
        f"{len(verdicts)} parts: {counts['run']} break a run, {counts['check']} a static check, "
        f"{counts['aws']} only AWS can prove, {counts['nothing']} are needed by nothing."
    )
    lines = [_INTRODUCTION.format(spec=spec, environment=environment, summary=summary)]
    for role in dict.fromkeys(item.part.role for item in verdicts):
        lines += ["", f"## {role}", "", "| statement | part | missed by | how |", "| --- | --- | --- | --- |"]
        for item in verdicts:
            if item.part.role == role:
                lines.append(f"| {item.part.sid} | `{item.part.value}` | {item.how} | {item.words} |")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


_ROW: Final = re.compile(r"\| (?P<sid>\w+) \| `(?P<value>[^`]+)` \| (?P<how>\w+) \| (?P<words>.*) \|")


def read(text: str) -> dict[tuple[str, str, str], tuple[str, str]]:
    """The rows of a page: role, statement and part to how and words."""
    rows: dict[tuple[str, str, str], tuple[str, str]] = {}
    role = ""
    for line in text.splitlines():
        if line.startswith("## "):
            role = line[3:]
        found = _ROW.fullmatch(line)
        if found:
            rows[role, found["sid"], found["value"]] = found["how"], found["words"]
    return rows


def unproven(text: str, parts: Iterable[Part]) -> tuple[list[Part], list[tuple[str, str, str]]]:
    """Parts that the page does not name or calls needless, and rows of the page that are no parts any more."""
    rows, wanted = read(text), list(parts)
    keys = {part.key for part in wanted}
    return [part for part in wanted if rows.get(part.key, ("nothing",))[0] == "nothing"], [
        key for key in rows if key not in keys
    ]

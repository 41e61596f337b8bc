"""What an `approval` step is in the spec and in the IR."""

import json
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from pipelinegen.ir.expressions import expression
from pipelinegen.ir.model import Artifact, Json, Jsonata, Model, OutputFile, Step, Value
from pipelinegen.spec.fields import FreeText
from pipelinegen.steps.approval.permissions import ask_permissions
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.readers import Readers, topic_of

_TOKEN = "$states.context.Task.Token"


class ApprovalSpec(StepSpec):
    """Keys of an `approval` step."""

    kind: Literal["approval"]
    model: Annotated[
        Reference | None, Field(description="The model that is approved; asks only if its gate accepted it")
    ] = None
    subject: Annotated[
        str, Field(min_length=1, max_length=100, pattern=r"^[ -~]+$", description="At most 100 characters (SNS)")
    ]
    message: Annotated[FreeText, Field(description="What the reader decides by; may hold references, such as metrics")]
    to: Readers = []
    timeout_hours: Annotated[int, Field(ge=1, le=720, description="No answer by then is a no")] = 24
    on_reject: Annotated[
        Literal["fail", "go_on"],
        Field(description="Fail the run, or go on with `approved` false: a model that was refused is not promoted"),
    ] = "fail"


@dataclass(frozen=True, slots=True)
class ApprovalStateContext:
    """The states: anything to approve, ask, approved or not."""

    title: str
    first_title: str
    nothing_title: str
    answer_title: str
    passed_title: str
    rejected_title: str
    asks_by_gate: bool
    goes_on: bool
    accepted: Json
    nothing: Json
    topic_arn: str
    subject: Json
    message: Json
    assign: Json
    approved: Json
    timeout_seconds: int


def lower(spec: ApprovalSpec, scope: Scope) -> Step:
    """The step as a question and its answer. Raises: SpecError with PG017, PG023."""
    topic, own = topic_of(scope, spec.to, "nobody can be asked")
    model = scope.artifact(spec.model, Model, "model") if spec.model else None
    approved = f"{scope.step}_approved"
    context = _context(spec, scope, model, topic)
    outputs: dict[str, Artifact] = {"approved": Value(Jsonata(f"${approved}"), "boolean")}
    if model:
        outputs["model"] = replace(model, gated_by=(*model.gated_by, scope.step), accepted=Jsonata(f"${approved}"))
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"Waits for an approval: {spec.subject}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs=outputs,
        permissions=ask_permissions(topic),
        resources=own,
        state=OutputFile(scope.title, "steps/approval/state.asl.json.j2", context),
        assigns=(approved,),
        otherwise={approved: False},
        summary={"approved": Jsonata(f"${approved}")},
    )


def _context(spec: ApprovalSpec, scope: Scope, model: Model | None, topic: str) -> ApprovalStateContext:
    accepted, approved = model.accepted if model else None, f"{scope.step}_approved"
    first = f"{scope.title}: anything to approve?"
    return ApprovalStateContext(
        title=scope.title,
        first_title=first if accepted else scope.title,
        nothing_title=f"{scope.title}: nothing to approve",
        answer_title=f"{scope.title}: approved?",
        passed_title=f"{scope.title}: passed",
        rejected_title=f"{scope.title}: rejected",
        asks_by_gate=accepted is not None,
        goes_on=spec.on_reject == "go_on",
        accepted=accepted,
        nothing={approved: False},
        topic_arn=topic,
        subject=scope.text(spec.subject, "subject"),
        message=_question(scope.text(spec.message, "message")),
        assign={approved: Jsonata("$states.result.approved = true")},
        approved=Jsonata(f"${approved}"),
        timeout_seconds=spec.timeout_hours * 3600,
    )


def _question(message: Json) -> Jsonata:
    """The message, the commands that answer it, and the execution's address; `templatefile` fills in the region."""
    success = "aws stepfunctions send-task-success --region ${region} --task-output"
    failure = "aws stepfunctions send-task-failure --region ${region} --error Rejected --cause 'Your reason'"
    console = "https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/"
    parts = [
        expression(message),
        json.dumps(f"\n\nTo approve:\n{success} '{{\"approved\": true}}' --task-token '"),
        _TOKEN,
        json.dumps(f"'\n\nTo reject:\n{failure} --task-token '"),
        _TOKEN,
        json.dumps(f"'\n\nThe run: {console}"),
        "$states.context.Execution.Id",
    ]
    return Jsonata(" & ".join(parts))

"""Roles: what the kinds declare becomes one least-privilege role per service and step."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import count

from pipelinegen.ir import arns
from pipelinegen.ir.model import Model, Permission, Role, RoleKey, Service, Step
from pipelinegen.resolve.draft import Draft
from pipelinegen.resolve.redundant import without_repeats
from pipelinegen.steps.permissions import read

STATES = RoleKey(Service.STATES)
SCHEDULER = RoleKey(Service.SCHEDULER)
EVENTS = RoleKey(Service.EVENTS)


def derive_roles(draft: Draft) -> Draft:
    """The draft with its roles, in the order of the steps that need them; the pipeline's own come first."""
    of_steps = [item for step in draft.steps for item in (*step.permissions, *_promoted_permissions(draft, step))]
    declared = [*_pipeline_permissions(draft), *of_steps]
    by_role: dict[RoleKey, list[Permission]] = {}
    for item in declared:
        by_role.setdefault(item.role, []).append(item)
    roles = tuple(Role(key, draft.names.role(key), merge_permissions(items)) for key, items in by_role.items())
    return replace(draft, roles=roles)


def _promoted_permissions(draft: Draft, step: Step) -> tuple[Permission, ...]:
    """Reading the promoted model, which any step that some step promotes may have made: what the step lacks of it."""
    if step.loads_promoted is None:
        return ()
    readable = {arn for item in step.permissions if "s3:GetObject" in item.actions for arn in item.resources}
    promoted = [
        model.location
        for other in draft.steps
        if other.kind == "promote_model" and isinstance(model := other.outputs["model"], Model)
    ]
    lacking = [place for place in dict.fromkeys(promoted) if arns.objects(place) not in readable]
    return read(step.loads_promoted, "ReadPromoted", *lacking) if lacking else ()


def merge_permissions(permissions: Iterable[Permission]) -> tuple[Permission, ...]:
    """Equal statements on several resources become one, resources sorted; a second of the same name gets a number."""
    merged: dict[tuple[object, ...], Permission] = {}
    for item in permissions:
        key = (item.sid, item.actions, item.conditions, item.why_every_resource, item.effect, item.by_hand)
        known = merged.get(key)
        resources = {*item.resources, *(known.resources if known else ())}
        merged[key] = replace(item, actions=tuple(sorted(item.actions)), resources=tuple(sorted(resources)))
    return _number(without_repeats(merged.values()))


def _number(permissions: Iterable[Permission]) -> tuple[Permission, ...]:
    """Each with a name of its own: the second of a name gets the next number that no other has."""
    items = tuple(permissions)
    given, taken = {item.sid for item in items}, set[str]()
    numbered = []
    for item in items:
        tries = (f"{item.sid}{number}" for number in count(2))
        free = item.sid if item.sid not in taken else next(sid for sid in tries if sid not in given | taken)
        taken.add(free)
        numbered.append(replace(item, sid=free))
    return tuple(numbered)


def _pipeline_permissions(draft: Draft) -> list[Permission]:
    machine = draft.names.state_machine()
    delivery = ("Create", "Delete", "Get", "Update")
    found = [
        Permission(
            STATES,
            "DeliverLogs",
            (
                *(f"logs:{verb}LogDelivery" for verb in delivery),
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
            ),
            ("*",),
            why_every_resource="log delivery takes no resource (Step Functions guide, 'Logging to CloudWatch Logs')",
        ),
        Permission(
            STATES,
            "WriteTraces",
            ("xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"),
            ("*",),
            why_every_resource="X-Ray takes no resource for writing",
        ),
    ]
    # A failed run ends with a task that fails by its own token (emit/asl_end.py).
    why = "a task's token is no resource (Service Authorization Reference, Step Functions)"
    found.append(Permission(STATES, "EndFailedRuns", ("states:SendTaskFailure",), ("*",), why_every_resource=why))
    if any(step.reads_promoted for step in draft.steps):
        pointer = arns.arn("ssm", f"parameter{draft.names.promoted_parameter()}")
        found.append(Permission(STATES, "ReadPromotedModel", ("ssm:GetParameter",), (pointer,)))
    if draft.spec.on_failure and draft.spec.on_failure.notify:
        found.append(Permission(STATES, "Notify", ("sns:Publish",), (arns.arn("sns", draft.names.topic()),)))
    # The definition and the history of runs are encrypted with it, and so is the topic.
    found.append(Permission(STATES, "UseDataKey", ("kms:Decrypt", "kms:GenerateDataKey"), ("${data_key_arn}",)))
    return [*found, *_starting(draft, machine)]


def _starting(draft: Draft, machine: str) -> list[Permission]:
    """What schedules and events may do: start the state machine."""
    found = []
    if draft.spec.named_schedules():
        start = ("states:StartExecution",)
        found.append(Permission(SCHEDULER, "StartPipeline", start, (arns.arn("states", f"stateMachine:{machine}"),)))
        queue = arns.arn("sqs", f"{machine}-undelivered")
        found.append(Permission(SCHEDULER, "KeepUndelivered", ("sqs:SendMessage",), (queue,)))
        found.append(Permission(SCHEDULER, "UseDataKey", ("kms:Decrypt", "kms:GenerateDataKey"), ("${data_key_arn}",)))
    if draft.triggers:
        start = ("states:StartExecution",)
        found.append(Permission(EVENTS, "StartPipeline", start, (arns.arn("states", f"stateMachine:{machine}"),)))
    return found

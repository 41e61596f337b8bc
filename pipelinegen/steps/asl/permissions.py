"""What the raw states say that they do, as the state machine's permissions."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelinegen.aws.models import find_service
from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.ir.model import Permission
from pipelinegen.steps.base import Scope
from pipelinegen.steps.permissions import STATES
from pipelinegen.steps.resource_arns import action_templates, examples, matching

_EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Declared:
    """One entry of `permissions:`."""

    actions: Sequence[str]
    resources: Sequence[str]
    passed_to: Sequence[str]
    why_every_resource: str | None


def declared_permissions(scope: Scope, entries: Sequence[Declared]) -> tuple[Permission, ...]:
    """The entries as permissions. Raises: SpecError with PG126 for an unknown action or resource."""
    faults: list[Diagnostic] = []
    title = scope.step.title().replace("_", "")
    found = [_permission(scope, f"States{title}", entry, index, faults) for index, entry in enumerate(entries)]
    if faults:
        raise SpecError(faults)
    return tuple(found)


def _permission(scope: Scope, sid: str, entry: Declared, index: int, faults: list[Diagnostic]) -> Permission:
    templates = [template for action in entry.actions for template in _templates(action)]
    resources = []
    for place, text in enumerate(entry.resources):
        everything = text == _EVERYTHING and entry.why_every_resource
        arn = text if everything or text.startswith("arn:") else matching(text, templates)
        if arn is None or (text == _EVERYTHING and not everything):
            faults.append(_unknown(scope, text, templates, index, place))
            continue
        resources.append(arn)
    for place, action in enumerate(entry.actions):
        if action == "iam:PassRole" and not entry.passed_to:
            span = scope.spans.at("permissions", index, "actions", place).value
            help = "add `passed_to:` with the services that take it, such as batch.amazonaws.com"
            faults.append(Diagnostic(span, "PG126", "a role is passed without saying to whom", help))
    conditions = (("StringEquals", "iam:PassedToService", tuple(entry.passed_to)),) if entry.passed_to else ()
    why = entry.why_every_resource if _EVERYTHING in resources else None
    return Permission(STATES, sid, tuple(entry.actions), tuple(resources), conditions, why)


def _templates(action: str) -> Sequence[str]:
    if action == "iam:PassRole":
        return ("arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}",)
    service = find_service(action.partition(":")[0])
    return tuple(action_templates(service, action).values()) if service else ()


def _unknown(scope: Scope, text: str, templates: Sequence[str], index: int, place: int) -> Diagnostic:
    span = scope.spans.at("permissions", index, "resources", place).value
    if text == _EVERYTHING:
        help = "name the resources, or say in `why_every_resource:` why it has to be all of them"
        return Diagnostic(span, "PG126", "the permission is for every resource", help)
    help = f"write a whole ARN, or such as {examples(templates)}" if templates else "write a whole ARN"
    return Diagnostic(span, "PG126", f"'{text[:60]}' is no resource of these actions", help)

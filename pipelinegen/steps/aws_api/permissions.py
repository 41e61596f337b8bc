"""What the state machine may do to make a call: IAM's actions of it, on the resources that it names."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from pipelinegen.aws.models import Call
from pipelinegen.ir import arns
from pipelinegen.ir.model import Permission
from pipelinegen.steps.aws_api.integrations import PASSED_TO, Job
from pipelinegen.steps.permissions import STATES
from pipelinegen.steps.resource_arns import action_templates, filled, fits, variables

#: Variables of ARN templates whose value has another name among the arguments.
_ARGUMENTS: Final = {"objectname": "key", "parameternamewithoutleadingslash": "name"}
ROLE_ARN: Final = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:role/[\w+=,.@/-]+", re.ASCII)


def derived(call: Call, action: str, arguments: Mapping[str, str]) -> tuple[str, ...] | None:
    """The ARNs of what the call's literal arguments name; None if one that is required cannot be told.

    `arguments` are the texts at the top of the call's arguments, by their names in lower case.
    """
    templates = action_templates(call.service, action)
    found = []
    for kind, required in call.service.resource_types(action):
        template = templates.get(kind)
        arn = template and _named_by(kind, template, arguments)
        if arn:
            found.append(arn)
        elif required:
            return None
    return tuple(dict.fromkeys(found)) or None


def call_permissions(sid: str, resources: Mapping[str, Sequence[str]]) -> tuple[Permission, ...]:
    """The call's actions on the ARNs of each; an action that takes no resource gets all of them, and says why."""
    found = []
    for action, given in resources.items():
        why = None if given else f"{action} needs no resource (service authorization reference)"
        found.append(Permission(STATES, sid, (action,), tuple(given) or ("*",), why_every_resource=why))
    return tuple(found)


def follow_permissions(
    call: Call, job: Job, sid: str, given: Sequence[str], arguments: Mapping[str, str]
) -> tuple[Permission, ...]:
    """Watching and stopping what was started: on the resources of the call, or else on all that its arguments allow."""
    places: dict[tuple[str, ...], list[str]] = {}
    for action in job.follows:
        templates = action_templates(call.service, action).values()
        own = [arn for arn in given if any(fits(arn, template) for template in templates)]
        wanted = tuple(own or [filled(template, _values(template, arguments)) for template in templates])
        places.setdefault(wanted, []).append(action)
    found = []
    for arns_of, actions in places.items():
        why = None if arns_of else f"{', '.join(actions)} take no resource (service authorization reference)"
        found.append(Permission(STATES, f"Follow{sid}", tuple(actions), arns_of or ("*",), why_every_resource=why))
    if job.rule:
        watch = ("events:DescribeRule", "events:PutRule", "events:PutTargets")
        found.append(Permission(STATES, f"HearOf{sid}", watch, (arns.arn("events", f"rule/{job.rule}"),)))
    return tuple(found)


def prepare_permissions(job: Job, sid: str, roles: Sequence[str]) -> tuple[Permission, ...]:
    """What a job looks at before it begins: things without resources in IAM, and the roles that it is given."""
    found = []
    if job.prepares:
        verb = "takes" if len(job.prepares) == 1 else "take"
        why = f"{', '.join(job.prepares)} {verb} no resource (service authorization reference)"
        found.append(Permission(STATES, f"Prepare{sid}", job.prepares, ("*",), why_every_resource=why))
    if job.reads_roles and roles:
        found.append(Permission(STATES, f"ReadRolesOf{sid}", job.reads_roles, tuple(roles)))
    return tuple(found)


def pass_permissions(prefix: str, roles: Sequence[str], sid: str, job: Job | None) -> tuple[Permission, ...]:
    """Handing roles to the service that is called, and to no other."""
    if not roles:
        return ()
    services = (job.passed_to if job else ()) or PASSED_TO.get(prefix, (f"{prefix}.amazonaws.com",))
    condition = (("StringEquals", "iam:PassedToService", services),)
    return (Permission(STATES, f"PassRolesOf{sid}", ("iam:PassRole",), tuple(roles), condition),)


def _named_by(kind: str, template: str, arguments: Mapping[str, str]) -> str | None:
    for value in arguments.values():
        if value.startswith("arn:") and fits(value, template):
            return value
    values = _values(template, {**arguments, **_renamed(kind, arguments)})
    return filled(template, values) if set(variables(template)) == set(values) else None


def _renamed(kind: str, arguments: Mapping[str, str]) -> Mapping[str, str]:
    """The argument `Name`, as the templates of a type of resource call it: CrawlerName."""
    return {f"{kind.replace('-', '')}name": arguments["name"]} if "name" in arguments else {}


def _values(template: str, arguments: Mapping[str, str]) -> dict[str, str]:
    """What the arguments say of a template's variables."""
    values = {}
    for variable in variables(template):
        lower = variable.lower()
        names = (lower, lower.removesuffix("name"), _ARGUMENTS.get(lower, lower))
        named = next((arguments[name] for name in names if name in arguments), None)
        if named and not named.startswith("arn:"):
            values[variable] = named.lstrip("/")
    return values

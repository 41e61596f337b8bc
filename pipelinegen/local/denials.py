"""What IAM refused during a run, and the step of the spec that could grant it."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from pipelinegen.local.deploy import Deployment

#: Different refusals that are told; a run seldom gets further than one.
_MOST = 5


def explain_denials(denials: Iterable[Mapping[str, Any]], deployment: Deployment, since: str) -> list[str]:
    """A text for each different refusal at or after a moment (ISO 8601): role, action, resource, and whose it is."""
    lines: dict[str, None] = {}
    for denial in denials:
        if denial["at"][:19] >= since[:19]:
            lines["\n".join(_told(denial, deployment))] = None
    return list(lines)[:_MOST]


def _told(denial: Mapping[str, Any], deployment: Deployment) -> Iterator[str]:
    yield f"denied: the role '{denial['role']}' may not {denial['action']} on {denial['resource']}"
    taken = next(_taken(denial, deployment), None)
    if taken is not None:
        yield f"   {taken['source']}: `iam: {{narrow: …}}` takes it away ({taken['what']}): {taken['reason']}"
        return
    step = _step_of(denial, deployment)
    if step is None:
        yield "   it is the pipeline's own role"
        return
    where = f"{step['source']}: " if "source" in step else ""
    yield f"   {where}the step '{step['name']}' makes this call; if it is to, add to the step:"
    yield f'   iam: {{extra: [{{actions: [{denial["action"]}], resources: ["{denial["resource"]}"], reason: …}}]}}'


def _taken(denial: Mapping[str, Any], deployment: Deployment) -> Iterator[Mapping[str, Any]]:
    """What the spec takes from the role by hand, and that the call would have needed."""
    for item in deployment.settings.get("taken_by_hand", ()):
        is_action = any(fnmatchcase(denial["action"].lower(), action.lower()) for action in item["actions"])
        is_resource = any(fnmatchcase(denial["resource"], _pattern(arn)) for arn in item["resources"])
        if item["what"] == "limit":
            is_resource = not is_resource
        if denial["role"] in item["roles"] and is_action and (is_resource or not item["resources"]):
            yield item


def _pattern(arn: str) -> str:
    """An ARN of a policy as a pattern; brackets have no meaning in IAM."""
    return arn.replace("[", "[[]")


def _step_of(denial: Mapping[str, Any], deployment: Deployment) -> Mapping[str, Any] | None:
    """The step that the role belongs to, else the one whose state made the call."""
    roles = {role["name"]: role.get("step") for role in deployment.settings.get("roles", [])}
    state = denial.get("state")
    name = roles.get(denial["role"]) or (deployment.step_of(state) if state else None)
    return next((step for step in deployment.steps if step["name"] == name), None)

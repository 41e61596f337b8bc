"""Decides whether a role's policies allow a call, as IAM does for identity-based policies."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Call:
    """One action on one resource; `context` holds the condition keys the request carries.

    A resource with wildcards stands for one that the request does not tell: any of that form is enough.
    """

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who wants to take a role: `kind` is the key of a trust policy's Principal, `names` what it may say there."""

    kind: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a call is allowed, and in IAM's own words why not."""

    allowed: bool
    reason: str = ""


def decide(policies: Iterable[Mapping[str, Any]], call: Call) -> Decision:
    """An explicit Deny wins, then any Allow; what nobody allows is denied."""
    allowed = False
    for policy in policies:
        for statement in _listed(policy.get("Statement", [])):
            if not _applies(statement, call):
                continue
            if statement["Effect"] == "Deny":
                return Decision(False, "with an explicit deny in an identity-based policy")
            allowed = True
    if allowed:
        return Decision(True)
    return Decision(False, f"because no identity-based policy allows the {call.action} action")


def decide_trust(policy: Mapping[str, Any], principal: Principal, context: Mapping[str, str]) -> Decision:
    """Whether a role's trust policy lets somebody take the role, on behalf of what `context` names."""
    call = Call("sts:AssumeRole", "*", context)
    allowed = False
    for statement in _listed(policy.get("Statement", [])):
        if _names(statement.get("Principal", {}), principal) and _applies({**statement, "Resource": "*"}, call):
            if statement["Effect"] == "Deny":
                return Decision(False, "with an explicit deny in the role's trust policy")
            allowed = True
    return Decision(allowed, "" if allowed else "because the role's trust policy does not allow it")


def _names(given: Any, principal: Principal) -> bool:
    if not isinstance(given, Mapping):
        return bool(given == "*")
    return bool(principal.names & set(_listed(given.get(principal.kind, []))))


def calls_lost_without(policy: Mapping[str, Any], calls: Iterable[Call]) -> dict[str, list[Call]]:
    """What each statement of a policy is good for: by its Sid, the calls that only it allows."""
    statements = _listed(policy.get("Statement", []))
    made = list(calls)
    lost = {}
    for position, statement in enumerate(statements):
        rest = {**policy, "Statement": statements[:position] + statements[position + 1 :]}
        name = str(statement.get("Sid", position))
        lost[name] = [call for call in made if decide([policy], call).allowed and not decide([rest], call).allowed]
    return lost


def _applies(statement: Mapping[str, Any], call: Call) -> bool:
    return (
        _chosen(statement, "Action", lambda pattern: _like(pattern.lower(), call.action.lower()))
        and _chosen(statement, "Resource", lambda pattern: _meets(pattern, call.resource))
        and _conditions_hold(statement.get("Condition", {}), call.context)
    )


def _chosen(statement: Mapping[str, Any], element: str, matches: Callable[[str], bool]) -> bool:
    """Whether `Action` names the call, or `NotAction` does not; the same for resources."""
    if element in statement:
        return any(matches(pattern) for pattern in _listed(statement[element]))
    return not any(matches(pattern) for pattern in _listed(statement.get(f"Not{element}", [])))


def _conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    """All operators and all keys have to hold; of one key's values any. Keys are compared in lower case."""
    known = {key.lower(): value for key, value in context.items()}
    return all(
        _condition_holds(operator, known.get(key.lower()), [str(value) for value in _listed(expected)])
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def _condition_holds(operator: str, value: str | None, expected: list[str]) -> bool:
    name = operator.removesuffix("IfExists").rpartition(":")[2]
    if name == "Null":
        return (value is None) == (expected[0].lower() == "true")
    negated = "Not" in name
    compare = _OPERATORS.get(name.replace("Not", ""))
    if compare is None:
        # An operator that is not known here must never widen what is allowed.
        return False
    if value is None:
        return negated or operator.endswith("IfExists") or operator.startswith("ForAllValues:")
    return any(compare(pattern, value) for pattern in expected) != negated


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    translated = {"*": ".*", "?": "."}
    return re.compile("".join(translated.get(letter, re.escape(letter)) for letter in text), re.DOTALL)


def _meets(pattern: str, resource: str) -> bool:
    return _like(pattern, resource) or ("*" in resource and len(resource) > 1 and _like(resource, pattern))


def _like(pattern: str, value: str) -> bool:
    return _pattern(pattern).fullmatch(value) is not None


_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "StringEquals": lambda pattern, value: pattern == value,
    "StringEqualsIgnoreCase": lambda pattern, value: pattern.lower() == value.lower(),
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda pattern, value: pattern.lower() == value.lower(),
}

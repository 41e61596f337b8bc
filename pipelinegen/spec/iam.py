"""Permissions by hand: `iam:` adds statements to a derived role, and narrows what was derived."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from pipelinegen.errors import did_you_mean, suggest
from pipelinegen.spec.aws_values import arn_fault
from pipelinegen.spec.fields import FreeText, StrictModel, exactly_one
from pipelinegen.spec.tables import table
from pipelinegen.spec.value_errors import SpecValueError

ID = "PG116"
EVERY = "every"

#: Stand-ins in ARNs, which the compiler fills in for each environment.
PLACES = {"{partition}": "aws", "{region}": "eu-central-1", "{account_id}": "111111111111", "{environment}": "dev"}

_ACTION = r"[a-z0-9-]+:[A-Za-z0-9*?]+"
_CONDITION_KEY = r"[A-Za-z0-9-]+:[A-Za-z0-9:/_.=@{}-]+"
#: IAM User Guide, "IAM JSON policy elements: Condition operators".
_OPERATOR = (
    r"(ForAllValues:|ForAnyValue:)?(String(Not)?Equals(IgnoreCase)?|String(Not)?Like|Arn(Not)?(Equals|Like)|Bool"
    r"|Numeric(Not)?Equals|Numeric(Less|Greater)Than(Equals)?|Date(Not)?Equals|Date(Less|Greater)Than(Equals)?"
    r"|BinaryEquals|(Not)?IpAddress)(IfExists)?|Null"
)
_OFTEN_USED = (
    *("ArnEquals", "ArnLike", "Bool", "DateGreaterThan", "DateLessThan", "IpAddress", "Null", "NumericEquals"),
    *("NumericGreaterThan", "NumericLessThan", "StringEquals", "StringEqualsIgnoreCase", "StringLike"),
    *("StringNotEquals", "StringNotLike"),
)


def known_actions(pattern: str) -> list[str]:
    """The actions that a name with `*` and `?` stands for, `service:Action`, as the reference lists them."""
    service, _, name = pattern.partition(":")
    names = [item.rstrip("*") for item in table("iam_actions").get(service, ())]
    shape = re.compile("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in name), re.IGNORECASE)
    return [f"{service}:{item}" for item in names if shape.fullmatch(item)]


def takes_no_resource(action: str) -> bool:
    """Whether AWS offers no resource-level permission for an action, so that only `*` ever allows it."""
    service, _, name = action.partition(":")
    return f"{name}*" in table("iam_actions").get(service, ())


def _named(value: str) -> str:
    """An action that exists, without wildcards: what is allowed is listed."""
    if "*" in value or "?" in value:
        few = known_actions(value)[:3] if ":" in value else []
        help = f"list the actions, such as {', '.join(few)}" if few else "list the actions, such as s3:GetObject"
        raise SpecValueError(f"'{value[:60]}' allows more than it names", help, ID)
    return _known(value)


def _known(value: str) -> str:
    """An action that exists, or a pattern of some."""
    service, colon, name = value.partition(":")
    if not colon or not re.fullmatch(_ACTION, value):
        raise SpecValueError(f"'{value[:60]}' is no action", "write service:Action, such as s3:GetObject", ID)
    services = table("iam_actions")
    if service not in services:
        help = did_you_mean(service, services) or "see AWS's service authorization reference for its prefix"
        raise SpecValueError(f"IAM knows no service '{service}'", help, ID)
    found = known_actions(value)
    if not found or ("*" not in name and "?" not in name and value not in found):
        names = [item.rstrip("*") for item in services[service]]
        help = f"write '{found[0]}'" if found else suggest(name, names, f"actions of {service}")
        raise SpecValueError(f"'{service}' has no action '{name[:60]}'", help, ID)
    return value


def _resource(value: str) -> str:
    text = value
    for place, example in PLACES.items():
        text = text.replace(place, example)
    found = None if text == "*" else arn_fault(text, patterns=True)
    if found:
        fact, help = found
        raise SpecValueError(fact.replace(text, value), f"{help.rstrip('?')}; {', '.join(PLACES)} are filled in", ID)
    return value


def _conditions(value: Any) -> Any:
    """Operator → key → one text or several, as in a policy."""
    if not isinstance(value, dict):
        raise SpecValueError("conditions are a mapping", 'write {StringEquals: {"aws:ResourceOrgID": o-1}}', ID)
    for operator, keys in value.items():
        if not re.fullmatch(_OPERATOR, operator):
            help = did_you_mean(operator, _OFTEN_USED) or "write e.g. StringEquals"
            raise SpecValueError(f"'{operator[:40]}' is no condition operator of IAM", help, ID)
        for key, given in keys.items() if isinstance(keys, dict) else [("", None)]:
            texts = given if isinstance(given, list) else [given]
            if not re.fullmatch(_CONDITION_KEY, key) or not texts or not all(_plain(item) for item in texts):
                help = "write key: text or a list of texts, without '$' and braces"
                raise SpecValueError(f"'{operator}' has no condition key with texts", help, ID)
    return value


def _plain(text: Any) -> bool:
    return isinstance(text, str) and 0 < len(text) <= 500 and text.isprintable() and not re.search(r"[${}%\"\\]", text)


_TEXTS: Any = {"type": "string", "pattern": r"^[^${}%\"\\]{1,500}$"}
NamedAction = Annotated[
    str, AfterValidator(_named), WithJsonSchema({"type": "string", "pattern": r"^[a-z0-9-]+:[A-Za-z0-9]+$"})
]
AnyAction = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "pattern": f"^{_ACTION}$"})]
ResourceArn = Annotated[
    str, AfterValidator(_resource), WithJsonSchema({"type": "string", "pattern": r"^(\*|arn:[^\s\"\\$%]+)$"})
]
Conditions = Annotated[
    Any,
    AfterValidator(_conditions),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": f"^({_OPERATOR})$"},
            "additionalProperties": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": f"^{_CONDITION_KEY}$"},
                "additionalProperties": {"anyOf": [_TEXTS, {"type": "array", "minItems": 1, "items": _TEXTS}]},
            },
        }
    ),
]
RoleWord = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Reason = Annotated[FreeText, Field(description="Why; every report shows it")]


_ROLE = "Which role, where there are several; `states` is the state machine's, the README has the others"


class ExtraSpec(StrictModel):
    """A statement added to a role."""

    actions: Annotated[list[NamedAction], Field(min_length=1, description="service:Action, each listed")]
    resources: Annotated[
        list[ResourceArn], Field(min_length=1, description="ARNs; {account_id}, {region} are filled in")
    ]
    conditions: Annotated[Conditions | None, Field(description="As in a policy: operator, key, texts")] = None
    role: Annotated[RoleWord | None, Field(description=_ROLE)] = None
    reason: Reason

    @model_validator(mode="after")
    def _can_ever_allow(self) -> "ExtraSpec":
        for index, action in enumerate(self.actions):
            if takes_no_resource(action) and "*" not in self.resources:
                fact = f"AWS takes no resource for '{action}', so that this would never allow it"
                raise SpecValueError(
                    fact, 'give it a statement of its own with resources: ["*"]', ID, ("actions", index)
                )
        return self


class NarrowSpec(StrictModel):
    """What is taken from the derived statements: `remove`, `limit` or `deny`, each a list of actions."""

    model_config = exactly_one("remove", "limit", "deny")

    remove: Annotated[
        list[AnyAction] | None,
        Field(min_length=1, description="Taken out of the derived statements; s3:Put* is a pattern"),
    ] = None
    limit: Annotated[
        list[AnyAction] | None,
        Field(min_length=1, description="Allowed on `resources` only, or under `conditions` only"),
    ] = None
    deny: Annotated[
        list[AnyAction] | None,
        Field(min_length=1, description="Denied on `resources` (all by default), whatever else allows"),
    ] = None
    resources: Annotated[list[ResourceArn] | None, Field(min_length=1, description="For `limit` and `deny`")] = None
    conditions: Annotated[Conditions | None, Field(description="For `limit` and `deny`")] = None
    role: Annotated[RoleWord | None, Field(description=_ROLE)] = None
    reason: Reason

    @model_validator(mode="after")
    def _one_way(self) -> "NarrowSpec":
        if sum(item is not None for item in (self.remove, self.limit, self.deny)) != 1:
            raise SpecValueError("narrowing is either `remove`, `limit` or `deny`", "write each as its own list item")
        has_bounds = self.resources is not None or self.conditions is not None
        if self.remove and has_bounds:
            raise SpecValueError("`remove` has neither resources nor conditions", "use `limit:` or `deny:`", ID)
        if self.limit and not has_bounds:
            raise SpecValueError("`limit` says to what with `resources:` or `conditions:`", "give one of them", ID)
        return self


class IamSpec(StrictModel):
    """Permissions by hand; those that steps need are derived, so most pipelines have none."""

    extra: Annotated[list[ExtraSpec], Field(description="Statements added to the role")] = []
    narrow: Annotated[list[NarrowSpec], Field(description="Statements taken away, limited or denied")] = []

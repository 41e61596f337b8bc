"""Permissions by hand: what a spec's `iam:` adds to the derived roles, and takes from them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pipelinegen.errors import Diagnostic, SpecError, choices, suggest
from pipelinegen.ir.model import Permission, PolicyChange, Role, RoleKey, Service
from pipelinegen.ir.names import role_label
from pipelinegen.resolve.draft import Draft
from pipelinegen.resolve.iam import merge_permissions
from pipelinegen.source import SpanTree
from pipelinegen.spec.iam import EVERY, ID, ExtraSpec, IamSpec, NarrowSpec, known_actions
from pipelinegen.spec.tables import table

STATES = RoleKey(Service.STATES)


def apply_iam(draft: Draft) -> Draft:
    """The draft with its roles as the spec's `iam:` wants them. Raises: SpecError with PG116 for what cannot be."""
    roles = {role.key: role for role in draft.roles}
    changes: list[PolicyChange] = []
    faults: list[Diagnostic] = []
    for given in _given(draft):
        for place, item in given.items():
            try:
                changed, change = _Change(draft, given, item, place).applied(roles)
            except SpecError as error:
                faults.extend(error.diagnostics)
                continue
            roles.update(changed)
            changes.append(change)
    if faults:
        raise SpecError(faults)
    merged = (replace(role, permissions=merge_permissions(role.permissions)) for role in roles.values())
    return replace(draft, roles=tuple(merged), policy_changes=tuple(changes)) if changes else draft


@dataclass(frozen=True, slots=True)
class _Given:
    """The `iam:` of a step, or with no step that of the pipeline."""

    step: str | None
    spec: IamSpec
    spans: SpanTree

    def items(self) -> Iterator[tuple[SpanTree, ExtraSpec | NarrowSpec]]:
        """Every statement and where it stands; what is added comes first, so that it can be denied."""
        for index, extra in enumerate(self.spec.extra):
            yield self.spans.at("extra", index), extra
        for index, narrow in enumerate(self.spec.narrow):
            yield self.spans.at("narrow", index), narrow


def _given(draft: Draft) -> Iterator[_Given]:
    for step in draft.steps:
        iam = draft.typed[step.name].spec.iam
        if iam:
            yield _Given(step.name, iam, draft.spans.at("steps", step.name, "iam"))
    if draft.spec.iam:
        yield _Given(None, draft.spec.iam, draft.spans.at("iam"))


Roles = Mapping[RoleKey, Role]


@dataclass(frozen=True, slots=True)
class _Change:
    """One item of an `iam:`."""

    draft: Draft
    given: _Given
    item: ExtraSpec | NarrowSpec
    place: SpanTree

    def applied(self, roles: Roles) -> tuple[Roles, PolicyChange]:
        """The roles that it changes, and the change as reports show it."""
        chosen = self.roles(roles)
        item = self.item
        if isinstance(item, ExtraSpec):
            what, actions = "extra", item.actions
            changed = {role.key: self.added(role, "Allow", "ByHand", tuple(actions)) for role in chosen}
        elif item.deny:
            what, actions = "deny", item.deny
            changed = {role.key: self.added(role, "Deny", "DeniedByHand", tuple(actions)) for role in chosen}
        elif item.remove:
            what, actions = "remove", item.remove
            changed = {role.key: self.without(role) for role in self.concerned(chosen, actions)}
        else:
            what, actions = "limit", item.limit or []
            changed = {role.key: self.limited(role) for role in self.concerned(chosen, actions)}
        change = PolicyChange(
            what,
            tuple(role.name for role in changed.values()),
            tuple(actions),
            self.resources(),
            self.conditions(),
            item.reason,
            self.place.value,
        )
        return changed, change

    def roles(self, roles: Roles) -> list[Role]:
        """The roles that are meant. Raises: SpecError with PG116 if that cannot be told, or there is none."""
        own = [role for key, role in roles.items() if key.step == self.given.step]
        words = {self.word(role.key): role for role in (own if self.given.step else roles.values())}
        words["states"] = roles[STATES]
        if self.item.role == EVERY or (self.item.role is None and isinstance(self.item, NarrowSpec)):
            if self.given.step:
                return own or [roles[STATES]]
            return list(roles.values())
        if self.item.role:
            if self.item.role not in words:
                raise self.fault(
                    f"there is no role '{self.item.role}' here", suggest(self.item.role, words, "roles"), "role"
                )
            return [words[self.item.role]]
        if self.given.step and len(own) > 1:
            raise self.fault(f"'{self.given.step}' has {len(own)} roles", f"choose one with `role:`: {choices(words)}")
        return [own[0] if self.given.step and own else roles[STATES]]

    def word(self, key: RoleKey) -> str:
        """A role as the spec calls it: of its own step without the step's name."""
        label = role_label(key)
        return label.removeprefix(f"{self.given.step}_") if self.given.step else label

    def added(self, role: Role, effect: str, sid: str, actions: tuple[str, ...]) -> Role:
        """The role with one more statement."""
        reason = self.item.reason
        statement = Permission(
            role.key, sid, actions, self.resources() or ("*",), self.conditions(), reason, effect, reason
        )
        return replace(role, permissions=(*role.permissions, statement))

    def concerned(self, roles: list[Role], actions: list[str]) -> list[Role]:
        """Those of the roles that may do any of it. Raises: SpecError with PG116 if none may."""
        found = [role for role in roles if any(self.touches(item) for item in role.permissions)]
        if not found:
            derived = {action for role in roles for item in role.permissions for action in item.actions}
            key = "remove" if isinstance(self.item, NarrowSpec) and self.item.remove else "limit"
            fact = f"no derived statement allows '{', '.join(actions)}'"
            raise self.fault(fact, suggest(actions[0], derived, "derived actions"), key)
        return found

    def touches(self, permission: Permission) -> bool:
        """Whether a derived statement allows one of the actions."""
        return permission.by_hand is None and bool(self.matched() & set(permission.actions))

    def matched(self) -> set[str]:
        """Every action that the item names."""
        assert isinstance(self.item, NarrowSpec)
        return {action for pattern in (self.item.remove or self.item.limit or ()) for action in known_actions(pattern)}

    def without(self, role: Role) -> Role:
        """The role without the actions; a statement that has none left is gone."""
        kept = (
            replace(item, actions=tuple(action for action in item.actions if action not in self.matched()))
            if self.touches(item)
            else item
            for item in role.permissions
        )
        return replace(role, permissions=tuple(item for item in kept if item.actions))

    def limited(self, role: Role) -> Role:
        """The role with the actions in statements of their own, on fewer resources or under more conditions."""
        self.refuse_wider([item for item in role.permissions if self.touches(item)])
        found: list[Permission] = []
        for item in role.permissions:
            if self.touches(item):
                found.extend(self.split(item))
            else:
                found.append(item)
        return replace(role, permissions=tuple(found))

    def split(self, permission: Permission) -> Iterator[Permission]:
        """A derived statement as what stays as it is and what is limited; none of the latter on other resources."""
        inside = tuple(action for action in permission.actions if action in self.matched())
        rest = tuple(action for action in permission.actions if action not in inside)
        if rest:
            yield replace(permission, actions=rest)
        given = self.resources()
        resources = tuple(item for item in given if self.is_within(permission, item)) if given else permission.resources
        if resources:
            conditions = (*permission.conditions, *self.conditions())
            reason = self.item.reason
            yield replace(permission, actions=inside, resources=resources, conditions=conditions, by_hand=reason)

    def refuse_wider(self, permissions: list[Permission]) -> None:
        """Nothing. Raises: SpecError with PG116 for a resource that none of the derived statements has."""
        for index, resource in enumerate(self.resources()):
            if not any(self.is_within(item, resource) for item in permissions):
                derived = sorted({self.filled(one) for item in permissions for one in item.resources})
                fact = f"'{resource[:100]}' is not within what is allowed, so that this would widen it"
                raise self.fault(fact, f"narrow down: {choices(derived, 3)}", "resources", index)

    def is_within(self, permission: Permission, resource: str) -> bool:
        """Whether a derived statement has all that a resource stands for."""
        return any(self.covers(derived, resource) for derived in permission.resources)

    def covers(self, derived: str, resource: str) -> bool:
        """Whether a derived resource stands for another one; what only Terraform knows may be anything."""
        parts = re.split(r"(\*|\?|\$\{\w+\})", self.filled(derived))
        pattern = "".join("." if part == "?" else ".*" if part[:1] in ("*", "$") else re.escape(part) for part in parts)
        return re.fullmatch(pattern, self.filled(resource)) is not None

    def filled(self, text: str) -> str:
        """An ARN with partition, region and account of the environment."""
        place = self.draft.place
        partition = table("regions")[place.region][0]
        known = {"${partition}": partition, "${region}": place.region, "${account_id}": place.account_id}
        for variable, value in known.items():
            text = text.replace(variable, value)
        return text

    def resources(self) -> tuple[str, ...]:
        """The given resources, with the variables of our policies."""
        environment = self.draft.environment
        return tuple(
            text.replace("{environment}", environment)
            .replace("{partition}", "${partition}")
            .replace("{region}", "${region}")
            .replace("{account_id}", "${account_id}")
            for text in self.item.resources or ()
        )

    def conditions(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """The given conditions, as permissions have them."""
        return tuple(
            (operator, key, tuple(given) if isinstance(given, list) else (given,))
            for operator, keys in (self.item.conditions or {}).items()
            for key, given in keys.items()
        )

    def fault(self, message: str, help: str, *path: str | int) -> SpecError:
        """A diagnostic at a part of the item."""
        return SpecError([Diagnostic(self.place.at(*path).value, ID, message, help)])

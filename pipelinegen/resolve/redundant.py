"""What a role's statement allows and another one allows already: a step may say twice why it needs the same thing."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipelinegen.ir.model import Permission

_PREFIXES = ("StringLike", "s3:prefix")


def without_repeats(permissions: Iterable[Permission]) -> list[Permission]:
    """The statements of one role, each action and resource of which is needed beside those of the others.

    Of two that allow the same, the later one goes. What the spec itself says of policies makes nothing needless, and
    stays as it is.
    """
    kept = list(permissions)
    for place in reversed(range(len(kept))):
        item = kept[place]
        others = [*kept[:place], *kept[place + 1 :]]
        if item.effect == "Allow" and item.by_hand is None:
            kept[place] = _rest(item, [other for other in others if other.effect == "Allow" and not other.by_hand])
    return [item for item in kept if item.actions and item.resources]


def _rest(item: Permission, others: Sequence[Permission]) -> Permission:
    wide = [other for other in others if other.actions and _asks_no_more(other, item)]
    actions = tuple(action for action in item.actions if not all(_allows(wide, action, at) for at in item.resources))
    resources = tuple(at for at in item.resources if not all(_allows(wide, action, at) for action in actions))
    return replace(item, actions=actions, resources=resources)


def _allows(others: Iterable[Permission], action: str, resource: str) -> bool:
    return any(action in other.actions and any(_covers(at, resource) for at in other.resources) for other in others)


def _asks_no_more(other: Permission, item: Permission) -> bool:
    """Whether what fulfils an item's conditions fulfils those of the other one."""
    if other.conditions == item.conditions or not other.conditions:
        return True
    if len(other.conditions) != 1 or len(item.conditions) != 1:
        return False
    (operator, key, wide), (own_operator, own_key, narrow) = other.conditions[0], item.conditions[0]
    if (operator, key) != _PREFIXES or (own_operator, own_key) != _PREFIXES:
        return False
    return all(any(_covers(pattern, value) for pattern in wide) for value in narrow)


def _covers(pattern: str, value: str) -> bool:
    """Whether a pattern is the same, or stands for a whole folder that the value lies in.

    That names of one step begin like those of another is chance: each keeps its own.
    """
    return value == pattern or (pattern.endswith("/*") and "*" not in pattern[:-1] and value.startswith(pattern[:-1]))

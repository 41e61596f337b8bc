"""Two configurations compared: what of all that holds something the next apply would replace, destroy or leave."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pipelinegen.errors import Diagnostic, Span
from pipelinegen.replacement.rules import STATEFUL, is_regional, unchangeable
from pipelinegen.replacement.terraform_files import Configuration, Resource, read_configuration

_REFERENCE = re.compile(r"\b(aws_\w+\.\w+)\b")


class Fate(Enum):
    """What becomes of a resource: the diagnostic's id, and what is said of it."""

    REPLACED = ("PG160", "would be replaced, and {what} lost")
    DESTROYED = ("PG161", "would be destroyed, and {what} lost")
    LEFT = ("PG162", "would be left behind with {what}, and an empty one made")


#: What a person can do about it.
HELP = {
    Fate.REPLACED: "keep it as it was; or move what it holds, then deploy with --allow-replacement",
    Fate.DESTROYED: "keep the step that it belongs to; or save what it holds, then deploy with --allow-replacement",
    Fate.LEFT: "keep name, account and environment; or copy what the old ones hold, and destroy them from the old tree",
}


@dataclass(frozen=True, slots=True)
class Loss:
    """A resource that holds something, its fate, and the change that causes it."""

    resource: Resource
    fate: Fate
    reason: str

    @property
    def message(self) -> str:
        """The fact, in a sentence without a period."""
        kind, what = STATEFUL[self.resource.type]
        return f"{kind} '{self.resource.address}' {self.fate.value[1].format(what=what)}: {self.reason}"

    def diagnostic(self, folder: Path) -> Diagnostic:
        """PG160 (replaced), PG161 (destroyed) or PG162 (left behind), at the resource's line in the old folder."""
        path = (folder / self.resource.file).as_posix()
        end = 1 + len(f'resource "{self.resource.type}" "{self.resource.label}"')
        return Diagnostic(Span(path, self.resource.line, 1, end), self.fate.value[0], self.message, HELP[self.fate])


def losses(old: Mapping[str, str], new: Mapping[str, str]) -> list[Loss]:
    """What applying `new` after `old` would lose, in the order of the old files.

    Both are the files of one environment by their path, `terraform/*.tf` among them.
    """
    before, after = read_configuration(old), read_configuration(new)
    left = _left_behind(before, after)
    if left:
        found = [Loss(resource, Fate.LEFT, left) for resource in before.resources.values()]
    else:
        found = list(_destroyed(before, after))
        reasons = _replaced(before, after)
        found += [Loss(before.resources[address], Fate.REPLACED, reason) for address, reason in reasons.items()]
    held = [loss for loss in found if loss.resource.type in STATEFUL]
    return sorted(held, key=lambda loss: (loss.resource.file, loss.resource.line))


def _left_behind(before: Configuration, after: Configuration) -> str | None:
    """Why Terraform would not find what it made: another account, or a state of another name."""
    places = (
        ("account", before.provider.get("allowed_account_ids"), after.provider.get("allowed_account_ids")),
        ("state", before.backend.get("key"), after.backend.get("key")),
    )
    for what, old, new in places:
        if old and new and old != new:
            return f"the pipeline moves from {what} '{_plain(old)}' to '{_plain(new)}'"
    return None


def _destroyed(before: Configuration, after: Configuration) -> Iterator[Loss]:
    for address in before.resources.keys() - after.resources.keys():
        yield Loss(before.resources[address], Fate.DESTROYED, "it is no longer part of the pipeline")


def _replaced(before: Configuration, after: Configuration) -> dict[str, str]:
    """Every address that is replaced, with the reason; whatever hangs on a replaced one follows it."""
    common = sorted(before.resources.keys() & after.resources.keys())
    old_region, new_region = before.provider.get("region"), after.provider.get("region")
    reasons: dict[str, str] = {}
    for address in common:
        old, new = before.resources[address], after.resources[address]
        if old_region != new_region and is_regional(old.type):
            reasons[address] = f"the pipeline moves from region {_shown(old_region)} to {_shown(new_region)}"
        elif change := _change(old, new):
            reasons[address] = change
    while follow := _followers(after, common, reasons):
        reasons |= follow
    return reasons


def _change(old: Resource, new: Resource) -> str | None:
    """The first argument that cannot change in place, and does."""
    for path in unchangeable(old.type):
        before, after = old.arguments.get(path), new.arguments.get(path)
        if before != after:
            return f"'{path}' changes from {_shown(before)} to {_shown(after)}"
    return None


def _followers(after: Configuration, common: list[str], reasons: Mapping[str, str]) -> dict[str, str]:
    """Resources that name a replaced one where they cannot change in place."""
    found: dict[str, str] = {}
    for address in common:
        if address in reasons:
            continue
        resource = after.resources[address]
        for path in unchangeable(resource.type):
            named = [item for item in _REFERENCE.findall(resource.arguments.get(path, "")) if item in reasons]
            if named:
                found[address] = f"'{path}' names {named[0]}, which is replaced"
    return found


def _shown(text: str | None) -> str:
    return "nothing" if text is None else f"'{_plain(text)}'"


def _plain(text: str) -> str:
    return " ".join(text.split()).strip('"[] ')

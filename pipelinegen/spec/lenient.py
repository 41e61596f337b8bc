"""A spec with faults, as far as it can be understood: what is wrong is reported and left out, the rest is looked at."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.source import Data, SpanTree
from pipelinegen.spec.load import errors_of, load_model
from pipelinegen.spec.pipeline import PipelineSpec

#: Sections whose parts have names of their own; a fault in one part leaves the others as they are.
NAMED = ("datasets", "environments", "instances", "parameters", "schedules", "steps", "tags", "triggers")
#: Sections that no step is made from, so that steps can be looked at without them.
APART = frozenset(
    (
        *("budget", "description", "environments", "iam", "instances", "local", "name", "owner", "schedule"),
        *("schedules", "steps", "tags", "triggers", "version"),
    )
)
_STAND_INS: Mapping[str, Any] = {
    "version": 1,
    "name": "unnamed",
    "description": "-",
    "owner": {"team": "unnamed", "email": "unnamed@example.com"},
}
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Lenient:
    """What could be understood: the spec, or None if too little; the faults; and what was left out, by section."""

    spec: PipelineSpec | None
    faults: tuple[Diagnostic, ...] = ()
    left_out: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def steps_can_be_made(self) -> bool:
        """Whether nothing is missing that steps are made from."""
        return all(section in APART or section == "datasets" for section in self.left_out)


def load_leniently(data: Data, spans: SpanTree) -> Lenient:
    """The spec without the parts that are at fault, and every fault of those."""
    try:
        return Lenient(load_model(PipelineSpec, data, spans))
    except SpecError as error:
        faults = error.diagnostics
    left_out: dict[str, set[str]] = {}
    rest = dict(data) if isinstance(data, dict) else {}
    for _ in range(_ROUNDS):
        try:
            spec = PipelineSpec.model_validate(rest)
        except ValidationError as error:
            done = [_leave_out(rest, item["type"], list(item["loc"]), left_out) for item in errors_of(error)]
            if not all(done):
                break
        else:
            return Lenient(spec, faults, {section: frozenset(names) for section, names in left_out.items()})
    return Lenient(None, faults)


def _leave_out(rest: dict[str, Any], kind: str, path: list[Any], left_out: dict[str, set[str]]) -> bool:
    """Leaves out what is at fault; whether the rest can go without."""
    if not path:
        return False
    section = str(path[0])
    if kind == "extra_forbidden":
        _remove(rest, path)
        return True
    if section in _STAND_INS:
        rest[section] = _STAND_INS[section]
        left_out.setdefault(section, set())
        return True
    if section in NAMED and len(path) > 1 and isinstance(rest.get(section), dict):
        _remove(rest, path[:2])
        left_out.setdefault(section, set()).add(str(path[1]))
        return bool(rest[section]) or section not in ("environments", "steps")
    if section in NAMED:
        return False
    rest.pop(section, None)
    left_out.setdefault(section, set())
    return True


def _remove(rest: dict[str, Any], path: list[Any]) -> None:
    """Takes away what lies at a path, in copies of what is around it."""
    inside: Any = rest
    for part in path[:-1]:
        try:
            inside[part] = copy(inside[part])
            inside = inside[part]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(inside, dict):
        inside.pop(path[-1], None)

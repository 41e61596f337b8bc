"""Which changes the provider cannot make in place: by the product's table, so that a plan shows what it announces."""

from typing import Any

from pipelinegen.replacement.rules import is_regional, unchangeable
from tests.oracle.provider.checks import Path
from tests.oracle.provider.values import UNKNOWN


def replacing_paths(type_name: str, prior: dict[str, Any], planned: dict[str, Any]) -> list[Path]:
    """The attributes that force a new resource and change; inside a block, the block's path stands for them."""
    fixed = [*unchangeable(type_name), *(["region"] if is_regional(type_name) else [])]
    found: list[Path] = []
    for path in fixed:
        first = path.split(".")[0]
        if first in planned and not _same(_at(prior, path), _at(planned, path)) and (first,) not in found:
            found.append((first,))
    return found


def _at(value: Any, path: str) -> list[Any]:
    """Everything at a path; a path leads into each of several blocks."""
    found = [value]
    for name in path.split("."):
        parts: list[Any] = []
        for part in found:
            inner = part.get(name) if isinstance(part, dict) else UNKNOWN if part is UNKNOWN else None
            parts += inner if isinstance(inner, list) else [inner]
        found = parts
    return found


def _same(old: list[Any], new: list[Any]) -> bool:
    """Whether nothing changes: a value that is not known yet may become another."""
    return old == new or sorted(map(repr, old)) == sorted(map(repr, new))

"""What is known of the items of loops before any run: their parts, and of which type each is."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipelinegen.resolve.blocks import owner_of
from pipelinegen.resolve.draft import Draft
from pipelinegen.source import Data

#: What is known of each file that a loop goes over, and of each partition beside its own key.
_OF_FILES: Final[Mapping[str, str | None]] = {"bucket": "text", "key": "text", "size": "number", "uri": "text"}
_OF_PARTITIONS: Final[Mapping[str, str | None]] = {"prefix": "text", "uri": "text"}


def parts_of_item(draft: Draft, name: str, item: str) -> Mapping[str, str | None] | None:
    """The parts that every item has, as a step sees it, with their types; None where only the run knows."""
    loop = _loop_of(draft, name, item)
    if loop is None or "batch_size" in loop:
        return None
    items = loop.get("items")
    if "files" in loop:
        return _OF_FILES
    if "partitions" in loop:
        return _parts_of_partition(draft, loop["partitions"])
    if not isinstance(items, list) or not items:
        return None
    common = set.intersection(*(set(part) if isinstance(part, dict) else set() for part in items))
    return {part: _one_type([entry[part] for entry in items]) for part in sorted(common)}


def item_types(draft: Draft, name: str) -> dict[str, str]:
    """The types of the items that a step may refer to, and of their parts, by their names such as `item.uri`."""
    found: dict[str, str | None] = {}
    for item in draft.blocks.items_inside(name):
        found |= {f"{item}.{part}": type for part, type in (parts_of_item(draft, name, item) or {}).items()}
        loop = _loop_of(draft, name, item)
        items = loop.get("items") if loop and "batch_size" not in loop else None
        found[item] = _one_type(items) if isinstance(items, list) else None
    return {place: type for place, type in found.items() if type}


def _loop_of(draft: Draft, name: str, item: str) -> dict[Any, Any] | None:
    """The loop that calls its item so: the step itself, or one around it."""
    around = (draft.raw_steps.get(owner_of(block)) for block in draft.blocks.around(name))
    for raw in (draft.raw_steps[name], *around):
        if isinstance(raw, dict) and raw.get("kind") == "for_each" and raw.get("as", "item") == item:
            return raw
    return None


def _parts_of_partition(draft: Draft, given: Data) -> Mapping[str, str | None] | None:
    """Of a step's output, the first of its dataset's partitions; of any other folder only the run knows its key."""
    path = given[2:-1].split(".") if isinstance(given, str) else []
    step = draft.raw_steps.get(path[1]) if path[:1] == ["steps"] and path[2:] == ["output"] else None
    output = step.get("output") if isinstance(step, dict) else None
    name = output[len("${datasets.") : -1] if isinstance(output, str) and output.startswith("${datasets.") else ""
    dataset = draft.spec.datasets.get(name)
    if dataset is None:
        return None
    return {**_OF_PARTITIONS, **dict.fromkeys(dataset.partitions[:1], "text")}


def _one_type(values: Sequence[Any]) -> str | None:
    """What all the values are; None if they differ, are mappings, or hold references."""
    found = {_type(value) for value in values}
    return found.pop() if len(found) == 1 else None


def _type(value: Any) -> str | None:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text" if isinstance(value, str) else None

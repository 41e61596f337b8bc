"""What is known of the items of loops before any run: their parts, and of which type each is."""

from collections.abc import Mapping
from typing import Any, Final

from pipelinegen.resolve.blocks import owner_of
from pipelinegen.resolve.draft import Draft
from pipelinegen.source import Data
from pipelinegen.steps.declared import ANY, held_types, one_type

#: What is known of each file that a loop goes over, and of each partition beside its own key.
_OF_FILES: Final[Mapping[str, str]] = {"bucket": "string", "key": "string", "size": "int", "uri": "string"}
_OF_PARTITIONS: Final[Mapping[str, str]] = {"prefix": "string", "uri": "string"}


def parts_of_item(draft: Draft, name: str, item: str) -> Mapping[str, str]:
    """The parts that every item is known to have, as a step sees it, with their types."""
    loop = _loop_of(draft, name, item)
    if loop is None or "batch_size" in loop:
        return {}
    items, said = loop.get("items"), loop.get("of")
    declared = {part: str(type) for part, type in said.items()} if isinstance(said, dict) else {}
    if "files" in loop:
        return _OF_FILES
    if "partitions" in loop:
        return {**_OF_PARTITIONS, **_key_of_partition(draft, loop["partitions"]), **declared}
    held = held_types(items) if isinstance(items, list) else declared
    return held if isinstance(held, Mapping) else {}


def may_be_declared(draft: Draft, name: str, item: str) -> bool:
    """Whether only the run knows what the items are, so that `of:` may say it."""
    loop = _loop_of(draft, name, item) or {}
    return "batch_size" not in loop and ("partitions" in loop or isinstance(loop.get("items"), str))


def item_types(draft: Draft, name: str) -> dict[str, str]:
    """The types of the items that a step may refer to, and of their parts, by their names such as `item.uri`."""
    found: dict[str, str] = {}
    for item in draft.blocks.items_inside(name):
        found |= {f"{item}.{part}": type for part, type in parts_of_item(draft, name, item).items()}
        found[item] = _type_of_item(_loop_of(draft, name, item) or {})
    return found


def _type_of_item(loop: Mapping[Any, Any]) -> str:
    if "batch_size" in loop:
        return "list"
    items, said = loop.get("items"), loop.get("of")
    return one_type(items) if isinstance(items, list) else said if isinstance(said, str) else ANY


def _loop_of(draft: Draft, name: str, item: str) -> dict[Any, Any] | None:
    """The loop that calls its item so: the step itself, or one around it."""
    around = (draft.raw_steps.get(owner_of(block)) for block in draft.blocks.around(name))
    for raw in (draft.raw_steps[name], *around):
        if isinstance(raw, dict) and raw.get("kind") == "for_each" and raw.get("as", "item") == item:
            return raw
    return None


def _key_of_partition(draft: Draft, given: Data) -> Mapping[str, str]:
    """Of a step's output, the first of its dataset's partitions; of any other folder only the run knows its key."""
    path = given[2:-1].split(".") if isinstance(given, str) else []
    step = draft.raw_steps.get(path[1]) if path[:1] == ["steps"] and path[2:] == ["output"] else None
    output = step.get("output") if isinstance(step, dict) else None
    name = output[len("${datasets.") : -1] if isinstance(output, str) and output.startswith("${datasets.") else ""
    dataset = draft.spec.datasets.get(name)
    return dict.fromkeys(dataset.partitions[:1], "string") if dataset else {}

"""The committed provider schema, and walks over values that follow it.

Blocks have the shape of `terraform providers schema -json`: `attributes` (type, required, optional, computed,
sensitive, write_only) and `block_types` (nesting_mode, block, min_items, max_items).
"""

import functools
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.oracle.provider.protocol import message_class
from tests.oracle.provider.values import UNKNOWN

SCHEMA_FILE: Final = Path(__file__).with_name("schema.json.gz")
SOURCE_ADDRESS: Final = "registry.terraform.io/hashicorp/aws"

Block = dict[str, Any]
Value = dict[str, Any]

_Schema: Final = message_class("Schema")
_Block: Final = message_class("Schema.Block")
_Attribute: Final = message_class("Schema.Attribute")
_NestedBlock: Final = message_class("Schema.NestedBlock")
_FLAGS: Final = ("required", "optional", "computed", "sensitive", "write_only")


@functools.cache
def document() -> dict[str, Any]:
    """The whole committed document: `provider_version`, `wheel` and `schemas` (by `resource_schemas` and so on)."""
    loaded: dict[str, Any] = json.loads(gzip.decompress(SCHEMA_FILE.read_bytes()))
    return loaded


def provider_version() -> str:
    """The version of hashicorp/aws whose schema this is, e.g. 6.69.1."""
    return str(document()["provider_version"])


def blocks(part: str) -> dict[str, Block]:
    """Type name → block, for `resource_schemas`, `data_source_schemas` or `ephemeral_resource_schemas`."""
    return {name: schema["block"] for name, schema in document()["schemas"][part].items()}


def provider_block() -> Block:
    """What may stand in `provider "aws" {}`."""
    block: Block = document()["schemas"]["provider"]["block"]
    return block


def has_argument(block: Block, path: str) -> bool:
    """Whether a path such as `target.arn` leads to an attribute or a block."""
    first, _, rest = path.partition(".")
    if first in block.get("attributes", {}):
        return not rest
    inner = block.get("block_types", {}).get(first)
    return inner is not None and (not rest or has_argument(inner["block"], rest))


def to_message(block: Block) -> Any:
    """The protocol's form of a top-level block."""
    return _Schema(version=0, block=_block_message(block))


def _block_message(block: Block) -> Any:
    attributes = [
        _Attribute(
            name=name,
            type=json.dumps(attribute["type"]).encode(),
            **{flag: attribute.get(flag, False) for flag in _FLAGS},
        )
        for name, attribute in sorted(block.get("attributes", {}).items())
    ]
    nested = [
        _NestedBlock(
            type_name=name,
            block=_block_message(inner["block"]),
            nesting=_NestedBlock.NestingMode.Value(inner["nesting_mode"].upper()),
            min_items=inner.get("min_items", 0),
            max_items=inner.get("max_items", 0),
        )
        for name, inner in sorted(block.get("block_types", {}).items())
    ]
    return _Block(version=0, attributes=attributes, block_types=nested)


def map_nested_blocks(block: Block, value: Value, change: Callable[[Block, Value], Value]) -> Value:
    """The value with `change` applied to each nested block value; unknown and absent ones stay as they are."""
    changed = dict(value)
    for name, inner in block.get("block_types", {}).items():
        nested = value.get(name)
        if nested is None or nested is UNKNOWN:
            continue
        if inner["nesting_mode"] == "single":
            changed[name] = change(inner["block"], nested)
        elif inner["nesting_mode"] == "map":
            changed[name] = {key: change(inner["block"], part) for key, part in nested.items()}
        else:
            changed[name] = [part if part is UNKNOWN else change(inner["block"], part) for part in nested]
    return changed


def mark_computed_as_unknown(block: Block, value: Value) -> Value:
    """The planned value: what the configuration leaves to the provider is known after apply."""
    marked = dict(value)
    for name, attribute in block.get("attributes", {}).items():
        if attribute.get("computed") and marked.get(name) is None:
            marked[name] = UNKNOWN
    return map_nested_blocks(block, marked, mark_computed_as_unknown)


def drop_write_only(block: Block, value: Value) -> Value:
    """The value without what must never reach a plan or a state file."""
    kept = dict(value)
    for name, attribute in block.get("attributes", {}).items():
        if attribute.get("write_only"):
            kept[name] = None
    return map_nested_blocks(block, kept, drop_write_only)

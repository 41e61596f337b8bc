"""Turns the JavaScript of one resource back into the block that Terraform's schema has for it.

Lost on the way, because the package does not hold it: `sensitive`, conflicts between attributes, item limits above one.
"""

import re
from typing import Any, Final

from tests.oracle.provider.jsii_module import HclAttribute, JsModule, Member

Block = dict[str, Any]
Kind = Any  # "string", ["list", "string"], ["object", {...}]: cty's JSON form of a type

_GETTERS: Final[dict[str, Kind]] = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "Any": "dynamic",
    "List": ["list", "string"],
    "NumberList": ["list", "number"],
    "BooleanList": ["list", "bool"],
    "StringMap": ["map", "string"],
    "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"],
    "AnyMap": ["map", "dynamic"],
}
_WRAPPERS: Final[dict[str, Kind]] = {
    "StringMap": ["map", "string"],
    "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"],
    "AnyMap": ["map", "dynamic"],
    "StringListMap": ["map", ["list", "string"]],
    "StringMapList": ["list", ["map", "string"]],
    "NumberListList": ["list", ["list", "number"]],
    "StringListList": ["list", ["list", "string"]],
}
_STORAGE: Final[dict[str, Kind]] = {
    "string": "string",
    "number": "number",
    "boolean": "bool",
    "stringMap": ["map", "string"],
}
_NEW: Final = re.compile(r'new (?:\w+\.)?(\w+)\(this, "[^"]*"(?:, (true|false))?\)')
_GET: Final = re.compile(r"this\.get(\w+?)Attribute\(")
_CONVERTER: Final = re.compile(r"(\w+)ToHclTerraform")


def _attribute(kind: Kind, member: Member) -> dict[str, Any]:
    flags = {"required": member.required, "optional": member.optional, "computed": member.computed}
    return {"type": kind} | {flag: True for flag, is_set in flags.items() if is_set}


def _block(attributes: Block, blocks: Block) -> Block:
    parts = {"attributes": attributes, "block_types": blocks}
    return {name: part for name, part in parts.items() if part}


class SchemaReader:
    """Builds blocks from the classes of one module."""

    def __init__(self, module: JsModule) -> None:
        self._module = module

    def block(self, class_name: str) -> Block:
        """The block of a resource, data source, provider or nested object."""
        attributes: Block = {}
        blocks: Block = {}
        written = self._module.hcl_attributes(class_name)
        is_provider = self._module.classes[class_name].base == "TerraformProvider"
        for member in self._module.members(class_name):
            if is_provider and member.name == "alias":  # terraform's own, not in the provider's schema
                continue
            hcl = written.get(member.name)
            made = _NEW.search(member.code)
            if made and made.group(1) in self._module.classes:
                self._add_object(member, hcl, made.group(1), made.group(2) == "true", attributes, blocks)
            else:
                self._add_plain(member, hcl, attributes, blocks)
        return _block(attributes, blocks)

    def _add_object(
        self, member: Member, hcl: HclAttribute | None, made: str, is_set: bool, attributes: Block, blocks: Block
    ) -> None:
        """A member whose value is an object or a collection of objects: a block, or an attribute of object type."""
        base = self._module.classes[made].base
        nesting: str | None = None
        element = made
        if base in ("ComplexList", "ComplexMap"):
            element = self._module.element_class(made)
            nesting = "map" if base == "ComplexMap" else ("set" if is_set else "list")
        if hcl is None:
            object_type = ["object", self._object_type(element)]
            attributes[member.name] = _attribute([nesting, object_type] if nesting else object_type, member)
        elif hcl.is_assigned:
            attributes[member.name] = _attribute([nesting or hcl.kind, ["object", self._object_type(element)]], member)
        else:
            blocks[member.name] = self._nested_block(member, hcl, element, nesting)

    def _nested_block(self, member: Member, hcl: HclAttribute, element: str, nesting: str | None) -> Block:
        block: Block = {"block": self.block(element)}
        if nesting is not None:
            block["nesting_mode"] = nesting
        elif hcl.kind == "struct":
            block["nesting_mode"] = "single"
        else:
            block |= {"nesting_mode": hcl.kind, "max_items": 1}
        if member.required and block["nesting_mode"] not in ("single", "map"):
            block["min_items"] = 1
        return block

    def _add_plain(self, member: Member, hcl: HclAttribute | None, attributes: Block, blocks: Block) -> None:
        """A member of a scalar, list or map type; a provider-level block has no class and is found by its function."""
        kind = _plain_kind(member.code)
        if hcl and hcl.kind in ("set", "list") and isinstance(kind, list) and kind[0] in ("list", "set"):
            kind = [hcl.kind, kind[1]]
        if kind is None and hcl is not None:
            converter = _CONVERTER.search(hcl.conversion)
            if converter and converter.group(1) in self._module.functions:
                blocks[member.name] = self._function_nested(hcl, converter.group(1))
                return
            kind = _stored_kind(hcl)
        attributes[member.name] = _attribute("dynamic" if kind is None else kind, member)

    def _function_nested(self, hcl: HclAttribute, function: str) -> Block:
        nested: Block = {"nesting_mode": hcl.kind if hcl.kind in ("list", "set") else "list"}
        nested["block"] = self._function_block(function)
        if "Mapper" not in hcl.conversion:
            nested["max_items"] = 1
        return nested

    def _function_block(self, function: str) -> Block:
        """A block of which only the conversion function is known: everything in it counts as optional."""
        attributes: Block = {}
        blocks: Block = {}
        for name, hcl in self._module.functions[function].items():
            converter = _CONVERTER.search(hcl.conversion)
            if converter and converter.group(1) in self._module.functions:
                blocks[name] = self._function_nested(hcl, converter.group(1))
            else:
                attributes[name] = {"type": _stored_kind(hcl) or "dynamic", "optional": True}
        return _block(attributes, blocks)

    def _object_type(self, class_name: str) -> dict[str, Kind]:
        block = self.block(class_name)
        kinds: dict[str, Kind] = {name: part["type"] for name, part in block.get("attributes", {}).items()}
        for name, nested in block.get("block_types", {}).items():
            inner = ["object", {key: part["type"] for key, part in nested["block"].get("attributes", {}).items()}]
            kinds[name] = inner if nested["nesting_mode"] == "single" else [nested["nesting_mode"], inner]
        return kinds


def _stored_kind(hcl: HclAttribute) -> Kind | None:
    return [hcl.kind, "string"] if hcl.storage == "stringList" else _STORAGE.get(hcl.storage)


def _plain_kind(code: str) -> Kind | None:
    """The type that a member's code shows, or None if it does not."""
    made = _NEW.search(code)
    if made:
        kind = _WRAPPERS.get(made.group(1))
        return ["set", kind[1]] if kind and kind[0] == "list" and made.group(2) == "true" else kind
    got = _GET.search(code)
    if got is None:
        return "dynamic" if "interpolationForAttribute" in code else None
    kind = _GETTERS.get(got.group(1))
    return ["set", kind[1]] if isinstance(kind, list) and kind[0] == "list" and "Fn.tolist(" in code else kind

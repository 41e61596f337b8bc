"""Reads the generated JavaScript of one resource in the package cdktn-provider-aws.

The package is generated from `terraform providers schema -json` of the real provider, so the schema can be had back
from it. It is machine-written, one form throughout; regular expressions suffice and no JavaScript parser is needed.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_CLASS: Final = re.compile(r"^class (\w+) extends \w+\.(\w+) \{$", re.MULTILINE)
_FLAGS: Final = re.compile(
    r"^ {4,8}// (\S+) - computed: (true|false), optional: (true|false), required: (true|false)$", re.MULTILINE
)
_FUNCTION: Final = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{$", re.MULTILINE)
_HCL_ATTRIBUTE: Final = re.compile(
    r'^ +"?([A-Za-z0-9_]+)"?: \{\n +value: (.*),\n +isBlock: (?:true|false),\n'
    r' +type: "(\w+)",\n +storageClassType: "(\w+)",$',
    re.MULTILINE,
)
_TYPE_NAME: Final = re.compile(r'tfResourceType = "(\w+)"')
_ELEMENT: Final = re.compile(r"return new (\w+)\(this")


class JsClass(NamedTuple):
    """A class: what it extends (`TerraformResource`, `ComplexObject`, `ComplexList`, …) and its text."""

    base: str
    body: str


class HclAttribute(NamedTuple):
    """How a member is written out: the conversion call, `kind` (struct, list, set, string, …) and the storage class."""

    conversion: str
    kind: str
    storage: str

    @property
    def is_assigned(self) -> bool:
        """Whether it is an attribute of object type (`x = {…}`) and no block (`x {…}`)."""
        return "Mapper" in self.conversion and re.search(r", false\)\(", self.conversion) is not None


class Member(NamedTuple):
    """An attribute or block of a class, with the code that defines it."""

    name: str
    computed: bool
    optional: bool
    required: bool
    code: str


class JsModule:
    """One `index.js` of the package, split into classes and conversion functions."""

    def __init__(self, text: str) -> None:
        text = text[: text.find("//# sourceMappingURL")]
        self.classes = {
            found.group(1): JsClass(found.group(2), text[found.end() : text.find("\n}\n", found.end())])
            for found in _CLASS.finditer(text)
        }
        self.functions = {
            found.group(1): _hcl_attributes(text[found.end() : text.find("\n}\n", found.end())])
            for found in _FUNCTION.finditer(text)
        }

    def terraform_classes(self) -> Iterator[tuple[str, str, str]]:
        """(class name, base, Terraform type name) of the resource, data source or provider in this module."""
        for name, (base, body) in self.classes.items():
            type_name = _TYPE_NAME.search(body)
            if base in ("TerraformResource", "TerraformDataSource", "TerraformProvider") and type_name:
                yield name, base, type_name.group(1)

    def hcl_attributes(self, class_name: str) -> dict[str, HclAttribute]:
        """Member name → how it is written out, for what a configuration may set."""
        base, body = self.classes[class_name]
        if base.startswith("Terraform"):
            return _hcl_attributes(body[body.find("synthesizeHclAttributes") :])
        struct = class_name.removesuffix("OutputReference")
        return self.functions.get(struct[0].lower() + struct[1:], {})

    def members(self, class_name: str) -> list[Member]:
        """The members of a class in the order of the code."""
        body = self.classes[class_name].body
        comments = list(_FLAGS.finditer(body))
        starts = [comment.start() for comment in comments] + [len(body)]
        members: dict[str, Member] = {}
        for comment, end in zip(comments, starts[1:], strict=True):
            name, computed, optional, required = comment.groups()
            code = body[comment.end() : end].split("// =========")[0]
            before = members[name].code if name in members else ""
            members[name] = Member(name, computed == "true", optional == "true", required == "true", before + code)
        return list(members.values())

    def element_class(self, list_class: str) -> str:
        """The class of a list's elements. Raises: LookupError if the list class does not say."""
        found = _ELEMENT.search(self.classes[list_class].body)
        if found is None:
            raise LookupError(f"{list_class} does not name the class of its elements")
        return found.group(1)


def type_name_in(text: str) -> str | None:
    """The Terraform type that a module is about."""
    found = _TYPE_NAME.search(text)
    return found.group(1) if found else None


def _hcl_attributes(body: str) -> dict[str, HclAttribute]:
    return {name: HclAttribute(*columns) for name, *columns in _HCL_ATTRIBUTE.findall(body)}

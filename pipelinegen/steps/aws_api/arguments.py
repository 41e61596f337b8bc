"""A call's arguments held against what the API takes, and paths into what it gives."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pipelinegen.aws.models import AwsService, Shape
from pipelinegen.errors import Diagnostic, suggest
from pipelinegen.ir.expressions import quote
from pipelinegen.ir.model import Json, Jsonata
from pipelinegen.steps.base import REFERENCE, Scope
from pipelinegen.steps.declared import TYPE_NOUNS

Path = tuple[str | int, ...]

_NOUNS: Final = {
    "structure": "a mapping",
    "list": "a list",
    "map": "a mapping",
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "moment": "a date and time as text",
    "bytes": "text",
    "any": "any value",
}
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "structure": (dict,),
    "list": (list,),
    "map": (dict,),
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "moment": (str,),
    "bytes": (str,),
}
#: The type of a reference that fits; no reference that is known is a mapping.
_REFERENCES: Final[Mapping[str, str]] = {
    "boolean": "boolean",
    "integer": "number",
    "list": "list",
    "map": "",
    "number": "number",
    "structure": "",
}
_PART: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)((?:\[[0-9]{1,4}\])*)")
_PLAIN: Final = re.compile(r"(?!(?:and|or|in)$)[A-Za-z_][A-Za-z0-9_]*")


class ArgumentChecker:
    """Turns the arguments of one call into what a state sends; collects what is wrong with them."""

    def __init__(self, scope: Scope, service: AwsService) -> None:
        self._scope = scope
        self._service = service
        self.faults: list[Diagnostic] = []

    def checked(self, shape: Shape, value: Any, path: Path) -> Json:
        """The value with references as expressions. Raises: SpecError with PG017 for what has no value."""
        if isinstance(value, str) and REFERENCE.search(value):
            return self._reference(shape, value, path)
        fitting = _TYPES.get(shape.kind)
        if fitting and (not isinstance(value, fitting) or isinstance(value, bool) != (shape.kind == "boolean")):
            self._fault(f"'{path[-1]}' wants {_NOUNS[shape.kind]}", f"write {_NOUNS[shape.kind]} here", path)
            return None
        self._check_limits(shape, value, path)
        if shape.kind == "structure":
            return self._structure(shape, value, path)
        if isinstance(value, list):
            inside = self._service.shape(shape.inside) if shape.inside else Shape("any")
            return [self.checked(inside, item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, dict):
            inside = self._service.shape(shape.inside) if shape.inside else Shape("any")
            return {key: self.checked(inside, item, (*path, key)) for key, item in value.items()}
        return self._scope.text(value, *path) if isinstance(value, str) else value

    def _reference(self, shape: Shape, value: str, path: Path) -> Json:
        """Text of which a reference is a part is text; one that is the whole keeps its type where that may be."""
        whole = REFERENCE.fullmatch(value)
        if shape.kind in ("text", "moment", "bytes") or (shape.kind == "any" and not whole):
            return self._scope.text(value, *path)
        noun = _NOUNS[shape.kind]
        if whole:
            self._check_type(shape, value, whole.group(1), path)
            return self._scope.value(whole.group(1), *path)
        self._fault(f"'{path[-1]}' wants {noun}, and this is text", "give one reference and nothing around it", path)
        return None

    def _check_type(self, shape: Shape, value: str, name: str, path: Path) -> None:
        """A fault where a reference stands for something else than the API wants, or nobody knows for what."""
        wanted = _REFERENCES.get(shape.kind)
        found = self._scope.value_type(name, *path)
        if wanted is None or (found == wanted and not self._is_fraction(shape, name)):
            return
        if found is None and wanted:
            self.faults.extend(
                self._scope.undeclared(name, "whole" if shape.kind == "integer" else wanted, *path).diagnostics
            )
            return
        other = "any number" if found == wanted else TYPE_NOUNS[found] if found else "something that only the run knows"
        fact = f"'{path[-1]}' wants {_NOUNS[shape.kind]}, and '{value}' is {other}"
        self._fault(fact, "refer to such a value, or write one here", path)

    def _is_fraction(self, shape: Shape, name: str) -> bool:
        """Whether a whole number is wanted, and one with a fraction may come."""
        return shape.kind == "integer" and self._scope.declared_type(name) == "double"

    def _structure(self, shape: Shape, value: Mapping[str, Any], path: Path) -> Json:
        members = shape.members or {}
        for name in value:
            if name not in members:
                help = suggest(name, members, "it takes")
                span = self._scope.spans.at(*path, name).label
                self.faults.append(Diagnostic(span, "PG121", f"the API takes no '{name}' here", help))
        for name in shape.required:
            # One in another spelling is told about above.
            if name not in value and f"{name[:1].lower()}{name[1:]}" not in value:
                self._fault(f"'{path[-1]}' lacks '{name}', which the API demands", f"add `{name}:`", path, label=True)
        return {
            name: self.checked(self._service.shape(members[name]), item, (*path, name))
            for name, item in value.items()
            if name in members
        }

    def _check_limits(self, shape: Shape, value: Any, path: Path) -> None:
        name = path[-1]
        if shape.choices and value not in shape.choices:
            self._fault(f"'{name}' may not be '{value[:40]}'", suggest(value, shape.choices, "choose from"), path)
            return
        size = len(value) if isinstance(value, str | list) else value
        if isinstance(size, int | float) and not isinstance(size, bool):
            unit = {"text": " characters", "list": " entries"}.get(shape.kind, "")
            if shape.least is not None and size < shape.least:
                self._fault(f"'{name}' has a least of {shape.least:g}{unit}", "give a value within the limit", path)
            if shape.most is not None and size > shape.most:
                self._fault(f"'{name}' has a most of {shape.most:g}{unit}", "give a value within the limit", path)
        if shape.pattern and isinstance(value, str) and not _matches(shape.pattern, value):
            help = f"the API wants {shape.pattern[:100]}"
            self._fault(f"'{name}' may not be '{value[:40]}'", help, path)

    def _fault(self, message: str, help: str, path: Path, *, label: bool = False) -> None:
        tree = self._scope.spans.at(*path)
        self.faults.append(Diagnostic(tree.label if label else tree.value, "PG121", message, help))


@dataclass(frozen=True, slots=True)
class Found:
    """A place in an answer: its shape, and the expression of its value below `root`."""

    shape: Shape
    expression: Jsonata


def find_result(service: AwsService, shape: Shape, path: str, root: str) -> Found:
    """What a path such as `Tasks[0].TaskArn` leads to. Raises: LookupError with what is there, for the reader."""
    expression = root
    for word in path.split("."):
        found = _PART.fullmatch(word)
        if found is None:
            raise LookupError(word, ())
        name, indices = found.groups()
        shape = _member(service, shape, name)
        expression += f".{name}" if _PLAIN.fullmatch(name) else f".`{name}`"
        for index in re.findall(r"[0-9]+", indices):
            if shape.kind not in ("list", "any"):
                raise LookupError(word, ())
            shape = service.shape(shape.inside) if shape.inside else Shape("any")
            expression += f"[{index}]"
    return Found(shape, Jsonata(expression))


def _member(service: AwsService, shape: Shape, name: str) -> Shape:
    if shape.kind == "structure":
        members = shape.members or {}
        if name not in members:
            raise LookupError(name, tuple(members))
        return service.shape(members[name])
    if shape.kind == "map":
        return service.shape(shape.inside)
    if shape.kind == "any":
        return shape
    raise LookupError(name, ())


def literals(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text without a reference inside some arguments, with the names that lead to it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from literals(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from literals(item, (*path, index))
    elif isinstance(value, str) and not REFERENCE.search(value):
        yield path, value


def one_of(values: Sequence[str | int | float | bool], expression: Jsonata) -> Jsonata:
    """Whether an expression has one of some values."""
    listed = ", ".join(quote(value) if isinstance(value, str) else str(value).lower() for value in values)
    return Jsonata(f"{expression.text} in [{listed}]")


def _matches(pattern: str, text: str) -> bool:
    """Patterns are Java's, and AWS looks for them anywhere; those that Python cannot read are let pass."""
    try:
        return re.search(pattern, text[:2048]) is not None
    except (re.error, OverflowError):
        return True

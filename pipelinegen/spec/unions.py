"""Faults of values that may be of several types: pydantic tells one for each type, readers want to hear of one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from pipelinegen.source import Data

BOOLEAN = "true or false"
#: What a value should have been, by pydantic's name of the fault.
TYPE_NAMES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": BOOLEAN,
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
#: The fault of a value that is of none of several types; its context names them as `wanted`.
UNION = "union_type"


def without_unions(errors: Iterable[ErrorDetails], data: Data) -> Iterator[ErrorDetails]:
    """The errors, at most those of one type for each value that may have several; no place names a type any more."""
    groups: dict[tuple[Any, ...], dict[Any, list[ErrorDetails]]] = {}
    for error in errors:
        cut = _first_type(error, data)
        if cut is None:
            yield error
            continue
        place, tag = error["loc"][:cut], error["loc"][cut]
        rest: Any = {**error, "loc": (*place, *error["loc"][cut + 1 :])}
        groups.setdefault(place, {}).setdefault(tag, []).append(rest)
    for place, types in groups.items():
        fitting = [found for found in types.values() if any(_is_fitting(item, place) for item in found)]
        if fitting:
            fewest = sorted(fitting, key=len)[0]
            yield from without_unions(fewest, data)
        else:
            yield _of_none(place, [found[0] for found in types.values()])


def listed(words: Iterable[str]) -> str:
    """Types as a sentence has them, each once; a whole number is a number."""
    found = list(dict.fromkeys(words))
    if "a number" in found and "a whole number" in found:
        found.remove("a whole number")
    if BOOLEAN in found:
        return ", ".join([*(word for word in found if word != BOOLEAN), BOOLEAN])
    return " or ".join(filter(None, (", ".join(found[:-1]), found[-1])))


def _first_type(error: ErrorDetails, data: Data) -> int | None:
    """Where in an error's place the name of a type stands, which is no key of the data; None if nowhere."""
    value: Any = data
    for position, part in enumerate(error["loc"]):
        is_last = position == len(error["loc"]) - 1
        if (isinstance(value, Mapping) and part in value) or _is_item(value, part):
            value = value[part]
        elif part == "[key]" or (is_last and error["type"] == "missing"):
            return None
        else:
            return position
    return None


def _is_item(value: Any, part: int | str) -> bool:
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _is_fitting(error: ErrorDetails, place: tuple[Any, ...]) -> bool:
    """Whether the value is of the type that the error is about, and something else is wrong."""
    return len(error["loc"]) > len(place) or error["type"] not in TYPE_NAMES


def _of_none(place: tuple[Any, ...], errors: list[ErrorDetails]) -> ErrorDetails:
    wanted = listed(TYPE_NAMES[error["type"]] for error in errors)
    return {"type": UNION, "loc": place, "msg": "", "input": errors[0]["input"], "ctx": {"wanted": wanted}}

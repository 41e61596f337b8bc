"""Types that a spec declares of values which only the run knows: results of programs, items of loops, parameters."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from pipelinegen.ir.expressions import expression, quote
from pipelinegen.ir.model import DeclaredType, Jsonata, Value
from pipelinegen.spec.fields import MOMENT, Identifier
from pipelinegen.spec.pipeline import TYPE_WORDS

#: Whatever it is; no step takes it where a text, a number, a list or true and false is wanted.
ANY: Final = "any"
TypeName = Literal["string", "int", "double", "boolean", "list", "timestamp", "any"]
#: Keys of a result, with or without their types.
ResultKeys = list[Identifier] | dict[Identifier, TypeName]
#: What each item of a loop is, or what its parts are.
ItemTypes = (
    TypeName
    | Annotated[dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], TypeName], Field(min_length=1)]
)
#: The same of any list's items, where it is known.
HeldTypes = str | Mapping[str, str]

#: What JSONata calls the types of the language.
VALUE_TYPES: Final[Mapping[str, str]] = {
    "string": "text",
    "int": "number",
    "double": "number",
    "boolean": "boolean",
    "list": "list",
    "timestamp": "text",
}
#: The same in a sentence: it is …
TYPE_NOUNS: Final[Mapping[str, str]] = {
    "boolean": "true or false",
    "list": "a list",
    "moment": "a moment",
    "number": "a number",
    "whole": "a whole number",
    "text": "text",
}
#: How a value of such a type is declared.
DECLARED_AS: Final[Mapping[str, str]] = {
    "boolean": "boolean",
    "list": "list",
    "moment": "timestamp",
    "number": "double",
    "text": "string",
    "whole": "int",
}
#: Types whose values are also of another.
_WIDER: Final = (("double", "int"), ("string", "timestamp"))
#: Characters of a value that are told.
_SHOWN: Final = 60
#: When a value is not of a type.
_MISFITS: Final = {
    "boolean": "$type({0}) != 'boolean'",
    "double": "$type({0}) != 'number'",
    "int": "($type({0}) = 'number' ? {0} != $floor({0}) : true)",
    "list": "$type({0}) != 'array'",
    "string": "$type({0}) != 'string'",
}


def result_types(keys: ResultKeys) -> dict[str, str]:
    """Each key and its type."""
    return dict(keys) if isinstance(keys, dict) else dict.fromkeys(keys, ANY)


def declared_value(text: Jsonata, type: str, holds: HeldTypes | None = None) -> Value:
    """A value of a declared type."""
    return Value(text, VALUE_TYPES.get(type), None if type == ANY else type, holds)


def held_types(items: Sequence[Any]) -> HeldTypes:
    """What items that are written out are, or the parts that all of them have, each with its type."""
    if not items or not all(isinstance(item, Mapping) for item in items):
        return one_type(items)
    common = set.intersection(*(set(item) for item in items))
    return {part: one_type([item[part] for item in items]) for part in sorted(common)}


def one_type(values: Iterable[Any]) -> str:
    """What all of some values are; any if they differ or are mappings."""
    found = {_type(value) for value in values}
    for wide, narrow in _WIDER:
        if found == {wide, narrow}:
            return wide
    return found.pop() if len(found) == 1 else ANY


def is_fitting(wanted: HeldTypes, found: HeldTypes) -> bool:
    """Whether items may be what is declared of them, as far as they are known."""
    if ANY in (wanted, found):
        return True
    if isinstance(wanted, str) or isinstance(found, str):
        return wanted == found or (wanted, found) in _WIDER
    return all(part in found and is_fitting(type, found[part]) for part, type in wanted.items())


def _type(value: Any) -> str:
    if isinstance(value, str):
        return "timestamp" if re.fullmatch(MOMENT, value) else "string"
    return {bool: "boolean", int: "int", float: "double"}.get(type(value), ANY)


def misfit(value: str, type: DeclaredType) -> str:
    """An expression that is true when a value is not of a type; what would fail is not evaluated."""
    if type.within:
        is_below = f"$substring({value}, 0, {len(type.within)}) = {quote(type.within)}"
        return f"($type({value}) = 'string' ? $not({is_below} and $not('..' in $split({value}, '/'))) : true)"
    return lacks(value, MOMENT) if type.name == "timestamp" else _MISFITS[type.name].format(value)


def lacks(value: str, pattern: str) -> str:
    """An expression that is true when a value is no text of a pattern."""
    return f"($type({value}) = 'string' ? $not($contains({value}, /^{pattern}$/)) : true)"


def found_instead(what: str, wanted: str, value: str) -> str:
    """An expression that tells what is wrong with a value."""
    return f"{quote(f'{what} wants {wanted}, found ')} & $substring($string({value}), 0, {_SHOWN})"


def with_parts(value: str, what: str, types: Mapping[str, str]) -> str:
    """An expression that gives an object with parts of these types, and ends the state if it lacks one or has another.

    `what` says whose parts they are, such as "the function's result".
    """
    keys = "($type($given) = 'object' ? $keys($given) : [])"
    lacking = f"{expression(list(types))}[$not($ in {keys})]"
    why = f"$error({quote(f'{what} lacks ')} & $join($lacking, ', '))"
    return f"($given := {value}; $lacking := {lacking}; $count($lacking) = 0 ? {_of_types(what, types)} : {why})"


def _of_types(what: str, types: Mapping[str, str]) -> str:
    told = [
        f"{misfit(f'$given.{part}', DeclaredType(type, TYPE_WORDS[type]))}"
        f" ? {found_instead(f'{part} in {what}', TYPE_WORDS[type], f'$given.{part}')} : ''"
        for part, type in types.items()
        if type != ANY
    ]
    if not told:
        return "$given"
    return f"($wrong := [{', '.join(told)}]; $join($wrong) = '' ? $given : $error($join($wrong[$ != ''], '; ')))"


def one_checked(value: str, what: str, type: str) -> str:
    """An expression that gives a value of a type, and ends the state if it is not."""
    if type == ANY:
        return value
    words = TYPE_WORDS[type]
    return f"({misfit(value, DeclaredType(type, words))} ? $error({found_instead(what, words, value)}) : {value})"

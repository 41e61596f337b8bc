"""JSONata expressions of a state machine: they parse, and they call functions that exist there."""

import itertools
import re
from collections.abc import Iterator
from typing import Any, Final

import jsonata

from pipelinegen.asl_lint.structure import sub_machines

_WHOLE: Final = re.compile(r"\{%(.*)%\}", re.DOTALL)
#: What Step Functions adds to JSONata, which itself has no names for them (developer guide, "JSONata functions").
_ADDED_FUNCTIONS: Final = {"partition", "range", "hash", "random", "uuid", "parse"}
#: JSONata 2.0's own, without `$eval`, which Step Functions does not support.
_OWN_FUNCTIONS: Final = """
    abs append assert average base64decode base64encode boolean ceil clone contains count decodeUrl
    decodeUrlComponent distinct each encodeUrl encodeUrlComponent error exists filter floor formatBase
    formatInteger formatNumber fromMillis join keys length lookup lowercase map match max merge millis min not now
    number pad parseInteger power reduce replace reverse round shuffle sift single sort split spread sqrt string
    substring substringAfter substringBefore sum toMillis trim type uppercase zip
"""
#: `$states` and the context variables of JSONata itself (`$`, `$$`).
_RESERVED: Final = {"states", "", "$"}
#: Names that need no assignment.
PROVIDED: Final = _RESERVED | _ADDED_FUNCTIONS | set(_OWN_FUNCTIONS.split())


def is_expression(text: object) -> bool:
    """Whether a value is meant as a JSONata expression."""
    return isinstance(text, str) and text.strip().startswith("{%")


def expressions(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """(place, text) of every string that holds a JSONata delimiter, nested machines left out."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key not in ("Branches", "ItemProcessor"):
                yield from expressions(part, f"{place}.{key}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from expressions(part, f"{place}[{index}]")
    elif isinstance(value, str) and ("{%" in value or "%}" in value):
        yield place, value


def parse(text: str) -> Any:
    """The syntax tree of `{% … %}`. Raises: ValueError with what is wrong."""
    whole = _WHOLE.fullmatch(text.strip())
    if whole is None:
        raise ValueError("the whole string must be one {% … %}")
    try:
        return jsonata.Jsonata(whole.group(1)).ast
    except Exception as error:  # the parser raises its own kinds and, on some input, IndexError
        raise ValueError(f"not JSONata: {error}") from error


def _symbols(node: Any, seen: set[int]) -> Iterator[Any]:
    """Every node of a syntax tree once; the parser's nodes hold their children in plain attributes."""
    if id(node) in seen:
        return
    if isinstance(node, list | tuple):
        for part in node:
            yield from _symbols(part, seen)
    elif hasattr(node, "type") and hasattr(node, "__dict__"):
        seen.add(id(node))
        yield node
        for name, part in vars(node).items():
            if not name.startswith("_") and name != "outer_instance":
                yield from _symbols(part, seen)


def free_variables(text: str) -> set[str]:
    """The names that an expression takes from outside, functions among them. Raises: ValueError as `parse`."""
    used: set[str] = set()
    bound: set[str] = set()
    for symbol in _symbols(parse(text), set()):
        if symbol.type == "variable":
            used.add(str(symbol.value))
        elif symbol.type == "bind":
            bound.add(str(symbol.lhs.value))
        elif symbol.type == "lambda":
            bound.update(str(argument.value) for argument in symbol.arguments or [])
    return used - bound - PROVIDED


def paths(text: str) -> Iterator[tuple[str, ...]]:
    """The names along every path that begins with a variable, such as (states, input, day). Raises: ValueError."""
    for symbol in _symbols(parse(text), set()):
        steps = getattr(symbol, "steps", None) if symbol.type == "path" else None
        if steps and steps[0].type == "variable":
            names = itertools.takewhile(lambda step: step.type == "name", steps[1:])
            yield (str(steps[0].value), *(str(step.value) for step in names))


def _machine_expressions(machine: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, state in machine.get("States", {}).items():
        yield from expressions(state, name)
        for inner in sub_machines(state):
            yield from _machine_expressions(inner)


def expression_faults(machine: dict[str, Any]) -> list[str]:
    """Every expression that does not parse."""
    found = []
    for place, text in _machine_expressions(machine):
        try:
            parse(text)
        except ValueError as error:
            found.append(f"{place}: {error}: {text}")
    return found

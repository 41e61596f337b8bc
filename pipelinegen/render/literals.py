"""Literal filters: a value as JSON, Python or HCL source, whatever text is inside it."""

import json
import keyword
import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from pipelinegen.ir.model import Json, Jsonata

_WIDTH = 100
#: Escapes of JSON that HCL does not have, behind the backslashes that escape each other.
_UNKNOWN_TO_HCL = re.compile(r"(?<!\\)((?:\\\\)*\\)([bf])")


def plain_json(value: Json) -> Any:
    """The value with JSONata expressions as ASL strings; `%{` is escaped because `templatefile` reads the result."""
    if isinstance(value, Jsonata):
        return "{% " + value.text.replace("%{", "%%{") + " %}"
    if isinstance(value, Mapping):
        return {key: plain_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(item) for item in value]
    return value


def json_literal(value: Json) -> str:
    """The value as JSON, laid out as our files are."""
    return laid_out(plain_json(value))


def laid_out(value: Any) -> str:
    """Plain data as JSON, two spaces deep, keys in their given order; pydantic writes it in a tenth of json's time."""
    return to_json(value, indent=2).decode()


def hcl_literal(value: Any) -> str:
    """The value as an HCL expression; text is quoted so that nothing in it is interpolated."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
        return _UNKNOWN_TO_HCL.sub(lambda found: f"{found[1]}{'u0008' if found[2] == 'b' else 'u000c'}", text)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{hcl_literal(str(key))} = {hcl_literal(item)}" for key, item in value.items()) + " }"
    return "[" + ", ".join(hcl_literal(item) for item in value) + "]"


def python_literal(value: Any, depth: int = 0) -> str:
    """The value as a Python expression, laid out as ruff formats it."""
    if isinstance(value, str):
        return _python_text(value, depth)
    if not isinstance(value, (Mapping, list, tuple)):
        return repr(value)
    flat = _flat(value)
    if len(flat) + depth * 4 <= 60 and "\n" not in flat:
        return flat
    pad, end = "    " * (depth + 1), "    " * depth
    if isinstance(value, Mapping):
        items = [f"{pad}{_quote(str(key))}: {python_literal(item, depth + 1)},\n" for key, item in value.items()]
        return "{\n" + "".join(items) + end + "}"
    return "[\n" + "".join(f"{pad}{python_literal(item, depth + 1)},\n" for item in value) + end + "]"


def python_name(value: str) -> str:
    """The value itself. Raises: ValueError if it is no Python identifier."""
    if not value.isidentifier() or keyword.iskeyword(value):
        raise ValueError(f"'{value}' is no Python name")
    return value


def _flat(value: Any) -> str:
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quote(str(key))}: {_flat(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flat(item) for item in value) + "]"
    return repr(value)


def _quote(text: str) -> str:
    """The text between double quotes unless it holds some; with a leading quote, `repr` chooses those by itself."""
    return repr(text) if '"' in text else f'"{repr(f"{chr(39)}{text}")[2:]}'


def _python_text(text: str, depth: int) -> str:
    if "\n" not in text and len(text) + depth * 4 < _WIDTH:
        return _quote(text)
    pad, end = "    " * (depth + 1), "    " * depth
    lines = text.splitlines(keepends=True) if "\n" in text else _chunks(text)
    return "(\n" + "".join(f"{pad}{_quote(line)}\n" for line in lines) + end + ")"


def _chunks(text: str) -> list[str]:
    words, lines = text.split(" "), [""]
    for index, word in enumerate(words):
        piece = word if index == len(words) - 1 else f"{word} "
        if lines[-1] and len(lines[-1]) + len(piece) > 80:
            lines.append("")
        lines[-1] += piece
    return lines

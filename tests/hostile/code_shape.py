"""The shape of generated code: all of it but the texts in it. Hostile text leaves the shape as harmless text does."""

import ast
import json
import re
from functools import cache
from typing import Any

from jsonata import Jsonata

Shape = Any

#: Terraform's templates inside text; `$${` and `%%{` are its escapes.
_INTERPOLATION = re.compile(r"\$\$\{|%%\{|([$%]\{[^}\n]{0,40}\}?)")
_HCL_TOKEN = re.compile(
    r"(?P<comment>(#|//)[^\n]*)|(?P<heredoc><<-?(?P<tag>\w+)\n.*?\n\s*(?P=tag)\b)"
    r'|(?P<string>"(?:\\.|\$\$\{|%%\{|[$%]\{[^}"]*("[^"]*"[^}"]*)*\}|[^"\\\n])*")|(?P<other>[^\s"#]+)|(?P<end>\n)',
    re.DOTALL,
)


def shape_of(path: str, text: str) -> Shape:
    """The shape of a file, None for files that are only read by people."""
    if path.endswith(".json"):
        return _json_shape(json.loads(text), is_asl=not path.endswith("deployment.json"))
    if path.endswith((".tf", ".hcl")):
        return _hcl_shape(text)
    if path.endswith(".py"):
        return _python_shape(text)
    if path.endswith("Dockerfile"):
        return [line.split(" ")[0] for line in text.splitlines()]
    return None


def _json_shape(value: Any, *, is_asl: bool) -> Shape:
    if isinstance(value, dict):
        return {key: _json_shape(item, is_asl=is_asl) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_shape(item, is_asl=is_asl) for item in value]
    if not isinstance(value, str):
        return value
    if is_asl and value.startswith("{%") and value.endswith("%}"):
        # Text that holds `{%` or `${` is written as an expression that is nothing but a literal.
        shape = _jsonata_shape(value[2:-2])
        return ("text",) if shape == _jsonata_shape('"text"') else ("jsonata", *shape)
    return ("text", *_interpolations(value))


@cache
def _jsonata_shape(code: str) -> tuple[Shape, ...]:
    unfilled = re.sub(r"(?<!\$)\$\{(\w+)\}", r"FILLED", code).replace("$${", "${").replace("%%{", "%{")
    return (_node_shape(Jsonata(unfilled).ast), *_interpolations(code))


def _node_shape(node: Any) -> Shape:
    """The types of the syntax tree's nodes; what a string holds does not count."""
    if isinstance(node, list | tuple):
        return tuple(_node_shape(item) for item in node)
    if not hasattr(node, "type"):
        return None
    inside = (
        "lhs",
        "rhs",
        "expression",
        "condition",
        "then",
        "_else",
        "steps",
        "expressions",
        "arguments",
        "procedure",
    )
    value = node.value if node.type not in ("string", "number") else None
    parts = tuple(_node_shape(getattr(node, name, None)) for name in (*inside, "lhs_object", "predicate", "stages"))
    return (node.type, value if isinstance(value, str | bool) else None, parts)


def _hcl_shape(text: str) -> Shape:
    found: list[Shape] = []
    position = 0
    for token in _HCL_TOKEN.finditer(text):
        between = text[position : token.start()]
        assert not between.strip(), f"no HCL: {between!r}"
        position = token.end()
        match token.lastgroup:
            case "string":
                found.append(("text", *_interpolations(token[0])))
            case "heredoc":
                found.append(("heredoc", *_interpolations(token[0])))
            case "other":
                found.append(token[0])
            case _:
                pass
    return found


def _interpolations(text: str) -> tuple[str, ...]:
    return tuple(found[1] for found in _INTERPOLATION.finditer(text) if found[1])


def _python_shape(text: str) -> Shape:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = "text"
    return ast.dump(tree)

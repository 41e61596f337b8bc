"""Imports point one way, modules and functions stay small, and the runtime knows nothing of the compiler."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compiling import ROOT

LONGEST_MODULE, LONGEST_FUNCTION = 400, 40
MODULES = sorted(path for package in ("pipelinegen", "runtime") for path in (ROOT / package).rglob("*.py"))
COMPILER = [path for path in MODULES if path.is_relative_to(ROOT / "pipelinegen")]

#: Rooms from the bottom up; one may import those below it, and itself. A room is the longest prefix that matches.
LEVELS = (
    (
        "pipelinegen",
        "pipelinegen.catalogue",
        "pipelinegen.assets",
        "pipelinegen.code_folders",
        "pipelinegen.aws",
        "pipelinegen.bundles",
    ),
    ("pipelinegen.errors",),
    ("pipelinegen.yaml_faults",),
    ("pipelinegen.source", "pipelinegen.formats", "pipelinegen.starters", "pipelinegen.sql", "pipelinegen.asl_lint"),
    ("pipelinegen.layers",),
    ("pipelinegen.spec", "pipelinegen.ir"),
    ("pipelinegen.steps",),
    ("pipelinegen.render", "pipelinegen.resolve"),
    ("pipelinegen.emit",),
    ("pipelinegen.write",),
    ("pipelinegen.replacement",),
    ("pipelinegen.compiler", "pipelinegen.generate"),
    ("pipelinegen.tree",),
    ("pipelinegen.package",),
    ("pipelinegen.deploy",),
    ("pipelinegen.commands", "pipelinegen.reference"),
    ("pipelinegen.local",),
    ("pipelinegen.cli",),
    ("pipelinegen.__main__",),
)
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}

#: What the compiler may need beside the standard library.
LIGHT = {"jinja2", "jsonata", "pydantic", "pydantic_core", "sqlglot", "typing_extensions", "yaml", "pipelinegen"}


def name_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def room_of(module: str) -> str:
    found = max((room for room in LEVEL if module == room or module.startswith(f"{room}.")), key=len)
    return "pipelinegen" if found == "pipelinegen" and module == "pipelinegen" else found


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports at run time, wherever in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    only_typing = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in only_typing:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # Only there: Python reads `lambda` in an absolute import as its keyword.
            if node.level and path.parent.name == "lambda":
                yield f"pipelinegen.steps.lambda.{node.module}"
                continue
            assert node.level == 0, f"{path.name}: imports are absolute"
            is_package = (ROOT / Path(*node.module.split("."))).is_dir()
            yield from (f"{node.module}.{alias.name}" if is_package else node.module for alias in node.names)


@pytest.mark.parametrize("path", COMPILER, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    own = room_of(name_of(path))
    for module in imports(path):
        if module.split(".")[0] == "pipelinegen" and room_of(module) != own:
            assert LEVEL[room_of(module)] < LEVEL[own], f"{name_of(path)} imports {module}"


@pytest.mark.parametrize(
    "path", [path for path in COMPILER if not {"local", "asl_lint"} & set(path.parts)], ids=name_of
)
def test_the_compiler_imports_nothing_heavy(path: Path) -> None:
    import sys

    for module in imports(path):
        assert module.split(".")[0] in LIGHT | set(sys.stdlib_module_names), f"{name_of(path)} imports {module}"


@pytest.mark.parametrize("path", [path for path in MODULES if path.is_relative_to(ROOT / "runtime")], ids=name_of)
def test_the_runtime_knows_nothing_of_the_compiler(path: Path) -> None:
    assert [module for module in imports(path) if module.split(".")[0] == "pipelinegen"] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_and_functions_are_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno:
            length = node.end_lineno - node.lineno + 1
            assert length <= LONGEST_FUNCTION or _has_reason(text, node), f"{name_of(path)}.{node.name}: {length} lines"


def _has_reason(text: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A rule may be broken with a comment `# long: why` above the function."""
    first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
    return text.split("\n")[first - 2].strip().startswith("# long: ")


def test_no_module_is_a_bag() -> None:
    assert [name_of(path) for path in MODULES if {"utils", "util", "helpers", "helper", "manager"} & {path.stem}] == []

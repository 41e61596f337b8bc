"""The rules of templates (STYLE §6), and the table in templates/README.md."""

import re

import pytest
from jinja2 import nodes

from tests.templates_read import FOLDER, NAMES, head_of, is_partial, rendered, text_of, tree_of, used_by

ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Include, nodes.Import, nodes.Macro,
    nodes.Name, nodes.Getattr, nodes.Filter, nodes.Const, nodes.Call,
)  # fmt: skip
FILTERS = {"hcl", "json", "py"}
BODIES = [name for name in NAMES if name != "_header.j2"]
LONGEST, DEEPEST = 80, 2


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_small_and_says_what_it_is_for(name: str) -> None:
    text = text_of(name)
    assert text.startswith("{# ")
    assert text.count("\n") <= LONGEST
    assert text.endswith("\n")


@pytest.mark.parametrize("name", NAMES)
def test_block_tags_stand_alone_and_need_no_marks(name: str) -> None:
    for line in text_of(name).split("\n"):
        assert not re.search(r"\{%-|-%\}|\{\{-|-\}\}|\{#-|-#\}", line), line
        if "{%" in line:
            assert re.fullmatch(r"\{%.*%\}", line), line
            assert line.count("{%") == 1, line


@pytest.mark.parametrize("name", BODIES)
def test_a_template_shows_and_does_not_decide(name: str) -> None:
    """Print, `for`, `if` on one thing, `include`, the header; no `set`, comparison, arithmetic, call or dict."""
    for node in tree_of(name).find_all(nodes.Node):
        allowed = isinstance(node, ALLOWED) or (isinstance(node, nodes.Tuple) and node.ctx == "store")
        assert allowed, f"{name}:{node.lineno}: {type(node).__name__}"
        if isinstance(node, nodes.Call):
            assert isinstance(node.node, nodes.Getattr), f"{name}:{node.lineno}"
            assert (node.node.attr, isinstance(node.node.node, nodes.Name)) == ("comment", True), (
                f"{name}:{node.lineno}"
            )
        if isinstance(node, nodes.Filter):
            assert node.name in FILTERS, f"{name}:{node.lineno}: {node.name}"
        if isinstance(node, nodes.If):
            assert isinstance(node.test, (nodes.Name, nodes.Getattr)), f"{name}:{node.lineno}"


@pytest.mark.parametrize("name", BODIES)
def test_at_most_two_blocks_are_nested(name: str) -> None:
    def depth(node: nodes.Node) -> int:
        own = isinstance(node, (nodes.For, nodes.If))
        return own + max((depth(child) for child in node.iter_child_nodes()), default=0)

    assert depth(tree_of(name)) <= DEEPEST


@pytest.mark.parametrize("name", [name for name in BODIES if name.endswith((".json.j2", ".py.j2"))])
def test_every_value_of_json_and_python_passes_a_literal_filter(name: str) -> None:
    for node in tree_of(name).find_all(nodes.Output):
        for part in node.nodes:
            assert isinstance(part, (nodes.TemplateData, nodes.Filter, nodes.Call)), f"{name}:{part.lineno}"


def test_no_template_is_an_orphan() -> None:
    contexts, _ = rendered()
    used = set(contexts).union(*(used_by(name) for name in NAMES))
    assert sorted(used) == NAMES


def test_the_first_line_tells_the_truth() -> None:
    contexts, outputs = rendered()
    for name, context in contexts.items():
        said, place = head_of(name)
        assert said == context, name
        pattern = re.escape(place).replace("<step>", "[a-z0-9_]+")
        made = [path for path, template in outputs.items() if template == name] or ["stepfunctions/pipeline.asl.json"]
        assert all(re.fullmatch(pattern, path) for path in made), f"{name}: {made}"


def test_the_table_in_the_readme_is_the_first_lines(update_golden: bool) -> None:
    page = FOLDER / "README.md"
    above, mark, _ = page.read_text(encoding="utf-8").partition("| --- | --- | --- |\n")
    heads = [(name, *head_of(name)) for name in BODIES]
    rows = ["| `_header.j2` | first lines of every file that takes comments | `source`, `template` |"]
    rows += [f"| `{name}` | `{output}` | `{context}` |" for name, context, output in heads]
    wanted = above + mark + "\n".join(rows) + "\n"
    if update_golden:
        page.write_text(wanted, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == wanted, "see --update-golden"


def test_partials_are_included_and_others_are_not() -> None:
    included = set().union(*(used_by(name) for name in NAMES))
    assert sorted(included) == [name for name in NAMES if is_partial(name)]

"""Templates: found in the organisation's folder first, strict, and named when they are at fault."""

from pathlib import Path

import pytest

from pipelinegen.errors import SpecError
from pipelinegen.render.env import Renderer


@pytest.fixture
def built_in(tmp_path: Path) -> Path:
    folder = tmp_path / "built_in"
    (folder / "terraform").mkdir(parents=True)
    (folder / "terraform/a.tf.j2").write_text("{# A -> a.tf #}\na = {{ value | hcl }}\n")
    (folder / "b.json.j2").write_text("{{ value | json }}\n")
    return folder


@pytest.fixture
def overrides(tmp_path: Path) -> Path:
    (tmp_path / "ours/terraform").mkdir(parents=True)
    return tmp_path / "ours"


def fault(renderer: Renderer, template: str, context: dict[str, object]) -> tuple[str, str, int]:
    with pytest.raises(SpecError) as caught:
        renderer.render(template, context)
    (found,) = caught.value.diagnostics
    assert found.id == "PG034"
    assert found.span is not None
    return found.message, found.span.file, found.span.line


def test_a_template_is_rendered(built_in: Path) -> None:
    assert Renderer(built_in).render("terraform/a.tf.j2", {"value": "${x}"}) == 'a = "$${x}"\n'
    assert Renderer(built_in).render("b.json.j2", {"value": {"b": 1, "a": "<é>"}}) == '{\n  "b": 1,\n  "a": "<é>"\n}\n'


def test_an_override_comes_first_and_may_extend_ours(built_in: Path, overrides: Path) -> None:
    (overrides / "terraform/a.tf.j2").write_text("# ours\n{% include 'builtin/terraform/a.tf.j2' %}")
    assert Renderer(built_in, overrides).render("terraform/a.tf.j2", {"value": 1}) == "# ours\na = 1\n"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("x\n{{ missing }}\n", "template: 'missing' is undefined", 2),
        ("x\ny\n{% if %}\n", "template: Expected an expression, got 'end of statement block'", 3),
        ("{{ 1 / 0 }}\n", "template: division by zero", 1),
        ("\n{{ value() }}\n", "template: 'int' object is not callable", 2),
        ("{{ value | upper }}\n", "template: No filter named 'upper'.", 1),
    ],
)
def test_an_override_at_fault_is_named(built_in: Path, overrides: Path, text: str, message: str, line: int) -> None:
    (overrides / "terraform/a.tf.j2").write_text(text)
    expected = (message, (overrides / "terraform/a.tf.j2").as_posix(), line)
    assert fault(Renderer(built_in, overrides), "terraform/a.tf.j2", {"value": 1}) == expected


def test_json_that_is_none_is_a_fault(built_in: Path, overrides: Path) -> None:
    (overrides / "b.json.j2").write_text("{")
    message, file, _ = fault(Renderer(built_in, overrides), "b.json.j2", {})
    assert message.startswith("template: gives no JSON: ")
    assert file == (overrides / "b.json.j2").as_posix()


def test_an_override_of_nothing_is_refused(built_in: Path, overrides: Path) -> None:
    (overrides / "terraform/aa.tf.j2").write_text("")
    with pytest.raises(SpecError) as caught:
        Renderer(built_in, overrides)
    (found,) = caught.value.diagnostics
    assert (found.id, found.message) == ("PG034", "'terraform/aa.tf.j2' overrides no template")
    assert found.help == "did you mean 'terraform/a.tf.j2'? templates: b.json.j2, terraform/a.tf.j2"


def test_a_folder_of_overrides_that_is_none_is_refused(built_in: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="is no folder of templates"):
        Renderer(built_in, tmp_path / "missing")

"""Every registered kind has all its parts and they agree; other packages can bring kinds, and broken ones are named."""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from pydantic import BaseModel

import pipelinegen.steps
from pipelinegen.errors import SpecError
from pipelinegen.source import parse
from pipelinegen.spec.fields import RawStep
from pipelinegen.spec.load import load_model
from pipelinegen.steps.base import StepKind, StepSpec
from pipelinegen.steps.registry import add_plugins, built_in_kinds
from tests.compiling import ROOT, pipelines_of

KINDS = built_in_kinds()
FOLDER = Path(pipelinegen.steps.__file__).parent
#: Kinds without a state of their own: they run all the time.
SERVICES = {"api", "notebook"}

every_kind = pytest.mark.parametrize("name", sorted(KINDS))


@every_kind
def test_the_folder_is_complete(name: str) -> None:
    for part in ("__init__.py", "model.py", "permissions.py", "example.yaml"):
        assert (FOLDER / name / part).is_file(), part
    templates = {path.name for path in (ROOT / "templates/steps" / name).iterdir()}
    assert ("state.asl.json.j2" in templates) != (name in SERVICES)


@every_kind
def test_the_kind_agrees_with_its_folder(name: str) -> None:
    kind = KINDS[name]
    assert kind.name == name
    assert issubclass(kind.spec, StepSpec)
    assert kind.spec.model_fields["kind"].annotation.__args__ == (name,)  # type: ignore[union-attr]
    assert kind.summary.endswith(".")
    assert kind.outputs == tuple(dict.fromkeys(kind.outputs))
    for form in kind.forms:
        assert (form.kind.name, form.kind.outputs) == (name, kind.outputs)
        assert kind.form_of(form.chosen_by[:1]) is form.kind
        assert set(form.chosen_by) <= set(form.kind.spec.model_fields) - set(kind.spec.model_fields)


@every_kind
def test_every_part_of_the_model_refuses_unknown_keys_and_coercion(name: str) -> None:
    seen: set[type[BaseModel]] = set()

    def visit(annotation: object) -> None:
        if annotation is RawStep:  # typed by its own kind later
            return
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
            seen.add(annotation)
            for field in annotation.model_fields.values():
                visit(field.annotation)
        for inner in getattr(annotation, "__args__", ()):
            visit(inner)

    for kind in (KINDS[name], *(form.kind for form in KINDS[name].forms)):
        visit(kind.spec)
    for model in seen:
        assert (model.model_config.get("extra"), model.model_config.get("strict")) == ("forbid", True), model


@every_kind
def test_the_example_is_valid(name: str) -> None:
    for path in (FOLDER / name).glob("example*.yaml"):
        source = parse(path.read_text(encoding="utf-8"), path.name)
        assert isinstance(source.data, dict)
        form = KINDS[name].form_of(source.data)
        assert load_model(form.spec, source.data, source.spans).kind == name
        assert (form is KINDS[name]) == (path.name == "example.yaml")


def test_the_examples_together_are_a_pipeline_and_outputs_are_as_declared() -> None:
    named = {
        "glue_etl": "interactions",
        "sagemaker_training": "train",
        "quality_gate": "gate",
        "promote_model": "promote",
    }
    named |= {"batch_predictions": "predict", "redis_load": "publish"}
    steps = {named.get(name, name): yaml.safe_load((FOLDER / name / "example.yaml").read_text()) for name in KINDS}
    steps["promote"]["model"] = "${steps.approval.model}"
    steps["items"] = {
        "kind": "glue_etl",
        "inputs": {"items": "${datasets.items}"},
        "sql": "SELECT * FROM items",
        "output": "${datasets.items}",
    }
    columns = {"user_id": {"type": "string"}, "item_id": {"type": "string"}, "clicked_at": {"type": "timestamp"}}
    spec = {
        "version": 1,
        "name": "examples",
        "description": "All examples.",
        "owner": {"team": "t", "email": "t@example.com"},
        "warehouse": {"kind": "mysql", "secret": "s", "database": "d"},
        "on_failure": {"notify": "t@example.com"},
        "datasets": {
            "clicks": {"from": {"table": "clicks"}, "columns": columns},
            "interactions": {"columns": columns},
            "items": {"from": {"table": "items"}, "columns": {"item_id": {"type": "string"}}},
        },
        "steps": steps,
        "environments": {"dev": {"account_id": "111111111111", "region": "eu-central-1"}},
    }
    (pipeline,) = pipelines_of(
        yaml.safe_dump(spec), lambda folder: {"handler.py": f"def handler(event, context):\n    return {folder!r}\n"}
    )
    assert sorted(step.kind for step in pipeline.steps) == sorted([*KINDS, "glue_etl", "wait"])
    for step in pipeline.steps:
        declared = KINDS[step.kind].outputs
        for output in step.outputs:
            named_by_the_step = "<outputs>" in declared and "." not in output
            known = output in declared or f"{output.split('.')[0]}.*" in declared or named_by_the_step
            assert known, (step.kind, output)


def test_kinds_never_import_each_other() -> None:
    for path in FOLDER.glob("*/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                other = node.module.removeprefix("pipelinegen.steps.").split(".")[0]
                assert other not in set(KINDS) - {path.parent.name}, f"{path.parent.name} imports {other}"


@pytest.fixture
def plug_in() -> Iterator[ModuleType]:
    """A module of another package with one good kind, registered for import while the test runs."""
    module = ModuleType("another_package_with_kinds")
    module.KIND = StepKind("weather", "Asks for the weather.", StepSpec, (), KINDS["notify"].lower)  # type: ignore[attr-defined]
    module.TWIN = StepKind("notify", "Tells, too.", StepSpec, (), KINDS["notify"].lower)  # type: ignore[attr-defined]
    module.NUMBER = 7  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def entry(value: str) -> EntryPoint:
    return EntryPoint("weather", value, "pipelinegen.steps")


@pytest.mark.usefixtures("plug_in")
def test_a_plug_in_brings_a_kind() -> None:
    kinds = add_plugins(built_in_kinds(), [entry("another_package_with_kinds:KIND")])
    assert sorted(kinds) == list(kinds) == sorted([*KINDS, "weather"])
    assert kinds["weather"].summary == "Asks for the weather."


BROKEN = {
    "no_such_package:KIND": (
        "step kind 'weather' of package '{0}' does not import: there is no module 'no_such_package'"
    ),
    "another_package_with_kinds:NONE": (
        "step kind 'weather' of package '{0}' does not import: AttributeError: "
        "module 'another_package_with_kinds' has no attribute 'NONE'"
    ),
    "another_package_with_kinds:NUMBER": "'{0}' of package '{0}' is no step kind",
    "another_package_with_kinds:TWIN": "package '{0}' brings a second step kind 'notify'",
}


@pytest.mark.usefixtures("plug_in")
@pytest.mark.parametrize("value", BROKEN)
def test_a_broken_plug_in_is_named(value: str) -> None:
    with pytest.raises(SpecError) as caught:
        add_plugins(built_in_kinds(), [entry(value)])
    (fault,) = caught.value.diagnostics
    assert (fault.id, fault.message) == ("PG050", BROKEN[value].format(value))
    assert fault.help


@pytest.mark.parametrize(
    ("code", "reason", "help"),
    [
        ("import no_such_library", "there is no module 'no_such_library'", "install 'no_such_library'"),
        ("raise SystemExit(3)", "SystemExit: 3", "mend or uninstall"),
        ("def f(:", "SyntaxError: invalid syntax", "mend or uninstall"),
        ("1 / 0", "ZeroDivisionError: division by zero", "mend or uninstall"),
    ],
)
def test_a_plug_in_that_falls_over_is_named_with_a_remedy(
    code: str, reason: str, help: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "package_that_falls_over.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(SpecError) as caught:
        add_plugins(built_in_kinds(), [entry("package_that_falls_over:KIND")])
    (fault,) = caught.value.diagnostics
    assert fault.message.startswith("step kind 'weather' of package 'package_that_falls_over")
    assert reason in fault.message
    assert help in (fault.help or "")

"""`generate`: the whole tree or nothing, the same bytes everywhere, and nothing of anybody else's touched."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.process import pipelinegen, tree
from tests.compiling import ENVIRONMENT, ROOT


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_it_writes_every_environment_and_the_schema_and_then_nothing(project: Path) -> None:
    first = pipelinegen("generate", cwd=project)
    assert (first.code, first.err) == (0, "")
    lines = first.out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["generated/demo/dev", "generated/demo/prod"]
    assert (project / "generated/pipeline.schema.json").is_file()
    before = tree(project)
    second = pipelinegen("generate", cwd=project)
    assert (second.code, second.err) == (0, "")
    assert [line.rsplit(", ")[-1] for line in second.out.splitlines()] == ["0 changed", "0 changed"]
    assert tree(project) == before


def test_two_folders_give_the_same_bytes(tmp_path: Path) -> None:
    trees = []
    for name in ("one", "an other/deeper"):
        folder = tmp_path / name
        (folder / "specs").mkdir(parents=True)
        for spec in sorted((ROOT / "specs").glob("*.yaml")):
            (folder / "specs" / spec.name).write_bytes(spec.read_bytes())
        answer = pipelinegen("generate", cwd=folder)
        assert (answer.code, answer.err) == (0, "")
        trees.append(tree(folder / "generated"))
    assert trees[0] == trees[1]


def test_one_environment(project: Path) -> None:
    answer = pipelinegen("generate", "specs/demo.yaml", "--env", "prod", cwd=project)
    assert answer.code == 0
    assert sorted(path.name for path in (project / "generated/demo").iterdir()) == ["prod"]


def test_one_environment_leaves_the_other_alone(generated: Path) -> None:
    edit(generated / "specs/demo.yaml", "One table a day.", "Two tables a day.")
    before = tree(generated / "generated/demo/dev")
    assert pipelinegen("generate", "--env", "prod", cwd=generated).code == 0
    assert tree(generated / "generated/demo/dev") == before


def test_another_folder(project: Path) -> None:
    assert pipelinegen("generate", "--out", "build/tree", cwd=project).code == 0
    assert sorted(path.name for path in project.iterdir()) == ["build", "specs"]
    assert (project / "build/tree/demo/dev/MANIFEST.json").is_file()


def test_an_environment_that_is_gone_takes_its_folder_along(generated: Path) -> None:
    text = (generated / "specs/demo.yaml").read_text()
    (generated / "specs/demo.yaml").write_text("\n".join(text.splitlines()[:-1]) + "\n")
    answer = pipelinegen("generate", cwd=generated)
    assert (answer.code, answer.err) == (0, "")
    assert sorted(path.name for path in (generated / "generated/demo").iterdir()) == ["dev"]


def test_a_pipeline_with_a_new_name_takes_its_old_folder_along(generated: Path) -> None:
    edit(generated / "specs/demo.yaml", "name: demo", "name: renamed")
    assert pipelinegen("generate", cwd=generated).code == 0
    assert sorted(path.name for path in (generated / "generated").iterdir()) == [
        "layer.schema.json",
        "pipeline.schema.json",
        "renamed",
    ]


def test_a_fault_writes_nothing(generated: Path) -> None:
    edit(generated / "specs/demo.yaml", "kind: glue_etl", "kind: glue_tel")
    before = tree(generated)
    answer = pipelinegen("generate", cwd=generated)
    assert answer.code == 1
    assert answer.err.startswith("specs/demo.yaml:14:11: error PG014: there is no step kind 'glue_tel'\n")
    assert tree(generated) == before


def test_a_foreign_file_stops_everything(generated: Path) -> None:
    edit(generated / "specs/demo.yaml", "One table a day.", "Two tables a day.")
    for place in ("generated/notes.txt", "generated/demo/notes.txt", "generated/demo/prod/terraform/mine.tf"):
        (generated / place).write_text("mine")
    before = tree(generated)
    answer = pipelinegen("generate", cwd=generated)
    assert answer.code == 1
    help = "   help: move it away: everything in this folder is generated\n"
    assert answer.err == (
        f"error PG030: 'generated/demo/notes.txt' is not ours\n{help}"
        f"error PG030: 'generated/demo/prod/terraform/mine.tf' is not ours\n{help}"
        f"error PG030: 'generated/notes.txt' is not ours\n{help}"
    )
    assert tree(generated) == before


def test_an_edit_by_hand_stops_everything_unless_it_is_forced(generated: Path) -> None:
    path = generated / "generated/demo/dev/glue/interactions.py"
    original = path.read_text()
    path.write_text(original + "# mine\n")
    before = tree(generated)
    answer = pipelinegen("generate", cwd=generated)
    assert answer.code == 1
    assert answer.err == (
        "error PG031: 'generated/demo/dev/glue/interactions.py' was edited by hand\n"
        "   help: move your change to the spec or a template, or use --force to lose it\n"
    )
    assert tree(generated) == before
    assert pipelinegen("generate", "--force", cwd=generated).code == 0
    assert path.read_text() == original


def test_a_folder_that_cannot_be_written_stops_everything(project: Path) -> None:
    """Root may write anywhere, so a file lies where the output folder should be."""
    (project / "generated").write_text("mine")
    answer = pipelinegen("generate", cwd=project)
    assert answer.code == 2
    assert answer.err == (
        "error PG032: 'generated/demo' cannot be written: not a directory\n"
        "   help: make the folder writable, or give another with --out\n"
    )
    assert (project / "generated").read_text() == "mine"


@pytest.mark.parametrize("place", ["/proc", "/sys/kernel"])
def test_a_folder_of_the_system_stops_everything(project: Path, place: str) -> None:
    if not Path(place).is_dir():
        pytest.skip(f"there is no {place} here")
    answer = pipelinegen("generate", "--out", f"{place}/generated", cwd=project)
    assert answer.code == 2
    assert answer.err.startswith(f"error PG032: '{place}/generated' cannot be written: ")


@pytest.mark.parametrize("milliseconds", [40, 120, 200, 280, 360])
def test_an_interrupt_leaves_the_old_tree_or_the_new_one(generated: Path, milliseconds: int) -> None:
    """SIGINT at several moments of a real run that has every file to change."""
    old = tree(generated / "generated")
    edit(generated / "specs/demo.yaml", "name: demo", "name: other")
    command = [sys.executable, "-m", "pipelinegen", "generate"]
    process = subprocess.Popen(command, cwd=generated, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(milliseconds / 1000)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    after = tree(generated / "generated")
    if after != old:
        assert not [path for path in after if path.startswith("demo/") or "/.pipelinegen-" in path]
        assert pipelinegen("check", cwd=generated).code == 0


def test_a_template_of_the_organisation_overrides_ours(generated: Path) -> None:
    ours = generated / "ours/terraform"
    ours.mkdir(parents=True)
    (ours / "variables.tf.j2").write_text('{% extends "builtin/terraform/variables.tf.j2" %}')
    assert pipelinegen("check", "--templates", "ours", cwd=generated).code == 0
    (ours / "variables.tf.j2").write_text("# ours\n")
    assert pipelinegen("generate", "--templates", "ours", cwd=generated).code == 0
    assert (generated / "generated/demo/dev/terraform/variables.tf").read_text() == "# ours\n"

"""`check`: each file that is not what the spec gives is named, and nothing is touched."""

from pathlib import Path

from tests.cli.process import pipelinegen, tree


def test_a_fresh_tree_is_clean(generated: Path) -> None:
    answer = pipelinegen("check", cwd=generated)
    files = len(tree(generated / "generated/demo"))
    assert (answer.code, answer.out, answer.err) == (0, f"{files} files are as the specs give them\n", "")


def test_every_difference_is_named(generated: Path) -> None:
    dev = generated / "generated/demo/dev"
    (dev / "glue/interactions.py").write_text("# mine\n")
    (dev / "deployment.json").unlink()
    (dev / "terraform/mine.tf").write_text("mine")
    (generated / "generated/stray.txt").write_text("mine")
    (generated / "generated/pipeline.schema.json").write_text("{}")
    before = tree(generated)
    answer = pipelinegen("check", cwd=generated)
    assert answer.code == 1
    assert answer.err == (
        "generated/demo/dev/deployment.json: error PG033: missing\n"
        "generated/demo/dev/glue/interactions.py: error PG033: changed\n"
        "generated/demo/dev/terraform/mine.tf: error PG033: foreign\n"
        "generated/pipeline.schema.json: error PG033: changed\n"
        "generated/stray.txt: error PG033: foreign\n"
        "   help: run `pipelinegen generate` and commit the result\n"
    )
    assert tree(generated) == before


def test_a_changed_spec_makes_the_tree_stale(generated: Path) -> None:
    spec = generated / "specs/demo.yaml"
    spec.write_text(spec.read_text().replace("interactions:", "renamed:"))
    answer = pipelinegen("check", "specs/demo.yaml", "--env", "dev", cwd=generated)
    assert answer.code == 1
    found = dict(line.split(": error PG033: ") for line in answer.err.splitlines() if ": error PG033: " in line)
    assert found["generated/demo/dev/glue/interactions.py"] == "stale"
    assert found["generated/demo/dev/glue/renamed.py"] == "missing"
    assert found["generated/demo/dev/stepfunctions/pipeline.asl.json"] == "changed"
    assert not [path for path in found if path.startswith("generated/demo/prod")]


def test_nothing_generated_yet(project: Path) -> None:
    answer = pipelinegen("check", cwd=project)
    assert answer.code == 1
    assert "generated/pipeline.schema.json: error PG033: missing\n" in answer.err
    assert not (project / "generated").exists()


def test_an_environment_that_is_gone_is_stale(generated: Path) -> None:
    spec = generated / "specs/demo.yaml"
    spec.write_text("\n".join(spec.read_text().splitlines()[:-1]) + "\n")
    answer = pipelinegen("check", cwd=generated)
    assert answer.code == 1
    assert "generated/demo/prod/MANIFEST.json: error PG033: stale\n" in answer.err


def test_a_spec_that_is_gone_makes_its_folders_stale(generated: Path) -> None:
    (generated / "specs/other.yaml").write_text(
        (generated / "specs/demo.yaml").read_text().replace("name: demo", "name: other")
    )
    (generated / "specs/demo.yaml").unlink()
    answer = pipelinegen("check", cwd=generated)
    assert answer.code == 1
    assert "generated/demo/dev/MANIFEST.json: error PG033: stale\n" in answer.err
    assert pipelinegen("generate", cwd=generated).code == 0
    assert sorted(path.name for path in (generated / "generated").iterdir()) == [
        "layer.schema.json",
        "other",
        "pipeline.schema.json",
    ]

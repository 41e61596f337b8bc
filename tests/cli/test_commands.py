"""Every other command, wrong usage, and what is imported on the way."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from pipelinegen import __version__
from pipelinegen.catalogue import CATALOGUE
from tests.cli.process import pipelinegen
from tests.compiling import ENVIRONMENT, ROOT

COMMANDS = (
    "init",
    "generate",
    "check",
    "validate",
    "graph",
    "schema",
    "explain",
    "run",
    "runs",
    "logs",
    "backfill",
    "report",
    "retry",
    "serve",
    "demo-data",
)
HEAVY = ("torch", "pyspark", "moto", "sagemaker", "boto3", "botocore", "pyarrow", "redis", "fastapi", "numpy", "rich")


def test_help_names_every_command_and_every_exit_code(project: Path) -> None:
    answer = pipelinegen("--help", cwd=project)
    assert (answer.code, answer.err) == (0, "")
    for command in COMMANDS:
        assert f"\n    {command}" in answer.out
    assert "exit codes: 0 clean, 1 faults or drift, 2 wrong usage or unreadable file, 70 internal error" in answer.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(project: Path, command: str) -> None:
    answer = pipelinegen(command, "--help", cwd=project)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"usage: pipelinegen {command}")


def test_version(project: Path) -> None:
    answer = pipelinegen("--version", cwd=project)
    assert (answer.code, answer.out) == (0, f"pipelinegen {__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["generate", "--frobnicate"],
        ["graph"],
        ["run", "specs/demo.yaml", "--days", "0"],
        ["run", "specs/demo.yaml", "--date", "yesterday"],
        ["serve", "specs/demo.yaml", "--port", "70000"],
        ["validate", "missing.yaml"],
        ["validate", "specs"],
        ["generate", "missing.yaml"],
        ["check", "missing.yaml"],
        ["graph", "missing.yaml"],
        ["explain", "PG999"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_no_traceback(project: Path, arguments: list[str]) -> None:
    answer = pipelinegen(*arguments, cwd=project)
    assert answer.code == 2
    assert "Traceback" not in answer.err + answer.out
    assert answer.err or answer.out.startswith("usage: ")
    assert sorted(path.name for path in project.iterdir()) == ["specs"]


def test_no_spec_at_all(tmp_path: Path) -> None:
    answer = pipelinegen("generate", cwd=tmp_path)
    assert answer.code == 2
    assert answer.err == (
        "error PG001: no spec was named, and there is no specs/*.yaml here\n   help: give the path of a spec\n"
    )


def test_a_path_that_generated_files_cannot_cite_is_refused(project: Path) -> None:
    (project / "a\nb.yaml").write_text((project / "specs/demo.yaml").read_text())
    answer = pipelinegen("generate", "a\nb.yaml", cwd=project)
    assert answer.code == 2
    assert answer.err.startswith("error PG001: 'a\\nb.yaml' has characters that generated files cannot cite\n")
    assert not (project / "generated").exists()


def test_validate_says_what_there_is(project: Path) -> None:
    answer = pipelinegen("validate", cwd=project)
    assert (answer.code, answer.out, answer.err) == (0, "specs/demo.yaml: 1 step, valid in dev, prod\n", "")
    assert pipelinegen("validate", "--env", "dev", cwd=project).out == "specs/demo.yaml: 1 step, valid in dev\n"
    assert sorted(path.name for path in project.iterdir()) == ["specs"]


def test_validate_says_when_schedules_start_next(project: Path) -> None:
    spec = project / "specs/demo.yaml"
    schedules = "schedules:\n  night: {cron: 30 2 * * ? *, timezone: Europe/Berlin}\n  once: {cron: 0 0 1 1 ? 2020}\n"
    spec.write_text(spec.read_text(encoding="utf-8") + schedules, encoding="utf-8")
    answer = pipelinegen("validate", "--env", "dev", "--next", "3", "--since", "2026-03-28", cwd=project)
    assert (answer.code, answer.out) == (
        0,
        "specs/demo.yaml: 1 step, valid in dev\n"
        "  dev, schedule night: Sat 2026-03-28 02:30 CET, Mon 2026-03-30 02:30 CEST, Tue 2026-03-31 02:30 CEST\n"
        "  dev, schedule once: never again\n",
    )


def test_the_faults_of_all_specs_are_reported_at_once(project: Path) -> None:
    (project / "specs/a.yaml").write_text("")
    (project / "specs/b.yaml").write_text("a: 1\na: 2\n")
    answer = pipelinegen("validate", cwd=project)
    assert answer.code == 1
    found = {line.split(": ")[0] for line in answer.err.splitlines() if ": error " in line}
    assert found == {"specs/a.yaml:1:1", "specs/b.yaml:1:1", "specs/b.yaml:2:1"}


def test_graph_is_mermaid(project: Path) -> None:
    answer = pipelinegen("graph", "specs/demo.yaml", cwd=project)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == 'flowchart TD\n    step_interactions["interactions<br/><small>glue_etl</small>"]\n'


@pytest.mark.parametrize("id", sorted(CATALOGUE))
def test_explain(project: Path, id: str, capsys: pytest.CaptureFixture[str]) -> None:
    from pipelinegen.cli import main

    assert main(["explain", id.lower()]) == 0
    assert capsys.readouterr().out == f"{id}: {CATALOGUE[id]}\n"


def test_explain_without_an_id_lists_all(project: Path) -> None:
    answer = pipelinegen("explain", cwd=project)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == "".join(f"{id}: {text}\n" for id, text in CATALOGUE.items())


def test_the_schema_is_valid_and_accepts_every_spec_of_ours(project: Path) -> None:
    answer = pipelinegen("schema", cwd=project)
    schema = json.loads(answer.out)
    assert (ROOT / "generated/pipeline.schema.json").read_text(encoding="utf-8") == answer.out
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    layer = pipelinegen("schema", "--layer", cwd=project)
    assert (ROOT / "generated/layer.schema.json").read_text(encoding="utf-8") == layer.out
    for path in (ROOT / "specs").rglob("*.yaml"):
        assert list(validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "version: 2"),
        ("name: demo", "nam: demo"),
        ("kind: glue_etl", "kind: glue_tel"),
        ("    sql: SELECT item_id FROM clicks\n", ""),
        ("sql: SELECT item_id FROM clicks", "sql: [1]"),
        ("interactions:", "Interactions:"),
        ("${datasets.chosen}", "datasets.chosen"),
        ('"111111111111"', "111111111111"),
    ],
)
def test_the_schema_refuses_what_the_compiler_refuses(project: Path, old: str, new: str) -> None:
    text = (project / "specs/demo.yaml").read_text().replace(old, new)
    schema = json.loads(pipelinegen("schema", cwd=project).out)
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(yaml.safe_load(text))) != []
    (project / "specs/demo.yaml").write_text(text)
    assert pipelinegen("validate", cwd=project).code == 1


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["generate"], ["check"], ["validate"], ["schema"], ["graph", "specs/demo.yaml"]],
    ids=" ".join,
)
def test_nothing_heavy_is_imported(project: Path, arguments: list[str]) -> None:
    code = f"""
import sys
from pipelinegen.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
print("imported:", *sorted({{name.split(".")[0] for name in sys.modules}} & set({HEAVY!r})), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines()[-1] == "imported:"


def test_a_reader_that_goes_away_is_no_fault(project: Path) -> None:
    command = f"{sys.executable} -m pipelinegen schema | head -c 10"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], cwd=project, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout == '{\n  "$sche'


def test_a_full_disk_is_no_internal_error(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "pipelinegen", "schema"]
        done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "error: No space left on device\n   help: free some space, and run the same again\n"

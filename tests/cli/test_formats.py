"""`--format` of every command that reports faults, and colour on a terminal only."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.process import pipelinegen

FAULTY = "version: 1\nversion: 1\n"
ANNOTATION = (
    "::error file=specs/demo.yaml,line=2,endLine=2,col=1,endColumn=8,title=pipelinegen PG003::"
    "'version' is given twice%0Aspecs/demo.yaml:1:1: note: first 'version' is here%0Ahelp: remove one of them\n"
)


@pytest.mark.parametrize("command", ["validate", "generate", "check", "graph", "run", "serve"])
def test_faults_as_annotations(project: Path, command: str) -> None:
    (project / "specs/demo.yaml").write_text(FAULTY)
    answer = pipelinegen(command, "specs/demo.yaml", "--format", "github", cwd=project)
    assert (answer.code, answer.err) == (1, "")
    assert answer.out.endswith(ANNOTATION)
    assert all(line.startswith("::error file=specs/demo.yaml,line=") for line in answer.out.splitlines())


@pytest.mark.parametrize("command", ["generate", "check", "validate"])
def test_without_faults_there_is_a_document_and_nothing_else(generated: Path, command: str) -> None:
    answer = pipelinegen(command, "--format", "json", cwd=generated)
    assert answer.code == 0
    assert json.loads(answer.out)["diagnostics"] == []
    assert answer.err != ""


def test_check_names_stale_files_in_a_document(generated: Path) -> None:
    (generated / "generated/demo/dev/deployment.json").unlink()
    answer = pipelinegen("check", "--format", "json", cwd=generated)
    assert (answer.code, answer.err) == (1, "")
    assert json.loads(answer.out)["diagnostics"] == [
        {
            "id": "PG033",
            "severity": "error",
            "message": "missing",
            "help": "run `pipelinegen generate` and commit the result",
            "file": "generated/demo/dev/deployment.json",
            "line": None,
            "column": None,
            "end_column": None,
            "notes": [],
        }
    ]


def test_a_format_there_is_not(project: Path) -> None:
    answer = pipelinegen("validate", "--format", "xml", cwd=project)
    assert answer.code == 2
    assert "invalid choice: 'xml'" in answer.err


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("1", False)])
def test_colour_on_a_terminal(project: Path, no_color: str | None, coloured: bool) -> None:
    (project / "specs/demo.yaml").write_text(FAULTY)
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"}
    if no_color:
        environment["NO_COLOR"] = no_color
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pipelinegen", "validate"]
    done = subprocess.run(command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=theirs, check=False)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert done.returncode == 1
    assert ("\x1b[1;31merror PG003:\x1b[0m" in shown) is coloured
    assert ("\x1b" in shown) is coloured

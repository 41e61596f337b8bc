"""Every starter has a page; its graph and its commands are true."""

import re
from pathlib import Path

import pytest

from pipelinegen.assets import templates_folder
from pipelinegen.cli import main
from pipelinegen.starters import read_starters
from tests.compiling import ROOT

PAGES = ROOT / "docs" / "examples"
STARTERS = read_starters(templates_folder() / "init")


def spec_of(name: str) -> Path:
    example = ROOT / "specs" / "examples" / f"{name}.yaml"
    return example if example.exists() else ROOT / "specs" / "vehicle_recommendations.yaml"


def test_every_starter_has_a_page_and_a_line() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {"README", *STARTERS}
    listed = re.findall(r"\[(\w+)\]\(\w+\.md\)", (PAGES / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(STARTERS)


@pytest.mark.parametrize("name", STARTERS)
def test_a_page_is_true(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {name}\n")
    assert f"pipelinegen init {name}\n" in page
    assert main(["graph", str(spec_of(name))]) == 0
    assert f"```mermaid\n{capsys.readouterr().out}```\n" in page
    for command in re.findall(r"^pipelinegen (\w+)", page, re.MULTILINE):
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0

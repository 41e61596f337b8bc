"""Shared files beneath a spec: what wins, what is removed, where things stand, and what generated files say of them."""

import json
from pathlib import Path

import pytest

from pipelinegen.errors import SpecError
from pipelinegen.layers import MAX_INCLUDED, read_spec
from pipelinegen.tree import compile_specs, generate_folders

SPEC = """\
version: 1
name: shop
include: [../shared/organisation.yaml, team.yaml]
tags: {level: spec, from-organisation: null}
schedule: null
steps:
  rest: {kind: wait, minutes: 5}
  later: {needs: [rest]}
"""
ORGANISATION = """\
owner: {team: platform, email: platform@example.com}
description: Shared.
schedule: {rate: 1 day}
tags: {level: organisation, from-organisation: x, kept: organisation}
environments:
  dev: {account_id: "111111111111", region: eu-central-1}
"""
TEAM = """\
include: base.yaml
owner: {team: shop}
tags: {level: team, base: team}
steps:
  later: {kind: wait, minutes: 7, needs: [rest, other]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with a spec in a folder and shared files in it and beside it."""
    files = {
        "specs/shop.yaml": SPEC,
        "shared/organisation.yaml": ORGANISATION,
        "specs/team.yaml": TEAM,
        "specs/base.yaml": "tags: {base: base, deepest: base}\n",
    }
    (tmp_path / ".git").mkdir()
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_spec_wins_over_the_last_include_and_that_over_the_first(project: Path) -> None:
    source = read_spec(project / "specs" / "shop.yaml")
    assert isinstance(source.data, dict)
    assert source.data["tags"] == {
        "level": "spec",
        "kept": "organisation",
        "base": "team",
        "deepest": "base",
    }
    assert source.data["owner"] == {"team": "shop", "email": "platform@example.com"}
    assert "schedule" not in source.data
    steps = source.data["steps"]
    assert isinstance(steps, dict)
    assert steps["later"] == {"kind": "wait", "minutes": 7, "needs": ["rest"]}


def test_every_value_stands_where_it_was_written(project: Path) -> None:
    spans = read_spec(project / "specs" / "shop.yaml").spans
    places = {
        path: (Path(spans.at(*path).value.file).name, spans.at(*path).value.line)
        for path in [("steps", "later", "minutes"), ("steps", "later", "needs"), ("owner", "email"), ("tags", "level")]
    }
    assert places == {
        ("steps", "later", "minutes"): ("team.yaml", 5),
        ("steps", "later", "needs"): ("shop.yaml", 8),
        ("owner", "email"): ("organisation.yaml", 1),
        ("tags", "level"): ("shop.yaml", 4),
    }


def test_generated_files_cite_what_was_included(project: Path) -> None:
    out = project / "generated"
    compiled = compile_specs([project / "specs" / "shop.yaml"], out)
    (files,) = generate_folders(compiled, out).values()
    included = json.loads(files["MANIFEST.json"])["included"]
    assert [item["path"] for item in included] == ["shared/organisation.yaml", "specs/team.yaml", "specs/base.yaml"]
    assert "specs/shop.yaml:8" in files["README.md"]
    assert str(project) not in "".join(files.values())


def test_a_link_out_of_the_project_is_refused(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.yaml"
    outside.write_text("tags: {a: b}\n", encoding="utf-8")
    (project / "specs" / "base.yaml").unlink()
    (project / "specs" / "base.yaml").symlink_to(outside)
    with pytest.raises(SpecError) as caught:
        read_spec(project / "specs" / "shop.yaml")
    assert [item.id for item in caught.value.diagnostics] == ["PG110"]
    assert caught.value.diagnostics[0].message == "'base.yaml' lies outside the project"


def test_files_that_multiply_are_stopped(project: Path) -> None:
    """Each file includes the next one twice: 2 to the power of 20 reads, were they not counted."""
    for number in range(20):
        text = f"include: [f{number + 1}.yaml, f{number + 1}.yaml]\n"
        (project / "specs" / f"f{number}.yaml").write_text(text, encoding="utf-8")
    (project / "specs" / "f20.yaml").write_text("tags: {a: b}\n", encoding="utf-8")
    (project / "specs" / "team.yaml").write_text("include: f0.yaml\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read_spec(project / "specs" / "shop.yaml")
    assert f"{MAX_INCLUDED} are read at most" in caught.value.diagnostics[0].message

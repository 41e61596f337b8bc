"""Checkov over the Terraform of every spec: nothing fails, and what is left out is left out for a reason."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.compiling import ROOT
from tests.oracle.cases import all_cases

CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
MOST_SKIPPED = 10
SKIP = re.compile(r"^ *#checkov:skip=(\S+?):(.+)$", re.MULTILINE)


def terraform_files() -> Mapping[str, str]:
    """Every .tf file and the policies that they read, by case and path."""
    return {
        f"{case.name}/{path}": text
        for case in all_cases()
        for path, text in case.files().items()
        if path.startswith("terraform/") and "/tests/" not in path
    }


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What checkov says, offline."""
    if not CHECKOV.is_file():
        reason = "checkov is not installed: `make .venv-checkov/.done` could not, or has not been run"
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("checkov")
    for path, text in terraform_files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    words = ["--framework", "terraform", "--skip-download", "--compact", "--output", "json"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(
        [str(CHECKOV), "--directory", str(folder), *words], env=environment, capture_output=True, text=True, check=False
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_nothing_fails(report: Mapping[str, Any]) -> None:
    failed = [
        f"{item['check_id']} {item['file_path']} {item['resource']}" for item in report["results"]["failed_checks"]
    ]
    assert failed == []
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 100 * len(all_cases())


@pytest.mark.slow
def test_every_skip_skips_something(report: Mapping[str, Any]) -> None:
    skipped = {item["check_id"] for item in report["results"]["skipped_checks"]}
    assert skipped == {id for text in terraform_files().values() for id, _ in SKIP.findall(text)}


def test_few_checks_are_skipped_each_with_a_sentence_where_it_applies() -> None:
    skips = {skip for path, text in terraform_files().items() if path.endswith(".tf") for skip in SKIP.findall(text)}
    assert len({id for id, _ in skips}) <= MOST_SKIPPED
    for id, reason in skips:
        assert re.fullmatch(r"[A-Z].{20,100}\.", reason), (id, reason)


def test_the_reference_spec_in_production_is_readable() -> None:
    """Files that fit on a few screens, lines that need no scrolling, names of at most three words."""
    (case,) = [case for case in all_cases() if case.name == "vehicle_recommendations-prod"]
    for path, text in case.files().items():
        if Path(path).suffix in (".tf", ".hcl", ".tfbackend"):
            lines = text.split("\n")
            assert len(lines) <= 200, path
            assert [line for line in lines if len(line) > 120] == [], path
            for name in re.findall(r'^(?:resource|data|variable|output) (?:"\w+" )?"(\w+)" \{$', text, re.MULTILINE):
                assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+){0,4}", name), name
                assert not re.search(r"[0-9a-f]{6}", name), name

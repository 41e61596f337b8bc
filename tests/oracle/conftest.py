import os
from pathlib import Path

import pytest

from tests.oracle.provider.mirror import make_mirror
from tests.oracle.terraform import find_terraform


@pytest.fixture(scope="session")
def terraform_program() -> str:
    """The real terraform; a test that needs it is skipped with the reason where it is absent, and fails on CI."""
    try:
        return find_terraform()
    except FileNotFoundError as reason:
        if os.environ.get("CI") and not os.environ.get("ORACLE_MAY_SKIP"):
            pytest.fail(f"{reason}; set ORACLE_MAY_SKIP=1 to let CI pass without")
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def cli_configuration(terraform_program: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A terraform CLI configuration whose only provider source is the offline mirror."""
    return make_mirror(tmp_path_factory.mktemp("mirror"), terraform_program)

from pathlib import Path

import pytest

from tests.oracle.provider.mirror import make_mirror
from tests.oracle.terraform import find_terraform


@pytest.fixture(scope="session")
def terraform_program() -> str:
    """The real terraform; a test that needs it is skipped with the reason where it is absent."""
    try:
        return find_terraform()
    except FileNotFoundError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def cli_configuration(terraform_program: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A terraform CLI configuration whose only provider source is the offline mirror."""
    return make_mirror(tmp_path_factory.mktemp("mirror"), terraform_program)

import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from tests.compiling import ENVIRONMENT
from tests.oracle.programs import find_terraform
from tests.oracle.provider.mirror import make_mirror


@pytest.fixture(scope="session")
def terraform_program() -> str:
    """The real terraform; a test that needs it is skipped with the reason where it is absent."""
    try:
        return find_terraform()
    except FileNotFoundError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def mirror(terraform_program: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What makes terraform install the offline provider from a mirror and start it for each command."""
    return {"TF_CLI_CONFIG_FILE": str(make_mirror(tmp_path_factory.mktemp("mirror"), terraform_program))}


@pytest.fixture(scope="session")
def running_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """What makes terraform use an offline provider that already runs: a second saved with every command."""
    configuration = tmp_path_factory.mktemp("reattach") / "terraform.tfrc"
    configuration.write_text("disable_checkpoint = true\n")
    command = [sys.executable, "-m", "tests.oracle.provider.serve", "--reattach"]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as provider:
        assert provider.stdout is not None
        announced = provider.stdout.readline().strip()
        yield {"TF_CLI_CONFIG_FILE": str(configuration), "TF_REATTACH_PROVIDERS": announced}
        provider.communicate("")

"""A local cloud to test against, one for each module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelinegen.local.local_cloud import LocalCloud

ACCOUNT = "111111111111"
REGION = "eu-central-1"


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder with hand-made deployments and programs."""
    return Path(__file__).parent / "fixtures"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A running local cloud with nothing deployed."""
    with LocalCloud(tmp_path_factory.mktemp("cloud"), ACCOUNT, REGION) as running:
        yield running

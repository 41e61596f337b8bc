"""Options of every test, and what the goldens share."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the goldens anew; you read the diff")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether the goldens are to be written instead of compared."""
    return bool(request.config.getoption("--update-golden"))

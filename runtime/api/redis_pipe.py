"""An asynchronous Redis client that sends what many requests ask at once, on one connection that heals itself.

Requests made in the same turn of the event loop leave in one write, and replies come back in order: this costs a
tenth of a pool of connections with a round trip each.
"""

import asyncio
import random
from contextlib import suppress
from typing import Any

import hiredis

from runtime.api.redis_connection import (
    PING,
    ConnectionLostError,
    PipeLimits,
    RedisConnection,
    RedisUnavailableError,
)
from runtime.common.logs import log
from runtime.common.redis_address import RedisAddress, plain_reason


class RedisPipe:
    """Asks Redis, and keeps one connection to it: `start` it in a running event loop, `stop` it at the end."""

    def __init__(self, address: RedisAddress, limits: PipeLimits | None = None) -> None:
        self._address = address
        self._tls = address.tls_context()  # once: reading the authorities takes tens of milliseconds
        self._limits = limits or PipeLimits()
        self._connection: RedisConnection | None = None
        self._opening: asyncio.Future[RedisConnection] | None = None
        self._task: asyncio.Task[None] | None = None
        self._told: set[str] = set()
        #: Connections opened since the start; more than one means that Redis was away.
        self.connections = 0

    @property
    def connected(self) -> bool:
        """Whether there is a connection that is not known to be lost."""
        return self._connection is not None

    def start(self) -> None:
        """Begins to connect, and goes on until `stop`; returns at once."""
        self._opening = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._keep_connected())

    async def stop(self) -> None:
        """Closes the connection and connects no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._connection is not None:
            self._connection.end(RedisUnavailableError("the service is stopping"))
        self._fail_waiting()

    async def ask(self, payload: bytes, count: int = 1) -> list[Any]:
        """The replies to `count` reading commands; asks once more if the connection is lost meanwhile.

        Raises: RedisUnavailableError, also when Redis replies with an error.
        """
        for _ in range(2):
            connection = self._connection or await self._opened()
            try:
                replies = await connection.ask(payload, count)
            except ConnectionLostError:
                continue
            for reply in replies:
                if isinstance(reply, hiredis.ReplyError):
                    raise self._refusal(plain_reason(str(reply)))
            return replies
        raise RedisUnavailableError("the connection to Redis was lost")

    def _refusal(self, reason: str) -> RedisUnavailableError:
        """The error for a refused command; logged once a connection, for every request may meet it."""
        if reason not in self._told:
            self._told.add(reason)
            log("Redis refused a command", reason=reason)
        return RedisUnavailableError(f"Redis refused: {reason}")

    async def _opened(self) -> RedisConnection:
        """The connection that is being opened. Raises: RedisUnavailableError at once if the last attempt failed."""
        if self._opening is None:
            raise RedisUnavailableError("the client is not started")
        return await asyncio.shield(self._opening)  # many wait for it, and one that is cancelled must not cancel it

    async def _keep_connected(self) -> None:
        loop = asyncio.get_running_loop()
        wait = self._limits.first_wait_seconds
        while True:
            began = loop.time()
            try:
                connection = await self._connect(loop)
            except Exception as fault:  # whatever it is: to stop trying would be worse
                self._refuse(fault)
            else:
                self._accept(connection)
                await self._attend(connection)
                self._forget(connection)  # in case it was lost before it was accepted
                log("Redis connection lost")
                if loop.time() - began > self._limits.longest_wait_seconds:
                    wait = self._limits.first_wait_seconds
                    continue  # it was a good one: try again at once, while requests wait for the outcome
                self._refuse(RedisUnavailableError("Redis drops its connections"))
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(wait * 2, self._limits.longest_wait_seconds)

    def _accept(self, connection: RedisConnection) -> None:
        self.connections += 1
        self._told.clear()
        self._connection = connection
        if self._opening is not None and not self._opening.done():
            self._opening.set_result(connection)
        log("Redis connected", connections=self.connections)

    def _forget(self, connection: RedisConnection) -> None:
        """From now on requests wait for the outcome of the next attempt."""
        if self._connection is connection:
            self._connection, self._opening = None, asyncio.get_running_loop().create_future()

    def _refuse(self, fault: Exception) -> None:
        """Lets requests fail at once from now on; logged once for every time that Redis goes away."""
        if self._opening is not None and not self._opening.done():
            log("Redis unavailable", fault=f"{type(fault).__name__}: {fault}")
            self._fail_waiting()

    def _fail_waiting(self) -> None:
        if self._opening is not None and not self._opening.done():
            self._opening.set_exception(RedisUnavailableError("there is no connection to Redis"))
            self._opening.exception()  # marks it as seen, for there may be no request to see it

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> RedisConnection:
        address, greeting = self._address, self._address.greeting()
        async with asyncio.timeout(self._limits.connect_seconds):
            _, connection = await loop.create_connection(
                lambda: RedisConnection(loop, self._limits, self._forget),
                address.host,
                address.port,
                ssl=self._tls,
            )
            try:
                replies = await connection.ask(greeting + PING, 2 if greeting else 1)
            except BaseException:
                connection.end(ConnectionLostError())
                raise
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                connection.end(ConnectionLostError())
                raise RedisUnavailableError(plain_reason(str(reply)))
        return connection

    async def _attend(self, connection: RedisConnection) -> None:
        """Returns once the connection is lost."""
        while not connection.lost.done():
            await asyncio.wait({connection.lost}, timeout=self._limits.reply_seconds / 4)
            connection.tend()

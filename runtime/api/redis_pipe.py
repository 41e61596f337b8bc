"""An asynchronous Redis client that sends what many requests ask at once, on one connection that heals itself.

Requests made in the same turn of the event loop leave in one write, and replies come back in order: this costs a
tenth of a pool of connections with a round trip each.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import hiredis

from runtime.common.logs import log
from runtime.common.redis_address import RedisAddress, encode_command, plain_reason

PING = encode_command("PING")


class RedisUnavailableError(RuntimeError):
    """Redis cannot be asked just now; it may be later."""


class _ConnectionLostError(Exception):
    """The connection ended before the reply; a read may be asked again on the next one."""


@dataclass(frozen=True, slots=True)
class PipeLimits:
    """When the client gives up on an answer, on a connection, on new requests."""

    reply_seconds: float = 1.0
    connect_seconds: float = 1.0
    idle_ping_seconds: float = 5.0
    waiting_requests: int = 5_000
    first_wait_seconds: float = 0.05
    longest_wait_seconds: float = 2.0


@dataclass(slots=True)
class _Call:
    """Commands sent together, and the replies they have so far."""

    count: int
    asked_at: float
    future: asyncio.Future[list[Any]]
    replies: list[Any] = field(default_factory=list)


class _Connection(asyncio.Protocol):
    """One connection: collects commands, writes them once a turn, hands each reply to the oldest call."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, limits: PipeLimits, on_end: Callable[["_Connection"], None]
    ) -> None:
        self._loop, self._limits, self._on_end = loop, limits, on_end
        self._reader = hiredis.Reader()
        self._calls: deque[_Call] = deque()
        self._outgoing: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._flush_due = self._paused = False
        self._heard_at = loop.time()
        self._suspect: _Call | None = None
        self.lost: asyncio.Future[None] = loop.create_future()

    def ask(self, payload: bytes, count: int) -> asyncio.Future[list[Any]]:
        """The `count` replies to the payload's commands, in order; refuses at once if too many are waiting."""
        if self.lost.done():
            raise _ConnectionLostError
        if len(self._calls) >= self._limits.waiting_requests:
            raise RedisUnavailableError("too many requests are waiting for Redis")
        call = _Call(count, self._loop.time(), self._loop.create_future())
        self._calls.append(call)
        self._outgoing.append(payload)
        self._flush_soon()
        return call.future

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not False:
                self._settle(reply)
        except (hiredis.ProtocolError, IndexError):
            self.end(RedisUnavailableError("Redis does not speak its own protocol"))

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._flush_soon()

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(_ConnectionLostError())

    def end(self, fault: Exception) -> None:
        """Closes the connection; every call that still waits raises the fault, once nobody can ask here any more."""
        if self.lost.done():
            return
        self.lost.set_result(None)
        self._on_end(self)
        if self._transport is not None:
            self._transport.abort()
        while self._calls:
            call = self._calls.popleft()
            if not call.future.done():
                call.future.set_exception(fault)

    def tend(self) -> None:
        """Ends the connection if a reply is overdue, and asks for a sign of life if it is idle.

        Overdue twice in a row: after a pause of the event loop replies may lie in the socket, unread.
        """
        now = self._loop.time()
        overdue = self._calls[0] if self._calls else None
        if overdue and now - overdue.asked_at <= self._limits.reply_seconds:
            overdue = None
        if overdue and overdue is self._suspect:
            self.end(RedisUnavailableError("Redis did not answer in time"))
            return
        self._suspect = overdue
        if not self._calls and now - self._heard_at > self._limits.idle_ping_seconds:
            self.ask(PING, 1).add_done_callback(lambda done: done.exception())

    def _settle(self, reply: Any) -> None:
        call = self._calls[0]
        call.replies.append(reply)
        if len(call.replies) == call.count:
            self._calls.popleft()
            if not call.future.done():
                call.future.set_result(call.replies)

    def _flush_soon(self) -> None:
        if self._outgoing and not self._flush_due and not self._paused:
            self._flush_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_due = False
        if self._transport is not None and not self._paused and not self._transport.is_closing():
            payload, self._outgoing = b"".join(self._outgoing), []
            self._transport.write(payload)


class RedisPipe:
    """Asks Redis, and keeps one connection to it: `start` it in a running event loop, `stop` it at the end."""

    def __init__(self, address: RedisAddress, limits: PipeLimits | None = None) -> None:
        self._address = address
        self._tls = address.tls_context()  # once: reading the authorities takes tens of milliseconds
        self._limits = limits or PipeLimits()
        self._connection: _Connection | None = None
        self._opening: asyncio.Future[_Connection] | None = None
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
            except _ConnectionLostError:
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

    async def _opened(self) -> _Connection:
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
            except (OSError, RedisUnavailableError, _ConnectionLostError) as fault:
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

    def _accept(self, connection: _Connection) -> None:
        self.connections += 1
        self._told.clear()
        self._connection = connection
        if self._opening is not None and not self._opening.done():
            self._opening.set_result(connection)
        log("Redis connected", connections=self.connections)

    def _forget(self, connection: _Connection) -> None:
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

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> _Connection:
        address, greeting = self._address, self._address.greeting()
        async with asyncio.timeout(self._limits.connect_seconds):
            _, connection = await loop.create_connection(
                lambda: _Connection(loop, self._limits, self._forget),
                address.host,
                address.port,
                ssl=self._tls,
            )
            try:
                replies = await connection.ask(greeting + PING, 2 if greeting else 1)
            except BaseException:
                connection.end(_ConnectionLostError())
                raise
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                connection.end(_ConnectionLostError())
                raise RedisUnavailableError(plain_reason(str(reply)))
        return connection

    async def _attend(self, connection: _Connection) -> None:
        """Returns once the connection is lost."""
        while not connection.lost.done():
            await asyncio.wait({connection.lost}, timeout=self._limits.reply_seconds / 4)
            connection.tend()

"""One asynchronous connection to Redis that sends, in one write, whatever is asked in one turn of the event loop."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import hiredis

from runtime.common.redis_address import encode_command

PING = encode_command("PING")


class RedisUnavailableError(RuntimeError):
    """Redis cannot be asked just now; it may be later."""


class ConnectionLostError(Exception):
    """The connection ended before the reply; a read may be asked again on the next one."""


@dataclass(frozen=True, slots=True)
class PipeLimits:
    """When the client gives up on an answer, on a connection, on new requests."""

    reply_seconds: float = 1.0
    connect_seconds: float = 1.0
    idle_ping_seconds: float = 5.0
    waiting_commands: int = 50_000
    first_wait_seconds: float = 0.05
    longest_wait_seconds: float = 2.0


@dataclass(slots=True)
class _Call:
    """Commands sent together, and the replies they have so far."""

    count: int
    asked_at: float
    future: asyncio.Future[list[Any]]
    replies: list[Any] = field(default_factory=list)


class RedisConnection(asyncio.Protocol):
    """One connection: collects commands, writes them once a turn, hands each reply to the oldest call."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, limits: PipeLimits, on_end: Callable[["RedisConnection"], None]
    ) -> None:
        self._loop, self._limits, self._on_end = loop, limits, on_end
        self._reader = hiredis.Reader()
        self._calls: deque[_Call] = deque()
        self._outgoing: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._waiting = 0
        self._flush_due = self._paused = False
        self._heard_at = loop.time()
        self._suspect: _Call | None = None
        self.lost: asyncio.Future[None] = loop.create_future()

    def ask(self, payload: bytes, count: int) -> asyncio.Future[list[Any]]:
        """The `count` replies to the payload's commands, in order; refuses at once if too many are waiting."""
        if self.lost.done():
            raise ConnectionLostError
        if self._waiting + count > self._limits.waiting_commands:
            raise RedisUnavailableError("too many commands are waiting for Redis")
        self._waiting += count
        call = _Call(count, self._loop.time(), self._loop.create_future())
        self._calls.append(call)
        self._outgoing.append(payload)
        self._flush_soon()
        return call.future

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection is open."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes have arrived."""
        self._heard_at = self._loop.time()
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not False:
                self._settle(reply)
        except (hiredis.ProtocolError, IndexError):
            self.end(RedisUnavailableError("Redis does not speak its own protocol"))

    def pause_writing(self) -> None:
        """asyncio: the other side reads too slowly; what is asked waits here, up to the limit."""
        self._paused = True

    def resume_writing(self) -> None:
        """asyncio: the other side reads again."""
        self._paused = False
        self._flush_soon()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the connection is closed."""
        self.end(ConnectionLostError())

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
        if self.lost.done():
            return
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
        self._waiting -= 1
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

"""A blocking Redis connection that sends whole batches of writes and checks every reply."""

import select
import socket
import ssl
from collections import Counter

from runtime.common.redis_address import RedisAddress, plain_reason

#: Replies that another try, on a new connection, may well not meet: a server that starts up or fails over.
PASSING_FAULTS = frozenset({"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY"})

#: Sent at a time; between two sends the replies are read, so that neither side waits for the other.
SEND_BYTES = 1 << 18
RECEIVE_BYTES = 1 << 18


class RedisConnectionError(ConnectionError):
    """The connection failed, or the server is not ready to write: trying again is safe and may help."""


class RedisRefusedError(RuntimeError):
    """The server answered, and refused: trying again would not help."""


def check_replies(replies: bytes, rows: int) -> None:
    """Nothing, if `replies` is what `rows` times HSET (four fields at most) and EXPIRE answer, byte for byte.

    Raises: RedisConnectionError for a fault that passes; RedisRefusedError for anything else.
    """
    hset_digits = replies[1::8]
    if (
        len(replies) == 8 * rows
        and replies[0::4] == b":" * (2 * rows)
        and replies[2::4] == b"\r" * (2 * rows)
        and replies[5::8] == b"1" * rows
        and not hset_digits.translate(None, b"01234")
    ):
        return
    lines = replies.decode(errors="replace").split("\r\n")[:-1]
    wrong = [
        line for at, line in enumerate(lines) if line not in ((":1",), (":0", ":1", ":2", ":3", ":4"))[at % 2 == 0]
    ]
    if not wrong:
        raise RedisRefusedError(f"Redis gave {len(lines)} replies to {2 * rows} commands")
    reasons = Counter(plain_reason(line.removeprefix("-")) for line in wrong)
    reason, _ = reasons.most_common(1)[0]
    message = f"Redis refused {len(wrong)} of {2 * rows} commands, most often with: {_explain(reason)}"
    if any(line.removeprefix("-").split(" ", 1)[0] in PASSING_FAULTS for line in wrong):
        raise RedisConnectionError(message)
    raise RedisRefusedError(message)


def _explain(reason: str) -> str:
    return "the key was gone before its EXPIRE (is Redis evicting keys?)" if reason == ":0" else reason


class RedisLink:
    """One connection, opened when it is first needed and again after every fault."""

    def __init__(self, address: RedisAddress, *, stall_seconds: float = 5.0) -> None:
        self._address = address
        self._stall_seconds = stall_seconds
        self._socket: socket.socket | None = None

    def write(self, payload: memoryview, rows: int) -> None:
        """Returns once Redis has acknowledged all `rows` (an HSET and an EXPIRE each) of the payload.

        Raises: RedisConnectionError, RedisRefusedError; after either the connection is closed.
        """
        try:
            connection = self._socket or self._connect()
            replies = self._exchange(connection, payload, 2 * rows)
            check_replies(replies, rows)
        except ssl.SSLCertVerificationError as fault:
            self.close()
            raise RedisRefusedError(f"the certificate of Redis is not trusted: {fault.verify_message}") from fault
        except RedisConnectionError:
            self.close()
            raise
        except OSError as fault:
            self.close()
            raise RedisConnectionError(f"no connection to Redis: {fault}") from fault
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes the connection if there is one; the next write opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        address = self._address
        connection = socket.create_connection((address.host, address.port), timeout=self._stall_seconds)
        self._socket = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context := address.tls_context():
            connection = context.wrap_socket(connection, server_hostname=address.host)
            self._socket = connection
        connection.setblocking(False)
        if greeting := address.greeting():
            reply = self._exchange(connection, memoryview(greeting), 1)
            if reply != b"+OK\r\n":
                raise RedisRefusedError(f"Redis refused the login: {plain_reason(reply.decode(errors='replace')[1:])}")
        return connection

    def _exchange(self, connection: socket.socket, payload: memoryview, expected: int) -> bytes:
        """The reply lines to `expected` commands; sends and receives by turns on a socket that never blocks."""
        sent = lines = 0
        chunks: list[bytes] = []
        try:
            while lines < expected or sent < len(payload):
                sent += _send(connection, payload[sent : sent + SEND_BYTES])
                while chunk := _receive(connection):
                    chunks.append(chunk)
                    lines += chunk.count(b"\n")
                if lines < expected:
                    self._wait(connection, writing=sent < len(payload))
        except OSError as fault:
            raise RedisConnectionError(f"the connection to Redis failed: {fault}{_last_words(chunks)}") from fault
        return b"".join(chunks)

    def _wait(self, connection: socket.socket, *, writing: bool) -> None:
        poll = select.poll()
        poll.register(connection, select.POLLIN | (select.POLLOUT if writing else 0))
        if not poll.poll(self._stall_seconds * 1000):
            raise TimeoutError(f"no answer within {self._stall_seconds:g} seconds")


def _last_words(chunks: list[bytes]) -> str:
    """The error a server gives before it hangs up, e.g. that it has too many clients."""
    line = b"".join(chunks[-1:]).decode(errors="replace").rstrip("\r\n").rsplit("\n", 1)[-1]
    return f" ({plain_reason(line[1:])})" if line.startswith("-") else ""


def _send(connection: socket.socket, part: memoryview) -> int:
    if not part:
        return 0
    try:
        return connection.send(part)
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return 0


def _receive(connection: socket.socket) -> bytes:
    """What has arrived, or nothing. Raises: ConnectionResetError at the end of the stream."""
    try:
        chunk = connection.recv(RECEIVE_BYTES)
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return b""
    if not chunk:
        raise ConnectionResetError("Redis closed the connection")
    return chunk

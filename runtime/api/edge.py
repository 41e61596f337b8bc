"""The outermost layer: request ids, the API key, metrics, and an answer to whatever goes wrong."""

import hmac
import os
import re
import time
import traceback
from collections.abc import Callable, Sequence

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.api.faults import BadKeyError, TooLargeError, describe
from runtime.api.metrics import Metrics
from runtime.api.shortcut import Shortcut
from runtime.common.logs import log

#: Paths that need the API key; health, metrics and documentation do not.
PROTECTED = "/v1/"

#: A batch of 100 ids of 256 characters, each escaped in JSON as a surrogate pair, and then some.
MAX_BODY_BYTES = 400_000

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        api_key: bytes,
        metrics: Metrics,
        shortcuts: Sequence[Shortcut],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._app, self._api_key, self._metrics, self._clock = app, api_key, metrics, clock
        self._shortcuts = tuple(shortcuts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; anything but HTTP is passed on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._clock()
        exchange = _Exchange(scope, send)
        try:
            await self._answer(exchange, scope, receive)
        except Exception as error:
            if exchange.status:  # too late to say it in a response
                raise
            fault = describe(error)
            if fault.status == 500:
                _log_failure(error, exchange.request_id)
            await exchange.respond(fault.response(exchange.request_id), receive)
        finally:
            route = exchange.route or getattr(scope.get("route"), "path_format", "other")
            self._metrics.count_request(exchange.method, route, exchange.status, self._clock() - began)

    async def _answer(self, exchange: "_Exchange", scope: Scope, receive: Receive) -> None:
        if self._api_key and scope["path"].startswith(PROTECTED):
            self._check_key(scope)
        for shortcut in self._shortcuts:
            arguments = shortcut.arguments(scope)
            if arguments is not None:
                exchange.route = shortcut.path
                await exchange.respond(await shortcut.respond(arguments), receive)
                return
        await self._app(scope, _limited(scope, receive), exchange.send)

    def _check_key(self, scope: Scope) -> None:
        given = b""
        for name, value in scope["headers"]:
            if name == b"x-api-key":
                given = value
        if not hmac.compare_digest(given, self._api_key):
            raise BadKeyError


class _Exchange:
    """One request's id, and what has been answered to it."""

    __slots__ = ("_scope", "_send", "method", "request_id", "route", "status")

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self.request_id = scope["request_id"] = _request_id(scope)
        self.method: str = scope["method"] if scope["method"] in ("GET", "POST", "HEAD") else "other"
        self.route = ""
        self.status = 0

    async def send(self, message: Message) -> None:
        """Passes a message on, with the request id among the headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", self.request_id.encode())]
        await self._send(message)

    async def respond(self, response: Response, receive: Receive) -> None:
        """Sends a whole response."""
        await response(self._scope, receive, self.send)


def _request_id(scope: Scope) -> str:
    """The caller's request id if it is fit for a log, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return os.urandom(12).hex()


def _limited(scope: Scope, receive: Receive) -> Receive:
    """`receive` that refuses bodies which no valid request has, announced or not."""
    left = MAX_BODY_BYTES
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > left:
            raise TooLargeError

    async def receive_some() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise TooLargeError
        return message

    return receive_some


def _log_failure(error: Exception, request_id: str) -> None:
    """Logs where it failed, not what with: messages of exceptions may hold a user id."""
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    trace = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
    log("request failed", request_id=request_id, error=type(error).__name__, trace=trace)

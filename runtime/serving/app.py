"""The HTTP side of the serving contract: GET /ping and POST /invocations, as a plain ASGI application."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from runtime.common.logs import log
from runtime.serving.contract import Handler, RequestError
from runtime.serving.formats import JSON, UnsupportedTypeError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: The largest request of a transform job (MaxPayloadInMB); InvokeEndpoint takes less.
MOST_BYTES: Final = 100 * 1024 * 1024
#: Of an error's text in an answer.
_DETAIL: Final = 1000


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back over HTTP."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


class ServingApp:
    """Answers for one loaded model; its code runs in one thread, as the SageMaker containers' workers do it."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="model")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            return
        reply = await self._reply(scope, receive)
        headers = [(b"content-type", reply.content_type.encode()), (b"content-length", b"%d" % len(reply.body))]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _reply(self, scope: MutableMapping[str, Any], receive: Receive) -> Reply:
        wanted = (scope["method"], scope["path"])
        if wanted == ("GET", "/ping"):
            return Reply(200)
        if wanted != ("POST", "/invocations"):
            return Reply(404, b"the paths are GET /ping and POST /invocations")
        body = await _read(receive)
        if body is None:
            return Reply(413, b"a request has at most %d bytes" % MOST_BYTES)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._answer, body, headers)

    def _answer(self, body: bytes, headers: dict[str, str]) -> Reply:
        try:
            accept = headers.get("accept", "*/*")
            answer = self._handler.answer(body, headers.get("content-type", JSON), accept)
        except UnsupportedTypeError as error:
            return _refusal(415, error)
        except (RequestError, UnicodeDecodeError) as error:
            return _refusal(400, error)
        except Exception as error:
            traceback.print_exc()
            return _refusal(500, f"{type(error).__name__}: {error}")
        return Reply(200, answer.body, answer.content_type)


def _refusal(status: int, why: object) -> Reply:
    log("refused", status=status, reason=str(why)[:_DETAIL])
    return Reply(status, str(why)[:_DETAIL].encode())


async def _read(receive: Receive) -> bytes | None:
    """The whole body, None if it is too long."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > MOST_BYTES:
            return None
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)

"""Stands where API Gateway stands: HTTP on one side, the real handler on the other, with events of format 2.0."""

import base64
import importlib
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

Handler = Callable[[Mapping[str, Any], object], dict[str, Any]]

#: Headers that belong to one connection, not to the request.
_OWN = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})


def event_of(method: str, target: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The event that API Gateway makes of a request to an HTTP API."""
    parts = urlsplit(target)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": unquote(parts.path),
        "rawQueryString": parts.query,
        "headers": {name.lower(): value for name, value in headers.items()},
        "requestContext": {
            "http": {"method": method, "path": unquote(parts.path), "sourceIp": "127.0.0.1"},
            "domainName": "localhost",
            "stage": "$default",
        },
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


def front(handler: Handler, port: int) -> ThreadingHTTPServer:
    """A server that asks the handler, one request at a time, as an execution environment of Lambda does."""
    turn = threading.Lock()

    class Request(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            """Passes the request on, and the answer back."""
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            with turn:
                found = handler(event_of(self.command, self.path, dict(self.headers.items()), body), None)
            raw = found["body"].encode()
            content = base64.b64decode(raw) if found["isBase64Encoded"] else raw
            self.send_response(found["statusCode"])
            for name, value in found["headers"].items():
                if name not in _OWN:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = answer  # noqa: N815 - http.server wants these names

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing: paths name users."""

    return ThreadingHTTPServer(("127.0.0.1", port), Request)


def main(arguments: list[str]) -> None:
    """`python -m pipelinegen.local.http_front module.function port`."""
    module, _, name = arguments[0].rpartition(".")
    front(getattr(importlib.import_module(module), name), int(arguments[1])).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])

"""The API as a Lambda function behind an HTTP API: `handler(event, context)`, with events of payload format 2.0.

One event loop lives as long as the execution environment, and the application's lifespan with it, so that the
connection to Redis outlives a request. It stands still between requests; a connection lost meanwhile is opened again.
"""

import asyncio
import base64
import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from starlette.types import ASGIApp, Message, Scope

from runtime.api.app import create_app
from runtime.api.configuration import read_configuration

Event = Mapping[str, Any]


class Application:
    """An ASGI application in an event loop of its own, asked with the events of API Gateway."""

    def __init__(self, app: ASGIApp) -> None:
        """Starts the application; returns once it says that it has started. Raises: RuntimeError if it says not."""
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self._lifespan = self._loop.create_task(self._live())
        self._say("startup")

    def answer(self, event: Event) -> dict[str, Any]:
        """The response to an event, as API Gateway takes it."""
        return self._loop.run_until_complete(self._answer(event))

    def close(self) -> None:
        """Ends the application and its loop."""
        self._say("shutdown")
        self._loop.run_until_complete(self._lifespan)
        self._loop.close()

    async def _live(self) -> None:
        scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
        await self._app(scope, self._to_app.get, self._from_app.put)

    def _say(self, word: str) -> None:
        self._to_app.put_nowait({"type": f"lifespan.{word}"})
        said = self._loop.run_until_complete(self._from_app.get())
        if said["type"] != f"lifespan.{word}.complete":
            raise RuntimeError(f"the application's {word} failed: {said.get('message', 'it does not say why')}")

    async def _answer(self, event: Event) -> dict[str, Any]:
        body = event.get("body") or ""
        content = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        incoming: list[Message] = [{"type": "http.request", "body": content, "more_body": False}]
        sent: list[Message] = []

        async def receive() -> Message:
            return incoming.pop() if incoming else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(_scope(event), receive, send)
        return _response(sent)


def _scope(event: Event) -> Scope:
    http = event["requestContext"]["http"]
    path = event["rawPath"]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": http["method"],
        "scheme": "https",
        # API Gateway has decoded the path once already, but for what it takes for a separator.
        "path": path,
        "raw_path": path.encode(),
        "query_string": (event.get("rawQueryString") or "").encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), str(value).encode()) for name, value in event["headers"].items()],
        "client": (http.get("sourceIp", ""), 0),
        "server": (event["requestContext"].get("domainName", ""), 443),
    }


def _response(sent: list[Message]) -> dict[str, Any]:
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    try:
        text, encoded = body.decode(), False
    except UnicodeDecodeError:
        text, encoded = base64.b64encode(body).decode(), True
    return {"statusCode": start["status"], "headers": headers, "body": text, "isBase64Encoded": encoded}


def with_secrets(environ: Mapping[str, str], client: Any) -> dict[str, str]:
    """The environment, and in it what API_SECRETS names: `{variable: [secret, field]}`; what is there stays."""
    found = dict(environ)
    values: dict[str, Mapping[str, str]] = {}
    for variable, (secret, field) in json.loads(environ.get("API_SECRETS", "{}")).items():
        if variable not in found:
            if secret not in values:
                values[secret] = json.loads(client().get_secret_value(SecretId=secret)["SecretString"])
            found[variable] = values[secret][field]
    return found


@cache
def _application() -> Application:
    environ = with_secrets(os.environ, lambda: boto3.client("secretsmanager"))
    return Application(create_app(read_configuration(environ)))


def handler(event: Event, context: object) -> dict[str, Any]:
    """Answers one request. Raises: SettingsError if the environment is not as it should be."""
    del context
    return _application().answer(event)

"""The API as a Lambda function: the same application, asked with events, over a real Redis."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from pipelinegen.local.http_front import event_of, front
from runtime.api.app import create_app
from runtime.api.on_lambda import Application, Event, with_secrets
from tests.api_server import configuration
from tests.redis_server import RedisServer, running_redis
from tests.runtime.test_api import QUICK, answer, lists_for, publish

USER = "a/b ü%"


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with running_redis() as running:
        publish(running, {USER: lists_for(7)})
        yield running


@pytest.fixture
def application(server: RedisServer) -> Iterator[Application]:
    made = Application(create_app(configuration(server.port), limits=QUICK))
    yield made
    made.close()


def ask(application: Application, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
    found = application.answer(event_of(method, path, {"Content-Type": "application/json"}, body))
    assert found["headers"]["x-request-id"]
    return found["statusCode"], json.loads(found["body"]) if found["body"] else None


def test_it_answers_as_the_container_does(application: Application) -> None:
    path = f"/v1/recommendations/{quote(USER, safe='')}?limit=2"
    assert ask(application, "GET", path) == (200, answer(USER, 7, 2))
    status, found = ask(application, "POST", "/v1/recommendations", json.dumps({"user_ids": [USER, "nobody"]}).encode())
    assert (status, found["not_found"]) == (200, ["nobody"])
    assert found["recommendations"][0] == answer(USER, 7)
    assert ask(application, "GET", "/ready")[0] == 200
    assert ask(application, "GET", "/v1/recommendations/nobody")[0] == 404
    assert ask(application, "POST", "/v1/recommendations", b"{")[0] == 422
    assert ask(application, "DELETE", path)[0] == 405


def test_a_redis_that_was_away_between_two_requests_is_found_again(
    application: Application, server: RedisServer
) -> None:
    path = f"/v1/recommendations/{quote(USER, safe='')}"
    assert ask(application, "GET", path)[0] == 200
    server.stop()
    assert ask(application, "GET", path)[0] == 503
    server.start()
    publish(server, {USER: lists_for(8)})
    give_up = time.monotonic() + 20
    while (found := ask(application, "GET", path))[0] == 503 and time.monotonic() < give_up:
        pass
    assert found == (200, answer(USER, 8))


def test_the_same_over_http(application: Application) -> None:
    def handler(event: Event, context: object) -> dict[str, Any]:
        del context
        return application.answer(event)

    with front(handler, 0) as gateway:
        threading.Thread(target=gateway.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{gateway.server_address[1]}"
        reply = httpx.get(f"{place}/v1/recommendations/{quote(USER, safe='')}", params={"limit": 1})
        assert reply.status_code == 200
        assert reply.json()["user_id"] == USER
        assert "text/plain" in httpx.get(f"{place}/metrics").headers["content-type"]
        gateway.shutdown()


class Secrets:
    """Secrets Manager's part; counts how often it is asked."""

    def __init__(self, values: dict[str, dict[str, str]]) -> None:
        self.values, self.asked = values, 0

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        self.asked += 1
        return {"SecretString": json.dumps(self.values[SecretId])}


def test_secrets_become_variables_and_each_is_read_once() -> None:
    secrets = Secrets({"redis": {"username": "u", "password": "p"}, "keys": {"key": "k"}})
    wanted = {"REDIS_USERNAME": ["redis", "username"], "REDIS_PASSWORD": ["redis", "password"], "KEY": ["keys", "key"]}
    environ = {"API_SECRETS": json.dumps(wanted), "KEY": "mine"}
    found = with_secrets(environ, lambda: secrets)
    assert (found["REDIS_USERNAME"], found["REDIS_PASSWORD"], found["KEY"]) == ("u", "p", "mine")
    assert secrets.asked == 1
    assert with_secrets({}, lambda: pytest.fail("nobody is asked")) == {}

"""What the API says when its environment is not as it should be."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from runtime.api.configuration import read_configuration
from runtime.common.settings import SettingsError
from tests.redis_server import RedisServer, free_port

SETTINGS: dict[str, Any] = {
    "schema_version": 1,
    "title": "vehicle-recommendations",
    "key": "recommendations:{user_id}",
    "item_name": "vehicle_id",
    "hash_user_ids": True,
    "max_items": 20,
}


def environment(folder: Path, settings: object = SETTINGS, **changes: str) -> dict[str, str]:
    path = folder / "settings.json"
    path.write_text(json.dumps(settings))
    redis = {"REDIS_HOST": "cache", "REDIS_PORT": "6379", "REDIS_TLS": "true"}
    return {"API_SETTINGS": str(path), "PSEUDONYM_KEY": "k1", "REDIS_PASSWORD": "k2", "API_KEY": "k3"} | redis | changes


def test_everything_is_read(tmp_path: Path) -> None:
    configuration = read_configuration(environment(tmp_path, REDIS_USERNAME="reader"))

    assert configuration.settings.model_dump() == SETTINGS | {"tokenise_user_ids": False}
    assert (configuration.redis.host, configuration.redis.port, configuration.redis.tls) == ("cache", 6379, True)
    assert (configuration.redis.username, configuration.redis.password) == ("reader", "k2")
    assert (configuration.pseudonym_key, configuration.api_key) == (b"k1", b"k3")
    assert not any(secret in repr(configuration) for secret in ("k1", "k2", "k3"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": "recommendations"}, "is not as it should be: 'key': Value error, must hold {user_id}"),
        ({"max_items": 0}, "is not as it should be: 'max_items': Input should be greater than or equal to 1"),
        ({"item_name": "Vehicle id"}, "is not as it should be: 'item_name': String should match pattern"),
        ({"item_name": "score"}, "is not as it should be: 'item_name': Value error, must not be 'score'"),
        ({"colour": 1}, "is not as it should be: 'colour': Extra inputs are not permitted"),
        ({"schema_version": 2}, "has schema_version 2, this runtime reads 1"),
    ],
)
def test_odd_settings(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_configuration(environment(tmp_path, SETTINGS | change))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"API_SETTINGS": ""}, "the environment variable API_SETTINGS (the path of settings.json) is missing"),
        ({"REDIS_HOST": ""}, "the environment variable REDIS_HOST is missing"),
        ({"REDIS_PORT": "70000"}, "the environment variable REDIS_PORT is no port number: '70000'"),
        ({"REDIS_TLS": "yes"}, "the environment variable REDIS_TLS is neither 'true' nor 'false': 'yes'"),
        ({"PSEUDONYM_KEY": ""}, "user ids are stored under pseudonyms, but PSEUDONYM_KEY is missing"),
        ({"TOKEN_KEY": "k"}, "TOKEN_KEY cannot be used: the key for tokens has 1 characters; it needs 32, at random"),
    ],
)
def test_odd_environments(tmp_path: Path, change: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_configuration(environment(tmp_path, **change))
    assert str(caught.value) == message


def uvicorn(environ: dict[str, str], port: int) -> subprocess.Popen[str]:
    """The service as it is deployed, with uvicorn's defaults."""
    command = [sys.executable, "-m", "uvicorn", "--factory", "runtime.api.app:from_environment", "--port", str(port)]
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    known["PYTHONPATH"] = str(Path(__file__).parents[2])
    return subprocess.Popen(command, env=environ | known, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_process_logs_no_user(tmp_path: Path, redis_server: RedisServer) -> None:
    port = free_port()
    environ = environment(tmp_path, REDIS_HOST="127.0.0.1", REDIS_PORT=str(redis_server.port), REDIS_TLS="false")
    process = uvicorn({name: value for name, value in environ.items() if name != "REDIS_PASSWORD"}, port)
    try:
        transport = httpx.HTTPTransport(retries=8)  # until it listens
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=20) as client:
            response = client.get("/v1/recommendations/secret-user", headers={"X-API-Key": "k3"})
        assert response.status_code == 404
    finally:
        process.terminate()
    output, errors = process.communicate(timeout=30)
    assert json.loads(output.splitlines()[0]) == {"event": "Redis connected", "connections": 1}
    assert "secret-user" not in output + errors


def test_the_process_ends_with_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "none.json"
    process = uvicorn(environment(tmp_path, API_SETTINGS=str(missing)), 0)

    _, errors = process.communicate(timeout=60)

    assert process.returncode == 1
    assert errors.splitlines() == [
        f"the API cannot start: {missing} is not a settings document: [Errno 2] No such file or directory: '{missing}'"
    ]

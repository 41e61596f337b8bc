"""A rotation as Secrets Manager drives it: four steps against moto's secrets, and a user with at most two passwords."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from runtime.common.settings import SettingsError
from runtime.redis_rotation.handler import STEPS, Rotation, handler

SECRET, USER = "demo/dev/redis", "demo-dev-redis"


class Cache:
    """ElastiCache's part: a user that takes a moment to change, and refuses what AWS refuses."""

    def __init__(self) -> None:
        self.kind, self.passwords, self.busy = "iam", [""], 0

    def modify_user(self, UserId: str, AuthenticationMode: dict[str, Any]) -> None:  # noqa: N803 - boto3's names
        assert UserId == USER
        passwords = AuthenticationMode["Passwords"]
        assert 1 <= len(passwords) <= 2
        assert all(16 <= len(password) <= 128 for password in passwords)
        self.kind, self.passwords, self.busy = AuthenticationMode["Type"], passwords, 2

    def describe_users(self, UserId: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert UserId == USER
        self.busy -= 1
        status = "modifying" if self.busy >= 0 else "active"
        return {"Users": [{"Status": status, "Authentication": {"Type": self.kind}}]}


class Services:
    """ECS's part."""

    def __init__(self) -> None:
        self.restarted: list[tuple[str, str]] = []

    def update_service(self, cluster: str, service: str, forceNewDeployment: bool) -> None:  # noqa: N803
        assert forceNewDeployment
        self.restarted.append((cluster, service))


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Secrets Manager with the secret as CloudFormation lays it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="eu-central-1")
        first = {"username": USER, "password": "the-first-password-of-cloudformation"}
        client.create_secret(Name=SECRET, SecretString=json.dumps(first))
        yield client


def rotate(secrets: Any, cache: Cache, services: Services, number: int) -> None:
    token = f"{number:032}"
    waits: list[float] = []
    readers = (("api", "api"),)
    rotation = Rotation(secrets, cache, services, SECRET, token, USER, readers, waits.append)
    for step in STEPS.values():
        step(rotation)
        step(rotation)  # Secrets Manager may call a step again
    assert waits


def password(secrets: Any, stage: str = "AWSCURRENT") -> str:
    found = json.loads(secrets.get_secret_value(SecretId=SECRET, VersionStage=stage)["SecretString"])
    assert found["username"] == USER
    return str(found["password"])


def test_every_rotation_leaves_a_new_password_and_the_one_before_it(secrets: Any) -> None:
    cache, services = Cache(), Services()
    seen = [password(secrets)]
    for number in (1, 2, 3):
        rotate(secrets, cache, services, number)
        seen.append(password(secrets))
        assert cache.kind == "password"
        assert cache.passwords == [seen[-1], seen[-2]]
        assert password(secrets, "AWSPREVIOUS") == seen[-2]
    assert len(set(seen)) == 4
    assert services.restarted == [("api", "api")] * 3


def test_a_user_that_is_not_as_it_should_be_stops_the_rotation(secrets: Any) -> None:
    rotation = Rotation(secrets, Cache(), Services(), SECRET, "1" * 32, USER, ())
    with pytest.raises(RuntimeError, match="is active, and logs in by iam"):
        rotation.test()


def test_the_handler_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("REDIS_USER", raising=False)
    event = {"Step": "createSecret", "SecretId": SECRET, "ClientRequestToken": "1" * 32}
    with pytest.raises(SettingsError, match="REDIS_USER is missing"):
        handler(event, None)
    with pytest.raises(ValueError, match="there is no step 'begin'"):
        handler({**event, "Step": "begin"}, None)

"""The Lambda function: `handler(event, context)`, called by Secrets Manager for each step of a rotation.

A user of ElastiCache has two passwords at most. The new one is added beside the one in use, so that nobody who is
logged in or about to is turned away; the one before that is gone (Secrets Manager guide, "alternating passwords").
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from runtime.common.logs import log
from runtime.common.settings import SettingsError

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
#: ElastiCache takes 16 to 128 characters (CreateUser, `Passwords`).
PASSWORD_LENGTH = 64
_WAIT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Rotation:
    """One secret, the version that is being made of it, and whom it is for."""

    secrets: Any
    cache: Any
    services: Any
    secret_id: str
    token: str
    user_id: str
    readers: tuple[tuple[str, str], ...]
    wait: Callable[[float], None] = time.sleep

    def create(self) -> None:
        """A new password, kept as the pending version; a second call keeps what the first has made."""
        try:
            self._value(PENDING, self.token)
        except self.secrets.exceptions.ResourceNotFoundException:
            answer = self.secrets.get_random_password(PasswordLength=PASSWORD_LENGTH, ExcludePunctuation=True)
            value = json.dumps({"username": self.user_id, "password": answer["RandomPassword"]})
            self.secrets.put_secret_value(
                SecretId=self.secret_id, ClientRequestToken=self.token, SecretString=value, VersionStages=[PENDING]
            )

    def apply(self) -> None:
        """The user takes the pending password, and the current one still; returns once both are in force."""
        passwords = dict.fromkeys((self._value(PENDING, self.token)["password"], self._value(CURRENT)["password"]))
        mode = {"Type": "password", "Passwords": list(passwords)}
        self.cache.modify_user(UserId=self.user_id, AuthenticationMode=mode)
        while self._user()["Status"] == "modifying":
            self.wait(_WAIT_SECONDS)

    def test(self) -> None:
        """Raises: RuntimeError if the user is not there as `apply` has left it."""
        user = self._user()
        kind = user["Authentication"]["Type"]
        if user["Status"] != "active" or kind != "password":
            raise RuntimeError(f"the user '{self.user_id}' is {user['Status']}, and logs in by {kind}")

    def finish(self) -> None:
        """The pending version becomes the current one, and those who read it at their start start again."""
        versions = self.secrets.describe_secret(SecretId=self.secret_id)["VersionIdsToStages"]
        current = next(version for version, stages in versions.items() if CURRENT in stages)
        if current == self.token:
            return
        self.secrets.update_secret_version_stage(
            SecretId=self.secret_id, VersionStage=CURRENT, MoveToVersionId=self.token, RemoveFromVersionId=current
        )
        for cluster, service in self.readers:
            self.services.update_service(cluster=cluster, service=service, forceNewDeployment=True)

    def _value(self, stage: str, version: str | None = None) -> Mapping[str, str]:
        wanted = {"VersionStage": stage, **({"VersionId": version} if version else {})}
        value: dict[str, str] = json.loads(
            self.secrets.get_secret_value(SecretId=self.secret_id, **wanted)["SecretString"]
        )
        return value

    def _user(self) -> Mapping[str, Any]:
        user: dict[str, Any] = self.cache.describe_users(UserId=self.user_id)["Users"][0]
        return user


STEPS: Mapping[str, Callable[[Rotation], None]] = {
    "createSecret": Rotation.create,
    "setSecret": Rotation.apply,
    "testSecret": Rotation.test,
    "finishSecret": Rotation.finish,
}


def handler(event: Mapping[str, str], context: object) -> None:
    """Does one step; Secrets Manager calls four times. Raises: SettingsError, ValueError for an unknown step."""
    del context
    step = event["Step"]
    if step not in STEPS:
        raise ValueError(f"there is no step '{step}'; there are: {', '.join(STEPS)}")
    rotation = Rotation(
        secrets=boto3.client("secretsmanager"),
        cache=boto3.client("elasticache"),
        services=boto3.client("ecs"),
        secret_id=event["SecretId"],
        token=event["ClientRequestToken"],
        user_id=_needed("REDIS_USER"),
        readers=_readers(os.environ.get("REDIS_READERS", "")),
    )
    STEPS[step](rotation)
    log("rotation step done", step=step, secret=event["SecretId"])


def _needed(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SettingsError(f"the environment variable {name} is missing")
    return value


def _readers(text: str) -> tuple[tuple[str, str], ...]:
    """`cluster/service,cluster/service` as pairs."""
    pairs = [part.partition("/") for part in text.split(",") if part]
    return tuple((cluster, service) for cluster, _, service in pairs)

"""Clients and environments that carry the credentials of one role, obtained from the local cloud's own STS."""

import threading
from typing import Any, Final

import boto3
from botocore.config import Config

from pipelinegen.local.cloud.tasks import HEADER, current_task
from pipelinegen.local.processes import inherited_environment

#: The administrator's keys: unknown to IAM, hence of the server's own account (MOTO_ACCOUNT_ID).
ADMINISTRATOR: Final = {"AWS_ACCESS_KEY_ID": "local-administrator", "AWS_SECRET_ACCESS_KEY": "local-administrator"}

_CONFIG: Final = Config(
    s3={"addressing_style": "path"},
    retries={"total_max_attempts": 1},
    connect_timeout=10,
    read_timeout=3600,
    # The interpreter hands on what the state says; the service is to refuse it, as on AWS.
    parameter_validation=False,
    max_pool_connections=32,
)


class RoleSessions:
    """Clients by service and role; safe to use from many threads."""

    def __init__(self, endpoint: str, region: str) -> None:
        self.endpoint = endpoint
        self.region = region
        self._lock = threading.RLock()
        self._credentials: dict[str, dict[str, str]] = {}
        self._clients: dict[tuple[str, str | None, str], Any] = {}

    def credentials(self, role_arn: str | None) -> dict[str, str]:
        """The keys of a role as environment variables; None is the administrator."""
        if role_arn is None:
            return dict(ADMINISTRATOR)
        with self._lock:
            if role_arn not in self._credentials:
                answer = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="local")["Credentials"]
                self._credentials[role_arn] = {
                    "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
                    "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
                    "AWS_SESSION_TOKEN": answer["SessionToken"],
                }
            return dict(self._credentials[role_arn])

    def client(self, service: str, role_arn: str | None = None, region: str | None = None) -> Any:
        """A client of the local cloud with the credentials of a role; None is the administrator."""
        key = (service, role_arn, region or self.region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._new_client(*key)
            return self._clients[key]

    def environment(self, role_arn: str | None) -> dict[str, str]:
        """The environment of a job that runs as the role: the local cloud is the only AWS it can see."""
        return {
            **inherited_environment(),
            **self.credentials(role_arn),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "TZ": "UTC",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _new_client(self, service: str, role_arn: str | None, region: str) -> Any:
        keys = self.credentials(role_arn)
        client = boto3.Session().client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            config=_CONFIG,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys.get("AWS_SESSION_TOKEN"),
        )
        client.meta.events.register("before-call", _add_task)
        client.meta.events.register("after-call", _add_request_id)
        return client


def _add_task(params: dict[str, Any], **_: object) -> None:
    task = current_task()
    if task is not None:
        params["headers"][HEADER] = task.header()


def _add_request_id(parsed: dict[str, Any], **_: object) -> None:
    # moto 5.2.5 answers some services without a request id, which its own error handling then misses.
    parsed.setdefault("ResponseMetadata", {}).setdefault("RequestId", "00000000-0000-0000-0000-000000000000")

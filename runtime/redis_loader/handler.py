"""The Lambda function: `handler(event, context)`."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import boto3

from runtime.common.logs import log
from runtime.common.names import KEY_PLACEHOLDER
from runtime.common.redis_address import RedisAddress, read_address
from runtime.common.settings import SettingsError, read_settings
from runtime.redis_loader.client import RedisLink
from runtime.redis_loader.encode import RowEncoder
from runtime.redis_loader.load import load
from runtime.redis_loader.retry import TimeBudget
from runtime.redis_loader.source import read_batches

#: Rows encoded, sent and, after a fault, sent again at a time: about 3.5 MB on the wire with 20 items a row.
BATCH_ROWS = 5_000


class Context(Protocol):
    """What is used of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """The event: which predictions to load, and what to note with them."""

    predictions: str
    run_date: str
    model_version: str


def handler(event: Mapping[str, Any], context: Context) -> dict[str, int]:
    """Loads the event's predictions into Redis and returns `{"rows", "rejects", "keys"}`.

    Raises: LoadError (how far it got), SettingsError, ValueError for an event that lacks something.
    """
    request = read_request(event)
    key, expire_seconds = read_loader_settings(Path(os.environ.get("LAMBDA_TASK_ROOT", ".")) / "settings.json")
    address = secret_address(os.environ, boto3.client("secretsmanager"))
    budget = TimeBudget.of(context.get_remaining_time_in_millis)
    encoder = RowEncoder(key, expire_seconds, request.model_version, request.run_date)
    log("load started", predictions=request.predictions, run_date=request.run_date, model=request.model_version)
    started = time.monotonic()
    batches = read_batches(boto3.client("s3"), request.predictions, BATCH_ROWS, budget)
    progress = load(batches, encoder, RedisLink(address), budget)
    seconds = time.monotonic() - started
    log("load finished", rows=progress.rows, rejects=progress.rejects, reasons=progress.reasons, seconds=seconds)
    return {"rows": progress.rows, "rejects": progress.rejects, "keys": progress.rows}


def read_request(event: Mapping[str, Any]) -> LoadRequest:
    """The event, checked. Raises: ValueError naming every field that is missing or odd."""
    odd = [name for name in LoadRequest.__slots__ if not isinstance(event.get(name), str) or not event[name]]
    if odd:
        raise ValueError(f"the event lacks: {', '.join(odd)}")
    date.fromisoformat(event["run_date"])
    return LoadRequest(event["predictions"], event["run_date"], event["model_version"])


def read_loader_settings(path: Path) -> tuple[str, int]:
    """Key pattern and seconds to live. Raises: SettingsError if they are missing or odd."""
    settings = read_settings(path)
    key, expire_seconds = settings.get("key"), settings.get("expire_seconds")
    if not isinstance(key, str) or KEY_PLACEHOLDER not in key:
        raise SettingsError(f"{path}: 'key' must be a pattern that holds {KEY_PLACEHOLDER}")
    if not isinstance(expire_seconds, int) or isinstance(expire_seconds, bool) or expire_seconds < 1:
        raise SettingsError(f"{path}: 'expire_seconds' must be a whole number of at least 1")
    return key, expire_seconds


def secret_address(environ: Mapping[str, str], secrets: Any) -> RedisAddress:
    """The endpoint, with the user and password of the secret that REDIS_SECRET names, if it names one.

    Raises: SettingsError if the secret holds no password.
    """
    name = environ.get("REDIS_SECRET", "")
    if not name:
        return read_address(environ)
    try:
        secret = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
        username, password = secret.get("username") or "", secret["password"]
    except (ValueError, KeyError, AttributeError, TypeError):
        raise SettingsError(f"the secret '{name}' must be JSON with a 'password'") from None
    return read_address(environ, username=username, password=password)

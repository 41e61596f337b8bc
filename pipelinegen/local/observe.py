"""What is to be seen after a run: checks of datasets, parameters, keys in Redis and some of their values."""

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from pipelinegen.local.deploy import Deployment
from pipelinegen.local.features import with_features
from pipelinegen.local.local_cloud import LocalCloud
from pipelinegen.local.redis import RedisServer
from pipelinegen.local.run_folders import RunRecord
from pipelinegen.local.s3_transfer import split_uri
from pipelinegen.local.session import Session

#: Hashes that are kept as examples, and fields of each.
_SAMPLES: Final = 8
_FIELDS: Final = 12


def observe(session: Session, record: RunRecord) -> None:
    """Adds it to the record."""
    record.reports = check_reports(session.cloud, session.deployment, record.date)
    record.rows = {name: found["rows"] for report in record.reports for name, found in report["inputs"].items()}
    record.keys = redis_keys(session.redis)
    record.samples = with_features(session.cloud, redis_samples(session.redis), session.runs.folder(record.id))
    record.parameters_after = parameter_values(session)


def check_reports(cloud: LocalCloud, deployment: Deployment, date: str) -> list[dict[str, Any]]:
    """The reports that the Glue jobs of a date wrote: rows read and written, and what the checks found."""
    found = []
    for pattern in deployment.settings["summary"]["reports"]:
        bucket, key = split_uri(pattern.replace("{run_date}", date))
        try:
            body = cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError:
            continue
        found.append(json.loads(body))
    return found


def parameter_values(session: Session) -> dict[str, Any]:
    """The pipeline's SSM parameters, such as the pointer to the promoted model; JSON is read."""
    values: dict[str, Any] = {}
    client = session.cloud.client("ssm")
    for parameter in session.deployment.settings.get("parameters", []):
        try:
            text = client.get_parameter(Name=parameter["name"])["Parameter"]["Value"]
        except ClientError:
            continue
        values[parameter["name"]] = _parsed(text)
    return values


def redis_keys(server: RedisServer) -> int:
    """How many keys the Redis server holds."""
    import redis

    with redis.Redis(host=server.host, port=server.port, password=server.password) as client:
        return int(client.dbsize())


def redis_samples(server: RedisServer) -> list[dict[str, Any]]:
    """A few hashes, the first by key of those that a scan finds first; values that are JSON are read."""
    import redis

    with redis.Redis(host=server.host, port=server.port, password=server.password, decode_responses=True) as client:
        keys = sorted(key for _, key in zip(range(_SAMPLES), client.scan_iter(count=100), strict=False))
        hashes = {key: client.hgetall(key) for key in keys if client.type(key) == "hash"}
    return [{"key": key, "fields": _readable(value)} for key, value in hashes.items()]


def _readable(fields: Mapping[str, str]) -> dict[str, Any]:
    return {name: _parsed(text) for name, text in sorted(fields.items())[:_FIELDS]}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

"""The Lambda function, with a real Redis and S3 and Secrets Manager behind HTTP."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redis
from botocore.exceptions import ResponseStreamingError
from moto.server import ThreadedMotoServer

from runtime.common.redis_address import RedisAddress
from runtime.common.settings import SettingsError
from runtime.redis_loader.client import RedisLink
from runtime.redis_loader.encode import RowEncoder
from runtime.redis_loader.handler import handler, read_loader_settings, read_request, secret_address
from runtime.redis_loader.load import LoadError, load
from runtime.redis_loader.retry import OutOfTimeError, RetryPolicy, TimeBudget
from runtime.redis_loader.source import RANGE_BYTES, SourceBatch, SourceError, list_files, read_batches
from tests.redis_server import RedisServer, free_port, running_redis

BUCKET = "loader-data"
FOLDER = f"s3://{BUCKET}/predict/date=2026-11-22/"
EVENT = {"predictions": FOLDER, "run_date": "2026-11-22", "model_version": "train-7"}
SETTINGS = {"schema_version": 1, "key": "recommendations:{user_id}", "expire_seconds": 259_200}
PLENTY = TimeBudget(lambda: 900_000)
SCHEMA = pa.schema({"user_id": pa.string(), "item_ids": pa.list_(pa.string()), "scores": pa.list_(pa.float32())})


class Clock:
    """A Lambda context whose time runs out after so many looks at it."""

    def __init__(self, looks: int = 1_000_000) -> None:
        self.looks = looks

    def get_remaining_time_in_millis(self) -> int:
        self.looks -= 1
        return 900_000 if self.looks >= 0 else 5_000


def predictions(first: int, count: int) -> pa.Table:
    users = [f"user-{n}" for n in range(first, first + count)]
    items = [[f"v{n}", f"v{n + 1}"] for n in range(first, first + count)]
    return pa.table([users, items, [[0.75, 0.5]] * count], schema=SCHEMA)


@pytest.fixture(scope="module")
def cloud() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(cloud: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": cloud,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def s3(aws: None) -> Any:
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield client
    for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=entry["Key"])
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def function(
    s3: Any, redis_server: RedisServer, database: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> redis.Redis:
    """The function's surroundings; gives a client of the database it writes to."""
    (tmp_path / "settings.json").write_text(json.dumps(SETTINGS))
    for name, value in {
        "LAMBDA_TASK_ROOT": str(tmp_path),
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis_server.port),
        "REDIS_TLS": "false",
        "REDIS_SECRET": "",
    }.items():
        monkeypatch.setenv(name, value)
    return database


def put(s3: Any, name: str, table: pa.Table) -> None:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, row_group_size=1_000)
    s3.put_object(Bucket=BUCKET, Key=f"predict/date=2026-11-22/{name}", Body=buffer.getvalue())


def logged(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_loads_every_row_of_every_file_and_again(s3: Any, function: redis.Redis) -> None:
    put(s3, "part-00000.parquet", predictions(0, 7_000))
    put(s3, "part-00001.parquet", predictions(7_000, 10))
    put(s3, "_temporary/part-00002.parquet", predictions(90_000, 1))
    s3.put_object(Bucket=BUCKET, Key="predict/date=2026-11-22/_SUCCESS", Body=b"")
    s3.put_object(Bucket=BUCKET, Key="predict/date=2026-11-222/part-00000.parquet", Body=b"another day")

    for _ in range(2):
        assert handler(EVENT, Clock()) == {"rows": 7_010, "rejects": 0, "keys": 7_010}
        assert function.dbsize() == 7_010
    assert function.hgetall("recommendations:user-7009") == {
        "items": '["v7009","v7010"]',
        "scores": "[0.75,0.5]",
        "model_version": "train-7",
        "run_date": "2026-11-22",
    }
    assert 259_190 < int(function.ttl("recommendations:user-7009")) <= 259_200


def test_rejects_are_counted_and_logged_without_users(
    s3: Any, function: redis.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("secret-user", ["a"], [1.0, 2.0]), (None, ["a"], [1.0]), ("u", ["a"], [1.0]), ("w", [], [])]
    put(s3, "part-00000.parquet", pa.table([list(column) for column in zip(*rows, strict=True)], schema=SCHEMA))
    file = FOLDER + "part-00000.parquet"

    assert handler(EVENT, Clock()) == {"rows": 1, "rejects": 3, "keys": 1}

    output = capsys.readouterr().out
    assert [entry for entry in logged(output) if entry["event"] == "row rejected"] == [
        {"event": "row rejected", "file": file, "row": 0, "reason": "item_ids and scores differ in length"},
        {"event": "row rejected", "file": file, "row": 1, "reason": "user_id is null or empty"},
        {"event": "row rejected", "file": file, "row": 3, "reason": "item_ids is null or empty"},
    ]
    assert "secret-user" not in output


def test_wider_types_are_read_and_others_refused(s3: Any, function: redis.Redis) -> None:
    wide = {"user_id": pa.large_string(), "item_ids": pa.large_list(pa.int64()), "scores": pa.list_(pa.float64())}
    put(s3, "part-00000.parquet", pa.table([["u"], [[7]], [[0.5]]], schema=pa.schema(wide)))
    assert handler(EVENT, Clock()) == {"rows": 1, "rejects": 0, "keys": 1}
    assert function.hget("recommendations:u", "items") == '["7"]'

    put(s3, "part-00000.parquet", pa.table({"user_id": ["u"], "item_ids": ["a"], "scores": [[0.5]]}))
    with pytest.raises(LoadError, match="has columns of other types than agreed"):
        handler(EVENT, Clock())
    put(s3, "part-00000.parquet", pa.table({"user_id": ["u"]}))
    with pytest.raises(LoadError, match=r"lacks the columns: item_ids, scores; 0 rows were written"):
        handler(EVENT, Clock())


def test_nothing_to_load_is_an_error(s3: Any, function: redis.Redis) -> None:
    with pytest.raises(LoadError, match=f"there are no Parquet files under '{FOLDER}'"):
        handler(EVENT, Clock())
    put(s3, "part-00000.parquet", predictions(0, 0))
    with pytest.raises(LoadError, match="no row could be written: 0 rejected"):
        handler(EVENT, Clock())


def test_one_file_can_be_named(s3: Any) -> None:
    put(s3, "part-00000.parquet", predictions(0, 1))
    put(s3, "part-00001.parquet", predictions(0, 1))

    assert list_files(s3, FOLDER + "part-00001.parquet") == [FOLDER + "part-00001.parquet"]
    with pytest.raises(SourceError):
        list_files(s3, f"s3://{BUCKET}/predict/date=2026-11-2")


def test_password_comes_from_the_secret(s3: Any, function: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    put(s3, "part-00000.parquet", predictions(0, 3))
    secrets = boto3.client("secretsmanager")
    secrets.create_secret(Name="dev/redis", SecretString=json.dumps({"password": "very long"}))
    monkeypatch.setenv("REDIS_SECRET", "dev/redis")
    with running_redis(password="very long") as server:
        monkeypatch.setenv("REDIS_PORT", str(server.port))

        assert handler(EVENT, Clock())["rows"] == 3
        assert server.client().dbsize() == 3

    secrets.put_secret_value(SecretId="dev/redis", SecretString="no JSON")
    with pytest.raises(SettingsError, match="the secret 'dev/redis' must be JSON with a 'password'"):
        secret_address({"REDIS_SECRET": "dev/redis"}, secrets)


def test_stops_in_order_when_time_runs_out(s3: Any, function: redis.Redis) -> None:
    put(s3, "part-00000.parquet", predictions(0, 12_000))

    with pytest.raises(LoadError) as caught:
        handler(EVENT, Clock(looks=4))

    written = function.dbsize()
    assert written in (0, 5_000, 10_000)
    assert f"; {written} rows were written and 0 rejected" in str(caught.value)
    assert isinstance(caught.value.__cause__, OutOfTimeError)


class FlakyBody:
    """A body that breaks off."""

    def read(self) -> bytes:
        raise ResponseStreamingError(error="cut off")


class FlakyS3:
    """S3 whose every third body breaks off."""

    def __init__(self, s3: Any) -> None:
        self._s3, self._calls = s3, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def get_object(self, **arguments: Any) -> Any:
        self._calls += 1
        return {"Body": FlakyBody()} if self._calls % 3 == 0 else self._s3.get_object(**arguments)


def test_bodies_that_break_off_are_fetched_again(s3: Any) -> None:
    put(s3, "part-00000.parquet", predictions(0, 3_000))

    batches = list(read_batches(FlakyS3(s3), FOLDER, 700, PLENTY))

    assert pa.Table.from_batches([batch.rows for batch in batches]).equals(predictions(0, 3_000))
    assert [batch.first_row for batch in batches] == [0, 700, 1_400, 2_100, 2_800]


class WatchedS3:
    """S3 that notes how much is read at a time."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self.sizes: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def get_object(self, **arguments: Any) -> Any:
        answer = self._s3.get_object(**arguments)
        self.sizes.append(answer["ContentLength"])
        return answer


@pytest.mark.slow
def test_no_file_is_ever_held_whole(s3: Any) -> None:
    rows = 200_000
    scores = pa.array(np.random.default_rng(0).random(rows * 20, dtype=np.float32))
    offsets = pa.array(np.arange(0, rows * 20 + 1, 20, dtype=np.int32))
    items = pa.ListArray.from_arrays(offsets, pa.array(["v"] * rows * 20))
    table = pa.table(
        [[f"user-{n}" for n in range(rows)], items, pa.ListArray.from_arrays(offsets, scores)], schema=SCHEMA
    )
    body = io.BytesIO()
    pq.write_table(table, body, row_group_size=rows)
    s3.put_object(Bucket=BUCKET, Key="predict/date=2026-11-22/part-00000.parquet", Body=body.getvalue())
    watched = WatchedS3(s3)
    before = pa.total_allocated_bytes()

    held = [pa.total_allocated_bytes() - before for _ in read_batches(watched, FOLDER, 5_000, PLENTY)]

    assert len(held) == 40
    assert max(watched.sizes) <= RANGE_BYTES < body.getbuffer().nbytes / 3
    assert max(held) < 4 * RANGE_BYTES < body.getbuffer().nbytes


def source_of(count: int, size: int, between: Any = lambda at: None) -> Iterator[SourceBatch]:
    for at in range(0, count, size):
        between(at)
        yield SourceBatch("s3://b/f", 1, 1, at, predictions(at, size).to_batches()[0])


ENCODER = RowEncoder("r:{user_id}", 60, "m", "2026-11-22")


def test_a_lost_connection_and_a_restart_lose_no_row(capsys: pytest.CaptureFixture[str]) -> None:
    with running_redis() as server:

        def disturb(at: int) -> None:
            if at == 2_000:
                server.client().client_kill_filter(_type="normal", skipme=True)
            if at == 6_000:
                server.stop()
                server.start()

        link = RedisLink(RedisAddress("127.0.0.1", server.port))
        progress = load(source_of(10_000, 500, disturb), ENCODER, link, PLENTY, RetryPolicy(attempts=12))

        assert progress.rows == 10_000
        assert server.client().exists("r:user-9999") == 1
    faults = [entry for entry in logged(capsys.readouterr().out) if entry["event"] == "Redis fault, trying again"]
    assert faults


def test_redis_that_stays_away_ends_the_load() -> None:
    link = RedisLink(RedisAddress("127.0.0.1", free_port()))

    with pytest.raises(LoadError) as caught:
        load(source_of(10, 5), ENCODER, link, PLENTY, RetryPolicy(attempts=3, first_wait_seconds=0.01))

    message = str(caught.value)
    assert message.startswith("no connection to Redis: ")
    assert message.endswith("; 0 rows were written and 0 rejected, before the first row; running it again is safe")


def test_waiting_never_outlasts_the_time_there_is() -> None:
    slept: list[float] = []

    def fail() -> None:
        raise ConnectionError("gone")

    with pytest.raises(OutOfTimeError, match="no time is left to try again after: gone"):
        RetryPolicy().run(fail, (ConnectionError,), TimeBudget(lambda: 10_500), lambda *_: None, slept.append)
    assert slept == [0.1, 0.2, 0.4]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": "recommendations"}, "'key' must be a pattern that holds {user_id}"),
        ({"expire_seconds": 0}, "'expire_seconds' must be a whole number of at least 1"),
        ({"expire_seconds": True}, "'expire_seconds' must be a whole number of at least 1"),
    ],
)
def test_odd_settings(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(SETTINGS | change))
    with pytest.raises(SettingsError) as caught:
        read_loader_settings(path)
    assert str(caught.value) == f"{path}: {message}"


def test_odd_events() -> None:
    with pytest.raises(ValueError, match="the event lacks: run_date, model_version"):
        read_request({"predictions": FOLDER, "model_version": 7})
    with pytest.raises(ValueError, match="Invalid isoformat string"):
        read_request(EVENT | {"run_date": "yesterday"})

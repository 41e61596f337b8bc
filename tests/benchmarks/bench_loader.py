"""How fast predictions go from S3 into Redis, beside a redis-py pipeline that writes the same.

    python -m tests.benchmarks.bench_loader [--rows 200000] [--runs 3] [--items 20]

Everything is on this machine: a real redis-server, and moto's S3 for the whole Lambda (whose time includes moto's).
"""

import argparse
import io
import json
import logging
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import redis
from moto.server import ThreadedMotoServer

from runtime.common.redis_address import RedisAddress
from runtime.redis_loader.client import RedisLink
from runtime.redis_loader.encode import RowEncoder
from runtime.redis_loader.handler import BATCH_ROWS, handler
from runtime.redis_loader.load import load
from runtime.redis_loader.retry import TimeBudget
from runtime.redis_loader.screen import BATCH_SCHEMA, screen
from runtime.redis_loader.source import SourceBatch
from tests.redis_server import RedisServer, running_redis

ENCODER = RowEncoder("recommendations:{user_id}", 259_200, "train-7", "2026-11-22")
EVENT = {"predictions": "s3://data/predict/", "run_date": "2026-11-22", "model_version": "train-7"}


class Unhurried:
    """A Lambda context with all the time in the world."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@dataclass(frozen=True)
class Method:
    """A way to write the table."""

    name: str
    run: Callable[[], object]


def predictions(rows: int, items: int) -> pa.Table:
    """Users under pseudonyms, items of a catalogue of 100,000."""
    random = np.random.default_rng(0)
    offsets = pa.array(np.arange(0, rows * items + 1, items, dtype=np.int32))
    catalogue = pa.array([f"vehicle-{number:06d}" for number in range(100_000)])
    ids = catalogue.take(pa.array(random.integers(0, 100_000, rows * items)))
    scores = pa.array(random.random(rows * items, dtype=np.float32))
    users = pa.array([f"{number:032x}" for number in range(rows)])
    lists = [pa.ListArray.from_arrays(offsets, values) for values in (ids, scores)]
    return pa.table([users, *lists], schema=BATCH_SCHEMA)


def batches_of(table: pa.Table) -> Iterator[SourceBatch]:
    for number, batch in enumerate(table.to_batches(max_chunksize=BATCH_ROWS)):
        yield SourceBatch("memory", 1, 1, number * BATCH_ROWS, batch)


def encode_only(table: pa.Table) -> None:
    for batch in batches_of(table):
        ENCODER.encode(screen(batch.rows).rows)


def send_only(server: RedisServer, payloads: list[tuple[memoryview, int]]) -> None:
    link = RedisLink(RedisAddress("127.0.0.1", server.port))
    for payload, rows in payloads:
        link.write(payload, rows)
    link.close()


def with_redis_py(server: RedisServer, table: pa.Table) -> None:
    """The usual way: a Python object for every value, a thousand rows a pipeline."""
    client = redis.Redis(port=server.port)
    for batch in table.to_batches(max_chunksize=1_000):
        pipeline = client.pipeline(transaction=False)
        columns = (column.to_pylist() for column in batch.columns)
        for user, items, scores in zip(*columns, strict=True):
            key = f"recommendations:{user}"
            fields = {
                "items": json.dumps(items, separators=(",", ":")),
                "scores": json.dumps(scores, separators=(",", ":")),
                "model_version": "train-7",
                "run_date": "2026-11-22",
            }
            pipeline.hset(key, mapping=fields)
            pipeline.expire(key, 259_200)
        pipeline.execute()
    client.close()


def through_loader(server: RedisServer, table: pa.Table) -> None:
    link = RedisLink(RedisAddress("127.0.0.1", server.port))
    load(batches_of(table), ENCODER, link, TimeBudget(Unhurried().get_remaining_time_in_millis))


def whole_function() -> None:
    with redirect_stdout(io.StringIO()):
        handler(EVENT, Unhurried())


def prepare_cloud(server: RedisServer, table: pa.Table, endpoint: str, folder: Path) -> None:
    """Puts the table into S3 as one file and the function's settings into its surroundings."""
    settings = {"schema_version": 1, "key": ENCODER.key_pattern, "expire_seconds": ENCODER.expire_seconds}
    (folder / "settings.json").write_text(json.dumps(settings))
    os.environ.update(
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="us-east-1",
        LAMBDA_TASK_ROOT=str(folder),
        REDIS_HOST="127.0.0.1",
        REDIS_PORT=str(server.port),
    )
    body = io.BytesIO()
    pq.write_table(table, body)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="predict/part-00000.parquet", Body=body.getvalue())


def measure(methods: list[Method], rows: int, runs: int, server: RedisServer) -> None:
    """Runs the methods in turn, so that a noisy minute meets them all, and prints medians."""
    speeds: dict[str, list[float]] = {method.name: [] for method in methods}
    cpu: dict[str, list[float]] = {method.name: [] for method in methods}
    for _ in range(runs):
        for method in methods:
            server.client().flushall()
            began, used = time.perf_counter(), time.process_time()
            method.run()
            speeds[method.name].append(rows / (time.perf_counter() - began))
            cpu[method.name].append((time.process_time() - used) / rows * 1e6)
    base = statistics.median(speeds[methods[0].name])
    print(f"{'method':<42} {'rows/s, median':>14} {'all runs':>30} {'CPU µs/row':>11} {'ratio':>6}")
    for method in methods:
        median = statistics.median(speeds[method.name])
        every = " ".join(f"{speed:,.0f}" for speed in speeds[method.name])
        used = statistics.median(cpu[method.name])
        print(f"{method.name:<42} {median:>14,.0f} {every:>30} {used:>11.1f} {median / base:>6.2f}")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    table = predictions(options.rows, options.items)
    payloads = [(ENCODER.encode(batch.rows), batch.rows.num_rows) for batch in batches_of(table)]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    cloud = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    cloud.start()
    host, port = cloud.get_host_and_port()
    with running_redis() as server, TemporaryDirectory() as folder:
        prepare_cloud(server, table, f"http://{host}:{port}", Path(folder))
        methods = [
            Method("redis-py pipeline of 1,000 (baseline)", lambda: with_redis_py(server, table)),
            Method("loader, rows in memory", lambda: through_loader(server, table)),
            Method("loader, Lambda handler from S3 (moto)", whole_function),
            Method("limit: encoding alone", lambda: encode_only(table)),
            Method("limit: sending what is encoded already", lambda: send_only(server, payloads)),
        ]
        measure(methods, options.rows, options.runs, server)
        size = sum(len(payload) for payload, _ in payloads) / options.rows
        memory = server.client().info("memory")["used_memory"] / options.rows
    cloud.stop()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{size:.0f} bytes a row on the wire, {memory:.0f} in Redis")
    print(f"peak memory of this process {peak:.0f} MiB: the table, its encoded copy and moto's S3 are in it")


if __name__ == "__main__":
    main()

"""How many requests one worker answers, beside a plain FastAPI service with redis-py that answers the same.

    python -m tests.benchmarks.bench_api [--seconds 5] [--runs 3] [--connections 64]

One uvicorn worker and a load generator, each a process of its own, share this machine with a real redis-server.
The server's CPU time per request is the figure that a noisy machine disturbs least.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import redis.asyncio
import uvloop
from fastapi import FastAPI
from pydantic import BaseModel

from runtime.api.app import create_app
from runtime.api.configuration import read_configuration
from runtime.common.pseudonyms import pseudonymise
from runtime.common.redis_address import RedisAddress
from runtime.redis_loader.client import RedisLink
from runtime.redis_loader.encode import RowEncoder
from tests.benchmarks.bench_loader import predictions
from tests.redis_server import RedisServer, free_port, running_redis

USERS = 10_000
KEY = "a key for pseudonyms"
SETTINGS = {
    "schema_version": 1,
    "title": "vehicle-recommendations",
    "key": "recommendations:{user_id}",
    "item_name": "vehicle_id",
    "hash_user_ids": True,
    "max_items": 20,
}


class Item(BaseModel):
    """As a plain service would declare it."""

    vehicle_id: str
    score: float


class Answer(BaseModel):
    """As a plain service would declare it."""

    user_id: str
    source: str
    model_version: str
    run_date: str
    items: list[Item]


def naive() -> FastAPI:
    """The baseline: redis-py, HGETALL, decoded JSON, a response model."""
    app = FastAPI()
    client = redis.asyncio.Redis(port=int(os.environ["REDIS_PORT"]), decode_responses=True)

    @app.get("/v1/recommendations/{user_id}")
    async def recommend(user_id: str, limit: int = 20) -> Answer:
        stored: dict[str, str] = await client.hgetall("recommendations:" + pseudonymise(user_id, KEY.encode()))
        pairs = zip(json.loads(stored["items"]), json.loads(stored["scores"]), strict=True)
        items = [Item(vehicle_id=item, score=score) for item, score in list(pairs)[:limit]]
        version, run_date = stored["model_version"], stored["run_date"]
        return Answer(user_id=user_id, source="model", model_version=version, run_date=run_date, items=items)

    return app


def long_way() -> FastAPI:
    """The service without its shortcut: every request takes FastAPI's own way."""
    return create_app(read_configuration(os.environ), use_shortcuts=False)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, as Linux tells it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Caller(asyncio.Protocol):
    """One connection of the load generator: asks again as soon as it is answered."""

    def __init__(self, requests: list[bytes], seconds: list[float]) -> None:
        self._requests, self._seconds = requests, seconds
        self._received = b""
        self._asked_at = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"unexpected answer: {self._received[:500]!r}")
        self._received = b""
        self._seconds.append(time.perf_counter() - self._asked_at)
        self._ask()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(random.choice(self._requests))


async def generate_load(port: int, connections: int, seconds: float, batch: int, server: int) -> None:
    """Prints requests and latencies as JSON; this is what the generator's process runs."""
    requests = [_request(batch) for _ in range(2_000)]
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Caller(requests, latencies), "127.0.0.1", port)
    await asyncio.sleep(1.0)  # warm
    latencies.clear()
    began, used = time.perf_counter(), cpu_seconds(server)
    await asyncio.sleep(seconds)
    passed, used = time.perf_counter() - began, cpu_seconds(server) - used
    ordered = sorted(latencies)
    p50, p99 = (ordered[int(len(ordered) * share)] * 1e3 for share in (0.5, 0.99))
    print(json.dumps({"rate": len(ordered) / passed, "p50": p50, "p99": p99, "cpu": used / len(ordered) * 1e6}))


def _request(batch: int) -> bytes:
    users = [f"user-{random.randrange(USERS)}" for _ in range(max(batch, 1))]
    if not batch:
        return f"GET /v1/recommendations/{users[0]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    body = json.dumps({"user_ids": users}).encode()
    head = "POST /v1/recommendations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass(frozen=True)
class Variant:
    """A service to measure; `batch` users are asked for in a POST, or one in a GET if it is 0."""

    name: str
    factory: str
    batch: int = 0


VARIANTS = (
    Variant("FastAPI, redis-py, response model (baseline)", "tests.benchmarks.bench_api:naive"),
    Variant("this service, the long way", "tests.benchmarks.bench_api:long_way"),
    Variant("this service", "runtime.api.app:from_environment"),
    Variant("this service, POST of 100 users", "runtime.api.app:from_environment", batch=100),
)


@contextmanager
def worker(factory: str, environ: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Port and process id of one uvicorn worker that answers."""
    port = free_port()
    arguments = ("--factory", factory, "--port", str(port), "--no-access-log", "--log-level", "warning")
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", *arguments], env=os.environ | environ, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            try:
                if httpx.get(f"http://127.0.0.1:{port}/v1/recommendations/user-1").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def measure(variant: Variant, environ: dict[str, str], options: argparse.Namespace) -> dict[str, float]:
    """Requests per second, latencies in ms, and the server's CPU µs per request."""
    with worker(variant.factory, environ) as (port, pid):
        parts = ("--port", str(port), "--batch", str(variant.batch), "--seconds", str(options.seconds))
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.bench_api",
            *parts,
            "--connections",
            str(options.connections),
        ]
        command += ["--server", str(pid)]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures: dict[str, float] = json.loads(output)
    return figures


def fill(server: RedisServer) -> None:
    """Stores what the loader would, under pseudonyms."""
    encoder = RowEncoder("recommendations:{user_id}", 86_400, "train-7", "2026-11-22")
    table = predictions(USERS, 20)
    users = [pseudonymise(f"user-{number}", KEY.encode()) for number in range(USERS)]
    batch = table.set_column(0, "user_id", [users]).combine_chunks().to_batches()[0]
    RedisLink(RedisAddress("127.0.0.1", server.port)).write(encoder.encode(batch), USERS)


def compare(options: argparse.Namespace) -> None:
    """Measures the variants in turn and prints medians."""
    found: dict[str, list[dict[str, float]]] = {variant.name: [] for variant in VARIANTS}
    with running_redis() as server, tempfile.TemporaryDirectory() as folder:
        fill(server)
        settings = Path(folder, "settings.json")
        settings.write_text(json.dumps(SETTINGS))
        environ = {"API_SETTINGS": str(settings), "PSEUDONYM_KEY": KEY, "REDIS_HOST": "127.0.0.1"}
        environ |= {"REDIS_PORT": str(server.port), "REDIS_TLS": "false"}
        for _ in range(options.runs):
            for variant in VARIANTS:
                found[variant.name].append(measure(variant, environ, options))
    base = statistics.median(run["rate"] for run in found[VARIANTS[0].name])
    print(f"{'service':<46} {'requests/s':>10} {'ratio':>6} {'p50 ms':>7} {'p99 ms':>7} {'CPU µs':>7}   all runs")
    for name, runs in found.items():
        rate, p50, p99, cpu = (statistics.median(run[key] for run in runs) for key in ("rate", "p50", "p99", "cpu"))
        every = " ".join(f"{run['rate']:,.0f}" for run in runs)
        print(f"{name:<46} {rate:>10,.0f} {rate / base:>6.2f} {p50:>7.1f} {p99:>7.1f} {cpu:>7.0f}   {every}")


def main() -> None:
    """Prints the table; with `--port` it is the load generator."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--server", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.port:
        uvloop.run(generate_load(options.port, options.connections, options.seconds, options.batch, options.server))
    else:
        compare(options)


if __name__ == "__main__":
    main()

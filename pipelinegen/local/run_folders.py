"""What local runs leave on disk, and how it is found again.

    .pipelinegen/<pipeline>/<environment>/
        .lock                  held while a command works here (flock)
        world.json             the local cloud there is: its id, its data, the dates asked for (`World`)
        cloud/                 what the local cloud stores: S3 objects as files, SSM parameters (cloud/durable.py)
        redis/                 Redis' own files
        run.json               summary of the last command
        notifications.jsonl    what was published to topics, a message a line, with `execution`
        logs/                  logs of the cloud itself
        runs/<run id>/         one execution of the state machine; the id is the execution's name
            run.json           the record (`RunRecord`), replaced atomically
            plan.json          what the interpreter is to do differently (`redrive_count`, `start_time`, `end_before`)
            states.jsonl       each state that was completed: scope, output, variables, next (see cloud/recorder.py)
            history.jsonl      every event of the execution history as it happened, of all its attempts
            logs/<step>.log    what the step's program said; `<step>.2.log` is its second attempt

The server process of the local cloud appends to states.jsonl and history.jsonl before the execution goes on, so what
they say has happened, whoever dies next. A run whose record says RUNNING while nobody holds the lock was interrupted.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Self

from pipelinegen.local import logs
from pipelinegen.local.faults import LocalCloudError

RUNS: Final = "runs"
LAST: Final = "last"

RUNNING: Final = "RUNNING"
INTERRUPTED: Final = "INTERRUPTED"

#: Records beyond these are removed, the oldest first.
MOST_RUNS: Final = 400

_SCHEMA_VERSION: Final = 1


class UnknownRunError(LocalCloudError):
    """No run goes by this name."""


@dataclass(slots=True)
class RunRecord:
    """What is known of a run. Times are ISO 8601 in UTC; `status` is that of the execution, or INTERRUPTED."""

    id: str
    date: str
    world: str
    status: str = RUNNING
    started_at: str = ""
    ended_at: str = ""
    #: Over all attempts, in seconds.
    seconds: float = 0.0
    execution_arn: str = ""
    input: dict[str, Any] = field(default_factory=dict)
    output: Any = None
    error: str = ""
    cause: str = ""
    failed_state: str = ""
    failed_step: str = ""
    redrive_count: int = 0
    #: Seconds at work by step.
    steps: dict[str, float] = field(default_factory=dict)
    #: Rows read by dataset, keys in Redis.
    rows: dict[str, int] = field(default_factory=dict)
    keys: int = 0
    #: The value of each SSM parameter of the pipeline, before and after.
    parameters_before: dict[str, Any] = field(default_factory=dict)
    parameters_after: dict[str, Any] = field(default_factory=dict)
    #: The reports of checks, and examples of what was loaded; see local/observe.py.
    reports: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)
    #: With `run --from`: the run whose results were reused, and the steps they belong to.
    reused_run: str = ""
    reused_steps: list[str] = field(default_factory=list)
    #: With `run --until`.
    until: str = ""
    #: Which schedule of the spec this run stands for, if any.
    schedule: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the execution reached its end."""
        return self.status == "SUCCEEDED"

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The record of a JSON object; what another version of ours wrote in addition is left out."""
        known = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in document.items() if name in known})


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @property
    def id(self) -> str:
        """The run's id, which is its folder's name."""
        return self.path.name

    @property
    def states(self) -> Path:
        """The journal of completed states."""
        return self.path / "states.jsonl"

    @property
    def history(self) -> Path:
        """The execution history, an event a line."""
        return self.path / "history.jsonl"

    def create(self, record: RunRecord, plan: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]) -> None:
        """Makes the folder; the run exists once its record does."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.write_plan(plan)
        write_lines(self.states, entries)
        self.write(record)

    def write(self, record: RunRecord) -> None:
        """Replaces the record, whole or not at all."""
        write_json(self.path / "run.json", {"schema_version": _SCHEMA_VERSION, **asdict(record)})

    def write_plan(self, plan: Mapping[str, Any]) -> None:
        """Replaces what the interpreter reads when the execution starts."""
        write_json(self.path / "plan.json", plan)

    def record(self) -> RunRecord:
        """The record as it was written last. Raises: OSError, ValueError."""
        return RunRecord.from_json(json.loads((self.path / "run.json").read_text(encoding="utf-8")))

    def journal(self) -> list[dict[str, Any]]:
        """The completed states, oldest first."""
        return read_lines(self.states)

    def events(self) -> list[dict[str, Any]]:
        """The execution history so far."""
        return read_lines(self.history)

    def logs_of(self, step: str | None = None) -> list[Path]:
        """The logs of a step or of all, oldest attempt first."""
        return logs.run_logs(self.path, step)


@dataclass(frozen=True, slots=True)
class RunFolders:
    """All runs of a pipeline in an environment; `state` is `.pipelinegen/<pipeline>/<environment>`."""

    state: Path

    def folder(self, run_id: str) -> RunFolder:
        """Where a run is, or would be."""
        return RunFolder(self.state / RUNS / run_id)

    def all(self) -> list[tuple[RunFolder, RunRecord]]:
        """The runs that can be read, in the order in which they were started."""
        found = []
        for path in (self.state / RUNS).iterdir() if (self.state / RUNS).is_dir() else ():
            # A run that died before its record was written has done nothing.
            with suppress(OSError, ValueError, TypeError):
                found.append((RunFolder(path), RunFolder(path).record()))
        return sorted(found, key=lambda item: (item[1].started_at, item[1].id))

    def last_of(self, date: str, world: str) -> tuple[RunFolder, RunRecord] | None:
        """The newest run of a date in a world, None if there is none."""
        found = [item for item in self.all() if item[1].date == date and item[1].world == world]
        return found[-1] if found else None

    def prune(self, most: int = MOST_RUNS) -> None:
        """Removes the oldest records beyond `most`."""
        import shutil

        for folder, _ in self.all()[:-most]:
            shutil.rmtree(folder.path, ignore_errors=True)


def shown_status(record: RunRecord, *, busy: bool) -> str:
    """The status as a reader should see it; `busy`: some command holds the lock."""
    return INTERRUPTED if record.status == RUNNING and not busy else record.status


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Replaces a JSON file, whole or not at all, and for good even if this machine stops now."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with draft.open("w", encoding="utf-8") as file:
        file.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def write_lines(path: Path, documents: Iterable[Mapping[str, Any]]) -> None:
    """Replaces a file of JSON objects, an object a line, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with draft.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(document, separators=(",", ":")) + "\n" for document in documents)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file that is only appended to; a last line that was not finished is left out."""
    found = []
    for line in _lines(path):
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found


def drop_torn_line(path: Path) -> None:
    """Cuts off a last line that was not finished, so that the next one can be appended."""
    with suppress(FileNotFoundError), path.open("r+b") as file:
        content = file.read()
        end = content.rfind(b"\n") + 1
        if end < len(content):
            file.truncate(end)


def _lines(path: Path) -> Iterator[str]:
    with suppress(FileNotFoundError):
        yield from path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]

"""Finds runs of all pipelines below the state folder, as the commands that take a run's id need it."""

import fcntl
from dataclasses import dataclass
from pathlib import Path

from pipelinegen.errors import suggest
from pipelinegen.local.run_folders import LAST, RUNS, RunFolder, RunFolders, RunRecord, UnknownRunError


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A run, and the state folder it was found in."""

    runs: RunFolders
    folder: RunFolder
    record: RunRecord

    @property
    def pipeline(self) -> str:
        """The pipeline's name."""
        return self.runs.state.parent.name

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self.runs.state.name


def state_folders(root: Path) -> list[RunFolders]:
    """The state folders of all pipelines and environments, sorted."""
    return [RunFolders(path.parent) for path in sorted(root.glob(f"*/*/{RUNS}"))]


def all_runs(root: Path) -> list[FoundRun]:
    """The runs of all pipelines in the order in which they were started."""
    found = [FoundRun(runs, folder, record) for runs in state_folders(root) for folder, record in runs.all()]
    return sorted(found, key=lambda run: (run.record.started_at, run.record.id))


def find_run(root: Path, name: str) -> FoundRun:
    """The run of an id, the beginning of one, a date (its newest run), or `last`. Raises: UnknownRunError."""
    runs = all_runs(root)
    if not runs:
        raise UnknownRunError("there are no runs yet", "start one: `pipelinegen run SPEC`")
    if name == LAST:
        return runs[-1]
    close = [run for run in runs if run.record.id == name] or [run for run in runs if run.record.id.startswith(name)]
    if not close or not name:
        ids = [run.record.id for run in reversed(runs)]
        raise UnknownRunError(f"there is no run '{name}'", suggest(name, [LAST, *ids], "runs"))
    if len(close) > 1 and (name != close[-1].record.date or len({run.runs.state for run in close}) > 1):
        some = ", ".join(run.record.id for run in close[:8])
        raise UnknownRunError(f"'{name}' is the beginning of {len(close)} runs", f"give more of the id: {some}")
    return close[-1]


def is_busy(state: Path) -> bool:
    """Whether some command holds the lock of a state folder."""
    try:
        with (state / ".lock").open("r") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False

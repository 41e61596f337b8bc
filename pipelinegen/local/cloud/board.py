"""The jobs that run in the background of the server process: started, waited for and stopped by name."""

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipelinegen.local import logs
from pipelinegen.local.aws_lambda import FunctionPool
from pipelinegen.local.cloud.sessions import RoleSessions
from pipelinegen.local.cloud.tasks import current_task, working_for
from pipelinegen.local.cloud.trust import TrustPolicies
from pipelinegen.local.deployed import Deployed, read_deployed
from pipelinegen.local.processes import ChildProcesses

#: What a job does; it is to end soon after the event is set.
JobBody = Callable[[threading.Event], None]


@dataclass(slots=True)
class _Running:
    stop: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)


class JobBoard:
    """Background jobs by key, such as `training/<name>`; safe to use from many threads."""

    def __init__(self) -> None:
        self._jobs: dict[str, _Running] = {}

    def start(self, key: str, body: JobBody) -> None:
        """Runs `body` in a thread of its own. It has to keep its own faults: one that escapes is only printed."""
        running = self._jobs[key] = _Running()
        task = current_task()

        def work() -> None:
            try:
                with working_for(task):
                    body(running.stop)
            except Exception:
                traceback.print_exc()
            finally:
                running.finished.set()

        threading.Thread(target=work, name=key, daemon=True).start()

    def stop(self, key: str) -> None:
        """Asks a job to end; does nothing if it is over or unknown."""
        if key in self._jobs:
            self._jobs[key].stop.set()

    def wait(self, key: str, seconds: float) -> None:
        """Returns when the job is over, at the latest after `seconds`; at once if there is no such job."""
        if key in self._jobs:
            self._jobs[key].finished.wait(seconds)


@dataclass(frozen=True, slots=True)
class Cloud:
    """All that the repairs and the jobs share inside the server process."""

    account: str
    region: str
    workdir: Path
    sessions: RoleSessions
    children: ChildProcesses
    board: JobBoard
    functions: FunctionPool
    trust: TrustPolicies

    def deployed(self) -> Deployed:
        """What was deployed last."""
        return read_deployed(self.workdir)

    def new_log(self, fallback: str) -> Path:
        """A log file for the job that this request starts; `fallback` names it outside of an execution."""
        return logs.new_log(self.workdir, *self._step_date_and_run(fallback))

    def shared_log(self, fallback: str) -> Path:
        """The log file to append to for this request."""
        return logs.shared_log(self.workdir, *self._step_date_and_run(fallback))

    def _step_date_and_run(self, fallback: str) -> tuple[str, str, str]:
        task = current_task()
        return (self.deployed().step_of(task.state), task.date, task.execution) if task else (fallback, "undated", "")

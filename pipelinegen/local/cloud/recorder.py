"""Writes down what executions do as they do it, and lets a later execution go on from there.

Our own addition to moto's interpreter. An execution whose run folder exists (see local/run_folders.py) appends every
event to history.jsonl and every completed state to states.jsonl, before it goes on. What states.jsonl holds when an
execution starts is replayed: such a state is not run again, but gives the output, the variables and the next state
that it gave then. Retrying, `--from` and going on after a crash are all this.

A scope is a machine within the machine: "" is the whole, "/Both[0]" the first branch of the Parallel state 'Both',
"/Each[7]" the eighth iteration of the Map state 'Each'; they nest.
"""

import json
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from moto.stepfunctions.parser.asl.component.common.catch.catch_outcome import CatchOutcome
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker import IterationWorker
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iterator import distributed_iterator_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.branch_worker import BranchWorker
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramRunning
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from pipelinegen.local.cloud.board import Cloud
from pipelinegen.local.cloud.replacing import replace_attribute
from pipelinegen.local.replay import valid_entries
from pipelinegen.local.run_folders import RUNS, RunFolder, drop_torn_line, read_lines

#: The attributes that we give to moto's environments and event managers.
_RUN: Final = "pipelinegen_run"
_SCOPE: Final = "pipelinegen_scope"
_STARTED: Final = "pipelinegen_branches_started"

#: Each has its own way to evaluate an iteration.
_ITERATION_WORKERS: Final = (
    IterationWorker,
    distributed_item_processor_worker.DistributedItemProcessorWorker,
    distributed_iterator_worker.DistributedIteratorWorker,
)


def install(cloud: Cloud) -> None:
    """Makes executions with a run folder keep their record."""
    _attach_runs(cloud)
    _record_events()
    _record_states()
    _name_scopes()


class RunJournal:
    """The record of one execution; safe to use from many threads."""

    def __init__(self, folder: RunFolder) -> None:
        self.plan: Mapping[str, Any] = json.loads((folder.path / "plan.json").read_text(encoding="utf-8"))
        self._lock = threading.Lock()
        self._begun: set[str] = set()
        self._replay: dict[tuple[str, str], deque[Mapping[str, Any]]] = {}
        for entry in valid_entries(read_lines(folder.states)):
            self._replay.setdefault((entry["scope"], entry["state"]), deque()).append(entry)
        drop_torn_line(folder.states)
        drop_torn_line(folder.history)
        # Unbuffered: a line is in the file, or at least with the system, before the execution goes on.
        self._states = folder.states.open("ab", buffering=0)
        self._history = folder.history.open("ab", buffering=0)
        self._end_before: Mapping[str, Mapping[str, str]] = self.plan.get("end_before", {})

    @property
    def redrive_count(self) -> int:
        """How often the execution was retried."""
        return int(self.plan.get("redrive_count", 0))

    def handed_out_before(self, state: str) -> Mapping[str, str] | None:
        """What a scope that is over when it comes to this state hands out: variables by key; None if it goes on."""
        return self._end_before.get(state)

    def begin(self, scope: str) -> None:
        """A branch or iteration starts; when it does so again (a Retry), what it completed before no longer counts."""
        with self._lock:
            if scope in self._begun:
                for key in [key for key in self._replay if key[0] == scope or key[0].startswith(f"{scope}/")]:
                    del self._replay[key]
                self._append(self._states, {"begin": scope})
            self._begun.add(scope)

    def take(self, scope: str, state: str) -> Mapping[str, Any] | None:
        """What the state gave when it was completed earlier; each visit once."""
        with self._lock:
            visits = self._replay.get((scope, state))
            return visits.popleft() if visits else None

    def completed(self, entry: Mapping[str, Any]) -> None:
        """A state is over, and the execution goes on."""
        with self._lock:
            self._append(self._states, entry)

    def event(self, event: Mapping[str, Any]) -> None:
        """Something that belongs to the execution history."""
        with self._lock:
            self._append(self._history, {**event, "attempt": self.redrive_count})

    @staticmethod
    def _append(file: Any, document: Mapping[str, Any]) -> None:
        # to_json_str, because results hold dates.
        file.write(to_json_str(document, separators=(",", ":")).encode() + b"\n")


def _attach_runs(cloud: Cloud) -> None:
    original = ExecutionWorker._get_evaluation_environment

    def evaluation_environment(self: Any) -> Any:
        env = original(self)
        folder = RunFolder(cloud.workdir / RUNS / self._evaluation_details.execution_details.name)
        if folder.path.is_dir():
            run = RunJournal(folder)
            setattr(env, _RUN, run)
            setattr(env.event_manager, _RUN, run)
            execution = env.states.context_object.context_object_data["Execution"]
            execution["RedriveCount"] = run.redrive_count
            # As on AWS, a redriven execution keeps the time of its first start.
            execution["StartTime"] = run.plan.get("start_time") or execution["StartTime"]
        return env

    replace_attribute(ExecutionWorker, "_get_evaluation_environment", evaluation_environment)
    inner_frame = Environment.as_inner_frame_of.__func__

    def as_inner_frame_of(cls: Any, env: Any, *rest: Any, **named: Any) -> Any:
        frame = inner_frame(cls, env, *rest, **named)
        setattr(frame, _RUN, getattr(env, _RUN, None))
        setattr(frame, _SCOPE, getattr(env, _SCOPE, ""))
        return frame

    replace_attribute(Environment, "as_inner_frame_of", classmethod(as_inner_frame_of))


def _record_events() -> None:
    create = EventManager._create_history_event

    def publish(self: Any, **named: Any) -> None:
        event = create(**named)
        self._history_event_list.append(event)
        run: RunJournal | None = getattr(self, _RUN, None)
        if run is not None:
            run.event(event)

    replace_attribute(EventManager, "_publish_history_event", publish)


def _record_states() -> None:
    original = CommonStateField._eval_body

    def evaluate(self: Any, env: Any) -> None:
        run: RunJournal | None = getattr(env, _RUN, None)
        if run is None:
            original(self, env)
            return
        scope = getattr(env, _SCOPE, "")
        handed = run.handed_out_before(self.name)
        if handed is not None:
            # The state around a branch takes each of these out of its result; what did not run has none.
            known = env.variable_store._inner_scope
            env.states.reset({key: known.get(name) for key, name in handed.items()} or env.states.get_input())
            env.set_ended()
            return
        entry = run.take(scope, self.name)
        if entry is not None:
            _replay(env, entry)
            return
        before = dict(env.variable_store._inner_scope)
        original(self, env)
        if isinstance(env.program_state(), ProgramRunning | ProgramEnded):
            run.completed(_entry(env, scope, self.name, before))

    replace_attribute(CommonStateField, "_eval_body", evaluate)


def _entry(env: Any, scope: str, state: str, before: Mapping[str, Any]) -> dict[str, Any]:
    after = env.variable_store._inner_scope
    return {
        "scope": scope,
        "state": state,
        "output": env.states.get_input(),
        "assigned": {name: value for name, value in after.items() if name not in before or before[name] is not value},
        "caught": bool(env.stack) and env.stack[-1] is CatchOutcome.Caught,
        "next": env.next_state_name,
    }


def _replay(env: Any, entry: Mapping[str, Any]) -> None:
    for name, value in entry["assigned"].items():
        env.variable_store.set(name, value)
    env.states.reset(entry["output"])
    if entry["next"] is None:
        env.set_ended()
    else:
        env.next_state_name = entry["next"]


def _name_scopes() -> None:
    start_branch = BranchWorker.__init__

    def branch_worker(self: Any, branch_worker_comm: Any, program: Any, env: Any) -> None:
        start_branch(self, branch_worker_comm=branch_worker_comm, program=program, env=env)
        # The branches of a state share this object, and are made in their order.
        index = getattr(branch_worker_comm, _STARTED, 0)
        setattr(branch_worker_comm, _STARTED, index + 1)
        _enter(env, env.states.context_object.context_object_data["State"]["Name"], index)

    replace_attribute(BranchWorker, "__init__", branch_worker)
    for worker in _ITERATION_WORKERS:
        _name_iterations(worker)


def _name_iterations(worker: Any) -> None:
    evaluate = worker._eval_job

    def iteration(self: Any, env: Any, job: Any) -> None:
        _enter(env, self._work_name, job.job_index)
        evaluate(self, env=env, job=job)

    replace_attribute(worker, "_eval_job", iteration)


def _enter(env: Any, state: str, index: int) -> None:
    scope = f"{getattr(env, _SCOPE, '')}/{state}[{index}]"
    setattr(env, _SCOPE, scope)
    run: RunJournal | None = getattr(env, _RUN, None)
    if run is not None:
        run.begin(scope)

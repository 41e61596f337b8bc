"""Shows an execution at a terminal: one line a step, with what it does and how long it has been at it."""

from collections.abc import Collection, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from pipelinegen.emit.asl_steps import SKIPPED, WENT_ON
from pipelinegen.local.causes import telling
from pipelinegen.local.follow import ExecutionEnd, StateEvent

_WAITING: Final = "[dim]waiting"
_RUNNING: Final = "[cyan]running"
_DONE: Final = "[green]done"
_RETRY: Final = "[yellow]failed, goes on"
_FAILED: Final = "[red]failed"
_KEPT: Final = "[green]done before"
_NOT_REACHED: Final = "[dim]not reached"
#: What the last state of a step says that did not do its work.
_LEFT: Final = {f": {WENT_ON}": "[yellow]failed, went on", f": {SKIPPED}": "[dim]skipped"}
#: In the name of a state that ends a branch, and belongs to the last step in it by its name alone (emit/asl_weave.py).
_HANDED_OUT: Final = ": hand out"


class _RunningSpinner(SpinnerColumn):
    """Turns only for steps that are at work."""

    def render(self, task: Task) -> RenderableType:
        """The spinner, or a blank."""
        return super().render(task) if task.started else Text(" ")


class StepProgress:
    """A live view of the steps of one execution; `show` takes the events of `follow`."""

    def __init__(self, steps: Sequence[Mapping[str, Any]], date: str, console: Console | None = None) -> None:
        self._progress = Progress(
            TextColumn(f"[bold]{date}"),
            _RunningSpinner(finished_text=" "),
            TextColumn("{task.description}"),
            TextColumn("{task.fields[what]}"),
            TimeElapsedColumn(),
            console=console,
        )
        #: What a step failed with last, and what was said when one of its own states was over, by its name.
        self._errors: dict[str, str] = {}
        self._last: dict[str, str] = {}
        self._tasks: dict[str, TaskID] = {
            step["name"]: self._progress.add_task(step["title"], start=False, total=1, what=_WAITING) for step in steps
        }

    def __enter__(self) -> Self:
        """Starts to draw."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leaves the last picture on the screen."""
        self._progress.stop()

    def keep(self, steps: Collection[str]) -> None:
        """Draws steps that an earlier attempt completed, in whole or in part."""
        for step in steps:
            if step in self._tasks:
                self._progress.update(self._tasks[step], what=_KEPT)

    def show(self, event: StateEvent | ExecutionEnd) -> None:
        """Draws what an event says; events of states that belong to no step are not shown."""
        if isinstance(event, ExecutionEnd):
            self._finish(event)
        elif event.step in self._tasks:
            self._show_state(event, self._tasks[event.step])

    def _show_state(self, event: StateEvent, task: TaskID) -> None:
        if event.kind == "entered":
            if not self._task(task).started:
                self._progress.start_task(task)
            self._progress.update(task, completed=0, what=_RUNNING)
            # Otherwise the time shown stays that of the step's first state.
            self._task(task).finished_time = None
        elif event.kind == "failed":
            self._progress.update(task, what=_named(_RETRY, event.error or self._errors.get(event.step, "")))
        else:
            # Done until another state of the same step is entered, which is soon.
            self._progress.update(task, completed=1, what=self._said(event))

    def _said(self, event: StateEvent) -> str:
        """What is shown of a step when one of its states is over."""
        if event.error:
            self._errors[event.step] = event.error
            return _named(_FAILED, event.error)
        if _HANDED_OUT in event.state:
            return self._last.get(event.step, _DONE)
        left = next((what for ending, what in _LEFT.items() if event.state.endswith(ending)), None)
        self._last[event.step] = _named(left, self._errors.get(event.step, "")) if left else _DONE
        return self._last[event.step]

    def _finish(self, end: ExecutionEnd) -> None:
        for task in self._tasks.values():
            if not self._task(task).started:
                kept = self._task(task).fields["what"] == _KEPT
                self._progress.update(task, what=_KEPT if kept else _NOT_REACHED)
            elif not self._task(task).finished:
                self._progress.update(task, completed=1, what=_FAILED)
            elif (what := self._task(task).fields["what"]).startswith(_RETRY):
                # The state that ends a failed branch came last.
                self._progress.update(task, what=what.replace(_RETRY, _FAILED))
        if end.failed_step in self._tasks:
            # A step that only fails does so in a state that is over as others are.
            error = end.error or self._errors.get(end.failed_step, "")
            self._progress.update(self._tasks[end.failed_step], completed=1, what=_named(_FAILED, error))

    def _task(self, task: TaskID) -> Any:
        return next(known for known in self._progress.tasks if known.id == task)


def _named(what: str, error: str) -> str:
    name = telling(error)
    return f"{what}: {escape(name)}" if name else what

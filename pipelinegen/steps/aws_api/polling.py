"""The states of a call, and of a loop that asks until what a call started is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipelinegen.ir.expressions import quote
from pipelinegen.ir.model import Json, Jsonata
from pipelinegen.steps.aws_api.arguments import one_of
from pipelinegen.steps.aws_api.calls import Prepared, or_null
from pipelinegen.steps.base import Scope

#: How long a call that only asks may take.
REQUEST_SECONDS = 60


class Outcome(Protocol):
    """A value in an answer, and what it is to be."""

    @property
    def path(self) -> str:
        """Where it is."""

    @property
    def values(self) -> Sequence[str | int | float | bool]:
        """What it may be."""

    @property
    def key(self) -> str:
        """The key under which that stands."""


class Poll(Protocol):
    """What the spec says of the loop."""

    @property
    def call(self) -> str:
        """The call, as service:action."""

    @property
    def from_result(self) -> Mapping[str, str]:
        """Arguments by where they are in the first answer."""

    @property
    def until(self) -> Outcome:
        """What ends the loop."""

    @property
    def fails_when(self) -> Outcome | None:
        """What, once it has ended, is a failure."""

    @property
    def every_seconds(self) -> int:
        """Between two looks."""

    @property
    def timeout_minutes(self) -> int:
        """How long it goes on."""


@dataclass(frozen=True, slots=True)
class CallStateContext:
    """The state of a call."""

    resource: str
    arguments: Json
    assign: Json
    timeout_seconds: int
    retry: Json


@dataclass(frozen=True, slots=True)
class PollTitles:
    """Names of the states behind the first."""

    wait: str
    look: str
    over: str
    failed: str
    timeout: str
    done: str


@dataclass(frozen=True, slots=True)
class PollStatesContext:
    """The states: start, look again and again, then done, failed or too late."""

    title: str
    titles: PollTitles
    start: CallStateContext
    look: CallStateContext
    broken: Json
    over: Json
    late: Json
    failed_cause: Json
    timeout_cause: str
    interval_seconds: int


def call_state(call: Prepared, assign: Mapping[str, Json], timeout_seconds: int) -> CallStateContext:
    """The state of one call."""
    return CallStateContext(call.resource, call.arguments, dict(assign), timeout_seconds, call.retry)


def poll_states(
    poll: Poll, scope: Scope, call: Prepared, looks: Prepared, kept: Mapping[str, Json]
) -> PollStatesContext:
    """The states of the loop. Raises: SpecError with PG122 for an outcome that never comes."""
    count, over, broken = (f"{scope.step}_{name}" for name in ("looks", "over", "broken"))
    seen: dict[str, Json] = {
        count: Jsonata(f"${count} + 1"),
        over: _holds(looks, poll.until, "until"),
        broken: _holds(looks, poll.fails_when, "fails_when") if poll.fails_when else False,
        **kept,
    }
    cause, causes = _cause(poll, scope, looks)
    words = ("wait", "look", "over?", "failed", "too late", "done")
    most = max(1, poll.timeout_minutes * 60 // poll.every_seconds)
    return PollStatesContext(
        title=scope.title,
        titles=PollTitles(*(f"{scope.title}: {word}" for word in words)),
        start=call_state(call, {count: 0, **_started(poll, scope, call)}, REQUEST_SECONDS),
        look=call_state(looks, {**seen, **causes}, REQUEST_SECONDS),
        broken=Jsonata(f"${over} and ${broken}"),
        over=Jsonata(f"${over}"),
        late=Jsonata(f"${count} >= {most}"),
        failed_cause=cause,
        timeout_cause=f"{poll.call} was not as wanted within {poll.timeout_minutes} minutes.",
        interval_seconds=poll.every_seconds,
    )


def _started(poll: Poll, scope: Scope, call: Prepared) -> dict[str, Json]:
    """What the looks need of the first answer."""
    found = {name: call.found(path, "poll", "from_result", name) for name, path in poll.from_result.items()}
    taken: dict[str, Json] = {name: item.expression for name, item in found.items()}
    return {f"{scope.step}_started": taken} if taken else {}


def _holds(looks: Prepared, outcome: Outcome, key: str) -> Jsonata:
    found = looks.found(outcome.path, "poll", key, "path")
    looks.check_outcome(found, outcome.values, "poll", key, outcome.key)
    return one_of(outcome.values, found.expression)


def _cause(poll: Poll, scope: Scope, looks: Prepared) -> tuple[Json, dict[str, Json]]:
    """The words about a failure, and the variable that they quote."""
    if poll.fails_when is None:
        return f"{poll.call} says that it failed.", {}
    variable = f"{scope.step}_cause"
    found = looks.found(poll.fails_when.path, "poll", "fails_when", "path")
    text = f"{quote(f'{poll.fails_when.path} of {poll.call} is ')} & $string(${variable})"
    return Jsonata(text), {variable: or_null(found.expression)}

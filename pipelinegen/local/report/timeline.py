"""The states of one run as bars on a time axis, from its execution history."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

#: States that take time; what else there is (Pass, Choice, Succeed) is over at once.
_SHOWN: Final = ("TaskStateEntered", "WaitStateEntered", "MapStateEntered")
_FAILURES: Final = ("TaskFailed", "TaskTimedOut", "TaskSubmitFailed", "LambdaFunctionFailed", "LambdaFunctionTimedOut")
_SUCCESSES: Final = ("TaskSucceeded", "LambdaFunctionSucceeded", "MapStateSucceeded")

#: Between two attempts, as a share of the axis.
_GAP_SECONDS: Final = 1.0


@dataclass(slots=True)
class Bar:
    """One visit of a state; `tone`: done, retried, failed or open. Offsets are in seconds."""

    state: str
    start: float
    end: float
    attempt: int
    tone: str = "open"
    error: str = ""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Lane:
    """All visits of a state, one line of the picture."""

    state: str
    bars: Sequence[Bar]

    @property
    def seconds(self) -> float:
        """Of all visits together."""
        return sum(bar.seconds for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The lanes of a run in the order of their starts; `seconds`: the length of the axis."""

    lanes: Sequence[Lane]
    seconds: float
    #: Where a later attempt begins.
    retries: Sequence[float] = ()


def timeline(events: Sequence[Mapping[str, Any]]) -> Timeline:
    """The timeline of a history; the attempts of a run that was retried stand behind one another."""
    bars: list[Bar] = []
    retries: list[float] = []
    offset = 0.0
    for attempt in sorted({int(event.get("attempt", 0)) for event in events}):
        own = [event for event in events if int(event.get("attempt", 0)) == attempt]
        reader = _Reader(attempt, _moment(own[0]), offset + (_GAP_SECONDS if bars else 0.0))
        if bars:
            retries.append(reader.offset)
        bars += reader.read(own)
        offset = reader.offset + (_moment(own[-1]) - reader.begin).total_seconds()
    lanes: dict[str, list[Bar]] = {}
    for bar in sorted(bars, key=lambda item: item.start):
        lanes.setdefault(bar.state, []).append(bar)
    return Timeline([Lane(state, found) for state, found in lanes.items()], offset, retries)


@dataclass(slots=True)
class _Reader:
    """Pairs the entering and leaving of states within one attempt."""

    attempt: int
    begin: datetime
    offset: float
    _open: dict[str, list[Bar]] = field(default_factory=dict)
    _bar_of_event: dict[int, Bar] = field(default_factory=dict)

    def read(self, events: Sequence[Mapping[str, Any]]) -> Iterator[Bar]:
        last = 0.0
        for event in events:
            last = self._at(event)
            kind = event["type"]
            if kind in _SHOWN:
                yield self._enter(event, last)
            elif kind.endswith("StateExited"):
                self._exit(event, last)
            else:
                self._inside(event, kind)
        for bars in self._open.values():
            for bar in bars:
                # Stopped from outside, or with its program.
                bar.end = last

    def _enter(self, event: Mapping[str, Any], at: float) -> Bar:
        name = event["stateEnteredEventDetails"]["name"]
        bar = self._bar_of_event[event["id"]] = Bar(name, at, at, self.attempt)
        self._open.setdefault(name, []).append(bar)
        return bar

    def _exit(self, event: Mapping[str, Any], at: float) -> None:
        bars = self._open.get(event["stateExitedEventDetails"]["name"])
        if bars:
            bar = bars.pop(0)
            bar.end = at
            # A wait has no event of its own success; a task that leaves without one was caught.
            bar.tone = "done" if bar.tone == "open" else bar.tone

    def _inside(self, event: Mapping[str, Any], kind: str) -> None:
        bar = self._bar_of_event.get(event.get("previousEventId", 0))
        if bar is None:
            return
        self._bar_of_event[event["id"]] = bar
        if kind in _FAILURES:
            bar.tone, bar.error = "failed", _error(event)
        elif kind in _SUCCESSES:
            bar.tone = "retried" if bar.tone == "failed" else "done"

    def _at(self, event: Mapping[str, Any]) -> float:
        return self.offset + (_moment(event) - self.begin).total_seconds()


def _moment(event: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(event["timestamp"])


def _error(event: Mapping[str, Any]) -> str:
    details: Mapping[str, Any] = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    return str(details.get("error", ""))

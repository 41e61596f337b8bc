"""One policy for faults that pass: wait, then try again, but never beyond the time there is."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")


class OutOfTimeError(RuntimeError):
    """The invocation is about to be ended from outside; what is written so far stays written."""


@dataclass(frozen=True, slots=True)
class TimeBudget:
    """The time left to this invocation, less a reserve to stop in order."""

    remaining_millis: Callable[[], int]
    reserve_seconds: float = 10.0

    @classmethod
    def of(cls, remaining_millis: Callable[[], int]) -> "TimeBudget":
        """The usual reserve, or a tenth of the time there is at the start if that is less."""
        return cls(remaining_millis, min(10.0, remaining_millis() / 10_000))

    def seconds(self) -> float:
        """Seconds left to work in; negative once the reserve is touched."""
        return self.remaining_millis() / 1000 - self.reserve_seconds

    def check(self) -> None:
        """Raises: OutOfTimeError once only the reserve is left."""
        if self.seconds() <= 0:
            raise OutOfTimeError("the invocation's time is nearly over")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits `first_wait_seconds` after the first fault, twice that after the next, at most `longest_wait_seconds`."""

    attempts: int = 7
    first_wait_seconds: float = 0.1
    longest_wait_seconds: float = 5.0

    def run(
        self,
        action: Callable[[], Result],
        faults: tuple[type[Exception], ...],
        budget: TimeBudget,
        on_fault: Callable[[int, Exception], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> Result:
        """The action's result; it is called again after each of `faults`, and `on_fault(attempt, fault)` before that.

        Raises: the last fault once all attempts are used; OutOfTimeError if waiting again would outlast the budget.
        """
        wait = self.first_wait_seconds
        for attempt in range(1, self.attempts):
            try:
                return action()
            except faults as fault:
                on_fault(attempt, fault)
                if wait >= budget.seconds():
                    raise OutOfTimeError(f"no time is left to try again after: {fault}") from fault
            sleep(wait)
            wait = min(wait * 2, self.longest_wait_seconds)
        return action()

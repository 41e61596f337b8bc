"""A run of the pipeline right after the apply: started, followed to its end, and reported."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from pipelinegen.deploy.runner import Runner
from pipelinegen.errors import fault

_PAUSE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Smoke:
    """How long to follow a run, and how to wait between two looks."""

    runner: Runner
    region: str
    timeout_minutes: int
    sleep: Callable[[float], None]

    def prove(self, machine: str, name: str) -> str:
        """How the run ended that was started. Raises: SpecError with PG168 unless it succeeds in time."""
        region = ("--region", self.region, "--output", "json")
        words = ("aws", "stepfunctions", "start-execution", "--state-machine-arn", machine or "<state machine>")
        started = self.runner.ask(*words, "--name", name, *region)
        run = _field(started.out, "executionArn") or "<run>"
        if started.code and not self.runner.dry:
            raise fault(None, "PG168", "the run cannot be started", "look at what your credentials may do")
        status, why = self._follow(run, region)
        if status != "SUCCEEDED" and not self.runner.dry:
            fact = f"the run '{name}' is {status} after {self.timeout_minutes} minutes or less{why}"
            raise fault(None, "PG168", fact, "look at it in Step Functions; `rollback` goes back to what was before")
        return status

    def _follow(self, run: str, region: tuple[str, ...]) -> tuple[str, str]:
        """Status and error once the run is over, or once the time is."""
        status, why = "UNKNOWN", ""
        for _ in range(max(1, self.timeout_minutes * 60 // _PAUSE_SECONDS)):
            answer = self.runner.ask("aws", "stepfunctions", "describe-execution", "--execution-arn", run, *region)
            status = _field(answer.out, "status") or "UNKNOWN"
            error = _field(answer.out, "error")
            why = f": {error}" if error else ""
            if status != "RUNNING":
                break
            self.sleep(_PAUSE_SECONDS)
        return status, why


def _field(text: str, name: str) -> str:
    try:
        return str(json.loads(text).get(name, ""))
    except (ValueError, AttributeError):
        return ""

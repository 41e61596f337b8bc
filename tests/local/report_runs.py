"""Records of runs as a local cloud leaves them, made up: good days, a rejected model, failures, a crash, rude texts."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelinegen.local.run_folders import RunFolder, RunFolders, RunRecord, write_json, write_lines
from pipelinegen.local.world import World

RUDE = "</pre></style><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;{{ 7 * 7 }}"
POINTER = "/shop/dev/promoted-model"


class Story:
    """A state folder that fills day by day."""

    def __init__(self, root: Path) -> None:
        self.state = root / "shop" / "dev"
        self.runs = RunFolders(self.state)
        self.promoted: dict[str, Any] = {"model": None}
        self._moment = datetime(2026, 11, 20, 3, tzinfo=UTC)
        self.state.mkdir(parents=True)
        World("w1", "specs/shop.yaml", "generated", "dev", "2026-11-16", "2026-11-20").write(self.state)
        write_json(self.state / "run.json", {"metric": "ndcg_at_20"})

    def day(self, date: str, value: float, *, accepted: bool = True, popular: float = 0.03) -> RunFolder:
        """A day that succeeds; a model that is not accepted is not promoted."""
        version = f"shop-dev-train-{date.replace('-', '')}-abcdef"
        before = self.promoted
        metrics = {"ndcg_at_20": value, "popular_ndcg_at_20": popular, "training_rows": 19_864}
        if "metrics" in before:
            metrics["promoted_ndcg_at_20"] = before["metrics"]["ndcg_at_20"] * 0.9
        if accepted:
            self.promoted = {"model": f"s3://m/{version}", "version": version, "metrics": metrics}
        steps = {
            "train": {"model": f"s3://m/{version}", "version": version, "metrics": metrics},
            "gate": {"accepted": accepted, "metric": "ndcg_at_20", "value": value},
        }
        record = self._record(
            date, status="SUCCEEDED", output={"run_date": date, "steps": steps}, seconds=41.5, keys=120
        )
        record.parameters_before, record.parameters_after = {POINTER: before}, {POINTER: self.promoted}
        record.rows = {"clicks": 19_864}
        record.reports = [self._report(date, violations=0)]
        record.samples = [self._sample(number) for number in range(3)]
        return self._leave(record, [("Interactions", 20.0, ""), ("Train", 14.0, ""), ("Publish", 0.4, "")])

    def failure(self, date: str, text: str, *, retries: int = 0) -> RunFolder:
        """A day whose training fails with a text, in each attempt."""
        record = self._record(date, status="FAILED", error="AlgorithmError", cause=text, seconds=30.0)
        record.failed_state, record.failed_step, record.redrive_count = "Train", "train", retries
        record.parameters_before = {POINTER: self.promoted}
        record.reports = [self._report(date, violations=12)]
        attempts = [[("Interactions", 20.0, ""), ("Train", 8.0, "AlgorithmError")]]
        attempts += [[("Train", 9.0, "AlgorithmError")]] * retries
        folder = self._leave(record, *attempts)
        (folder.path / "logs").mkdir()
        (folder.path / "logs" / "train.log").write_text(f"Traceback\nValueError: {text}\n", encoding="utf-8")
        return folder

    def crash(self, date: str) -> RunFolder:
        """A day in the middle of which everything was killed."""
        return self._leave(self._record(date, status="RUNNING"), [("Interactions", 20.0, ""), ("Train", -3.0, "")])

    def rude(self, date: str) -> RunFolder:
        """A day with texts that want to be more than texts, wherever a text may be."""
        folder = self.failure(date, RUDE, retries=1)
        record = folder.record()
        record.samples = [{"key": RUDE, "fields": {"items": [RUDE], "scores": [1.0]}, "features": {RUDE: {RUDE: RUDE}}}]
        record.reports[0]["step"] = record.reports[0]["checks"][0]["columns"][0] = RUDE
        record.schedule = record.until = record.reused_run = record.failed_state = RUDE
        record.reused_steps = [RUDE]
        record.output = {"steps": {RUDE: {"model": RUDE, "version": RUDE, "metrics": {RUDE: 1.0}, "accepted": True}}}
        folder.write(record)
        events = [
            json.loads(json.dumps(event).replace("Interactions", json.dumps(RUDE)[1:-1])) for event in folder.events()
        ]
        write_lines(folder.history, events)
        write_lines(
            self.state / "notifications.jsonl",
            [{"execution": record.id, "date": RUDE, "subject": RUDE, "message": RUDE}],
        )
        return folder

    def _record(self, date: str, **values: Any) -> RunRecord:
        self._moment += timedelta(hours=1)
        number = len(self.runs.all())
        started = self._moment.isoformat().replace("+00:00", "Z")
        given = {"scheduled_time": f"{date}T03:00:00Z"}
        return RunRecord(id=f"{date}-{number:08x}", date=date, world="w1", started_at=started, input=given, **values)

    def _leave(self, record: RunRecord, *attempts: Sequence[tuple[str, float, str]]) -> RunFolder:
        folder = self.runs.folder(record.id)
        folder.create(record, {}, [])
        write_lines(
            folder.history, [event for number, states in enumerate(attempts) for event in history(number, states)]
        )
        return folder

    @staticmethod
    def _report(date: str, violations: int) -> dict[str, Any]:
        check = {
            "dataset": "clicks",
            "check": "not_null",
            "columns": ["user_id"],
            "violations": violations,
            "rows": 19_864,
        }
        rows = {"inputs": {"clicks": {"rows": 19_864}}, "output": {"rows": None if violations else 19_800}}
        return {"step": "interactions", "run_date": date, **rows, "checks": [check]}

    @staticmethod
    def _sample(number: int) -> dict[str, Any]:
        items = [f"v{item:04}" for item in range(number, number + 20)]
        scores = [round(0.5 - 0.1 * rank, 3) for rank in range(20)]
        features = {item: {"make": "Skoda", "model": "Octavia", "price_eur": 13_480.0} for item in items[:5]}
        fields = {"items": items, "scores": scores, "model_version": "shop-dev-train-20261120-abcdef0123456789abcdef"}
        return {"key": f"recommendations:{number:032x}", "fields": fields, "features": features}


def history(attempt: int, states: Sequence[tuple[str, float, str]]) -> list[dict[str, Any]]:
    """The events of an attempt: states one after another, with their seconds and errors; negative: never left."""
    moment = datetime(2026, 11, 20, 4 + attempt, tzinfo=UTC)
    events: list[dict[str, Any]] = []

    def tell(kind: str, previous: int, **details: Any) -> int:
        number = len(events) + 1
        stamp = {"id": number, "previousEventId": previous, "type": kind, "timestamp": moment.isoformat()}
        events.append({**stamp, **details, "attempt": attempt})
        return number

    last = tell("ExecutionStarted", 0)
    for name, seconds, error in states:
        last = tell("TaskStateEntered", last, stateEnteredEventDetails={"name": name})
        last = tell("TaskScheduled", last)
        moment += timedelta(seconds=abs(seconds))
        if seconds < 0:
            tell("TaskStarted", last)
        elif error:
            last = tell("TaskFailed", last, taskFailedEventDetails={"error": error})
            last = tell("TaskStateExited", last, stateExitedEventDetails={"name": name})
        else:
            last = tell("TaskSucceeded", last)
            last = tell("TaskStateExited", last, stateExitedEventDetails={"name": name})
    return events

"""What a local run comes to: a day a row, for the screen and as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table

from pipelinegen.local.deploy import Deployment
from pipelinegen.local.follow import ExecutionEnd
from pipelinegen.local.local_cloud import LocalCloud
from pipelinegen.local.redis import RedisServer
from pipelinegen.local.s3_transfer import split_uri


@dataclass(frozen=True, slots=True)
class Day:
    """One execution: its end, seconds by step, rows read by dataset, and keys in Redis afterwards."""

    date: str
    end: ExecutionEnd
    seconds: Mapping[str, float]
    rows: Mapping[str, int]
    keys: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """All days of one run."""

    pipeline: str
    environment: str
    metric: str | None
    days: Sequence[Day]
    sample_users: Sequence[str]
    notifications: Sequence[Mapping[str, Any]]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The summary as a JSON object."""
        return {
            "schema_version": 1,
            "pipeline": self.pipeline,
            "environment": self.environment,
            "metric": self.metric,
            "seconds": round(self.seconds, 2),
            "sample_users": list(self.sample_users),
            "days": [
                {
                    "date": day.date,
                    "status": day.end.status,
                    "failed_state": day.end.failed_state or None,
                    "error": day.end.error or None,
                    "rows": dict(day.rows),
                    "keys": day.keys,
                    "seconds": {step: round(seconds, 2) for step, seconds in day.seconds.items()},
                    "output": day.end.output,
                }
                for day in self.days
            ],
        }


def rows_extracted(cloud: LocalCloud, deployment: Deployment, date: str) -> dict[str, int]:
    """Rows read by dataset, from the reports of the day's Glue jobs."""
    rows: dict[str, int] = {}
    for pattern in deployment.settings["summary"]["reports"]:
        bucket, key = split_uri(pattern.replace("{run_date}", date))
        try:
            report = json.loads(cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError:
            continue
        rows.update({name: found["rows"] for name, found in report["inputs"].items()})
    return rows


def redis_keys(server: RedisServer) -> int:
    """How many keys the Redis server holds."""
    import redis

    with redis.Redis(host=server.host, port=server.port, password=server.password) as client:
        return int(client.dbsize())


def print_summary(summary: RunSummary, console: Console) -> None:
    """The table of days, then what was notified."""
    steps = list(dict.fromkeys(step for day in summary.days for step in day.seconds if step in _steps(day)))
    table = Table(title=f"{summary.pipeline} ({summary.environment})", title_justify="left", box=None, padding=(0, 1))
    for heading in (
        "day",
        "rows read",
        f"{summary.metric or 'metric'}",
        "promoted before",
        "most popular",
        "gate",
        "keys",
        "seconds by step",
    ):
        table.add_column(
            heading,
            justify="right" if heading in ("keys", summary.metric, "promoted before", "most popular") else "left",
        )
    for day in summary.days:
        metrics = _metrics(day)
        name = summary.metric or ""
        table.add_row(
            day.date,
            ", ".join(f"{name} {rows:,}" for name, rows in day.rows.items()) or "-",
            _number(metrics.get(name)),
            _number(metrics.get(f"promoted_{name}")),
            _number(metrics.get(f"popular_{name}")),
            _gate(day),
            f"{day.keys:,}",
            ", ".join(f"{step} {day.seconds[step]:.1f}" for step in steps if step in day.seconds),
        )
    console.print()
    console.print(table)
    for message in summary.notifications:
        console.print(
            f"told the owner: {message.get('subject')}: {message.get('message')}", markup=False, highlight=False
        )
    console.print(f"{len(summary.days)} days in {summary.seconds:.0f} s", highlight=False)


def _steps(day: Day) -> Sequence[str]:
    return [step for step, seconds in day.seconds.items() if seconds >= 0.05]


def _metrics(day: Day) -> Mapping[str, float]:
    outputs = (day.end.output or {}).get("steps", {})
    found = next((output["metrics"] for output in outputs.values() if "metrics" in output), {})
    return dict(found)


def _gate(day: Day) -> str:
    if not day.end.succeeded:
        return f"[red]{day.end.status.lower()}"
    outputs = day.end.output.get("steps", {})
    accepted = next((output["accepted"] for output in outputs.values() if "accepted" in output), None)
    return "-" if accepted is None else "[green]promoted" if accepted else "[yellow]kept the old"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"

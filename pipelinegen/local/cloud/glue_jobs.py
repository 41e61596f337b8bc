"""Glue: moto 5.2.5 reports every run as SUCCEEDED without running it; here the deployed script runs in Spark."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.core.responses import ActionResult
from moto.glue.models import FakeJob, FakeJobRun
from moto.glue.responses import GlueResponse

from pipelinegen.local.cloud.board import Cloud
from pipelinegen.local.cloud.replacing import replace_attribute
from pipelinegen.local.cloud.trust import GLUE
from pipelinegen.local.glue import GlueEnd, GluePlace, GlueRun, run_glue_job
from pipelinegen.local.policies import listable, object_patterns
from pipelinegen.local.spark_archive import SparkArchive
from pipelinegen.local.spark_jars import spark_jars

_DEFAULT_TIMEOUT_MINUTES = 2880


def install(cloud: Cloud, find_java: Callable[[], Path], archive: SparkArchive) -> None:
    """Makes job runs run."""
    _run_for_real(cloud, find_java, archive)
    _report_what_happened()

    def batch_stop_job_run(self: Any) -> ActionResult:
        request = json.loads(self.body)
        for run_id in request["JobRunIds"]:
            cloud.board.stop(f"glue/{run_id}")
        submitted = [{"JobName": request["JobName"], "JobRunId": run_id} for run_id in request["JobRunIds"]]
        return ActionResult({"SuccessfulSubmissions": submitted, "Errors": []})

    # moto has no BatchStopJobRun at all.
    GlueResponse.batch_stop_job_run = batch_stop_job_run


def _run_for_real(cloud: Cloud, find_java: Callable[[], Path], archive: SparkArchive) -> None:
    original = FakeJob.start_job_run

    def start_job_run(self: Any, *args: Any, **named: Any) -> Any:
        run_id = original(self, *args, **named)
        record = next(run for run in self.job_runs if run.job_run_id == run_id)
        record.end = None
        record.started_on = record.modified_on = datetime.now(UTC)
        record.completed_on = None
        log = cloud.new_log(self.name)

        def body(stop: threading.Event) -> None:
            try:
                run = _described(self, record)
                end = run_glue_job(run, _place(cloud, self, run_id, log, find_java, archive), stop)
            except Exception as error:
                end = GlueEnd("FAILED", f"LAUNCH ERROR | {error}")
            record.completed_on = record.modified_on = datetime.now(UTC)
            with log.open("a", encoding="utf-8") as file:
                file.write(f"[glue] job '{self.name}': {end.state}{': ' + end.reason if end.reason else ''}\n")
            record.end = end

        cloud.board.start(f"glue/{run_id}", body)
        return run_id

    replace_attribute(FakeJob, "start_job_run", start_job_run)


def _report_what_happened() -> None:
    """moto moves a run on to SUCCEEDED by itself, after a number of calls."""

    def status(self: Any) -> str:
        end: GlueEnd | None = getattr(self, "end", None)
        return end.state if end else "RUNNING"

    original = FakeJobRun.as_dict

    def as_dict(self: Any) -> dict[str, Any]:
        described: dict[str, Any] = original(self)
        end: GlueEnd | None = getattr(self, "end", None)
        if end and end.reason:
            described["ErrorMessage"] = end.reason
        if self.completed_on is not None:
            described["ExecutionTime"] = int((self.completed_on - self.started_on).total_seconds())
        return {name: value for name, value in described.items() if value is not None}

    # The setter swallows moto's own transitions.
    FakeJobRun.status = property(status, lambda self, value: None)
    replace_attribute(FakeJobRun, "as_dict", as_dict)


def _described(job: Any, record: Any) -> GlueRun:
    minutes = record.timeout or _DEFAULT_TIMEOUT_MINUTES
    return GlueRun(job.name, record.job_run_id, job.command["ScriptLocation"], dict(record.arguments), minutes * 60.0)


def _place(
    cloud: Cloud, job: Any, run_id: str, log: Path, find_java: Callable[[], Path], archive: SparkArchive
) -> GluePlace:
    iam = cloud.sessions.client("iam")
    role_name = job.role.rpartition("/")[2]
    names = iam.list_role_policies(RoleName=role_name)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"] for name in names]
    role_arn = iam.get_role(RoleName=role_name)["Role"]["Arn"]
    cloud.trust.require(role_arn, GLUE, f"arn:aws:glue:{cloud.region}:{cloud.account}:job/{job.name}")
    return GluePlace(
        folder=cloud.workdir.resolve() / "jobs" / f"{job.name}-{run_id[3:11]}",
        log=log,
        environment=cloud.sessions.environment(role_arn),
        s3=cloud.sessions.client("s3", role_arn),
        readable=[pattern for pattern in object_patterns(documents, "s3:GetObject") if listable(documents, pattern)],
        writable=object_patterns(documents, "s3:PutObject"),
        children=cloud.children,
        find_java=find_java,
        archive=archive,
        jars=spark_jars(cloud.workdir),
    )

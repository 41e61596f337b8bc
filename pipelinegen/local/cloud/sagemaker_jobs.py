"""SageMaker: moto 5.2.5 reports every job as Completed without running it; here the programs run."""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from moto.core.responses import EmptyResult
from moto.sagemaker.exceptions import AWSValidationException, ResourceInUseException
from moto.sagemaker.responses import SageMakerResponse

from pipelinegen.local.cloud.board import Cloud
from pipelinegen.local.cloud.models import job_place
from pipelinegen.local.cloud.replacing import replace_attribute
from pipelinegen.local.sagemaker import JobEnd, JobPlace, remove_base, run_training_job
from pipelinegen.local.sagemaker_processing import run_processing_job

#: The shape of both runners: request, place, stop event → end.
_Runner = Callable[[Mapping[str, Any], JobPlace, threading.Event], JobEnd]

_RUNNING: Final = "InProgress"


def install(cloud: Cloud) -> None:
    """Makes both kinds of job run."""
    replace_attribute(SageMakerResponse, "create_training_job", _create_training_job(cloud))
    replace_attribute(SageMakerResponse, "create_processing_job", _create_processing_job(cloud))
    replace_attribute(SageMakerResponse, "stop_processing_job", _stop(cloud, "processing"))
    # moto has no StopTrainingJob at all.
    SageMakerResponse.stop_training_job = _stop(cloud, "training")


def _create_training_job(cloud: Cloud) -> Any:
    original = SageMakerResponse.create_training_job

    def create_training_job(self: Any) -> Any:
        request = json.loads(self.body)
        name = request["TrainingJobName"]
        _refuse_known_name(self.sagemaker_backend.training_jobs, "Training job", name)
        answer = original(self)
        job = self.sagemaker_backend.training_jobs[name]
        # moto puts a metric of its own in the place of those that were asked for.
        job.algorithm_specification = request["AlgorithmSpecification"]
        job.environment = request.get("Environment")
        job.final_metric_data_list = []
        job.training_job_status, job.secondary_status = _RUNNING, "Training"
        job.training_end_time = None
        request["TrainingJobArn"] = job.arn
        _start(
            cloud, "training", job, request, request["AlgorithmSpecification"].get("TrainingImage"), run_training_job
        )
        return answer

    return create_training_job


def _create_processing_job(cloud: Cloud) -> Any:
    original = SageMakerResponse.create_processing_job

    def create_processing_job(self: Any) -> Any:
        request = json.loads(self.body)
        name = request["ProcessingJobName"]
        _refuse_known_name(self.sagemaker_backend.processing_jobs, "Processing job", name)
        answer = original(self)
        job = self.sagemaker_backend.processing_jobs[name]
        job.environment = request.get("Environment")
        job.processing_resources = request.get("ProcessingResources")
        job.processing_job_status = _RUNNING
        job.processing_end_time = None
        _start(cloud, "processing", job, request, request["AppSpecification"]["ImageUri"], run_processing_job)
        return answer

    return create_processing_job


def _refuse_known_name(jobs: Mapping[str, Any], noun: str, name: str) -> None:
    """moto lets a later job take the name of an earlier one; on AWS names are unique for ever."""
    if name in jobs:
        message = f"{noun} names must be unique within an AWS account and region, and '{name}' already exists"
        raise ResourceInUseException(message)


def _start(cloud: Cloud, kind: str, job: Any, request: dict[str, Any], image: str | None, run: _Runner) -> None:
    name = request["TrainingJobName" if kind == "training" else "ProcessingJobName"]
    log = cloud.new_log(name)
    setattr(job, f"{kind}_start_time", datetime.now(UTC))

    def body(stop: threading.Event) -> None:
        try:
            end = run(request, job_place(cloud, name, job.role_arn, image, log), stop)
        except Exception as error:
            end = JobEnd("Failed", "Failed", f"InternalServerError: {error}")
        _record(job, kind, end)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"[{kind} job '{name}': {end.status}{': ' if end.why else ''}{end.why}]\n")
        if end.status == "Completed":
            remove_base(cloud.workdir / "jobs" / name)

    cloud.board.start(f"{kind}/{name}", body)


def _record(job: Any, kind: str, end: JobEnd) -> None:
    """Puts the end of a job where Describe…Job shows it; the status last, because others wait for it."""
    now = datetime.now(UTC)
    job.last_modified_time = now
    job.failure_reason = end.failure_reason
    setattr(job, f"{kind}_end_time", now)
    if kind == "training":
        metrics = [{"MetricName": name, "Value": value, "Timestamp": now} for name, value in end.metrics.items()]
        job.final_metric_data_list = metrics
        job.secondary_status = end.secondary_status
        job.training_job_status = end.status
    else:
        job.exit_message = end.exit_message
        job.processing_job_status = end.status


def _stop(cloud: Cloud, kind: str) -> Any:
    noun = f"{kind.capitalize()}JobName"

    def stop(self: Any) -> Any:
        name = json.loads(self.body)[noun]
        job = getattr(self.sagemaker_backend, f"{kind}_jobs").get(name)
        status = getattr(job, f"{kind}_job_status", None)
        if status != _RUNNING:
            raise AWSValidationException(f"The request was rejected because the {kind} job is in status {status}.")
        cloud.board.stop(f"{kind}/{name}")
        return EmptyResult()

    return stop

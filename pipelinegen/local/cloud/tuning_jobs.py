"""SageMaker tuning jobs: moto 5.2.5 says Completed and trains nothing; here every training job of the search runs."""

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from moto.core.responses import EmptyResult
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.responses import SageMakerResponse

from pipelinegen.local.cloud.board import Cloud
from pipelinegen.local.cloud.replacing import replace_attribute
from pipelinegen.local.cloud.tasks import current_task, working_for
from pipelinegen.local.sagemaker_tuning import Trial, best, points

_RUNNING: Final = "InProgress"
_LOOK_SECONDS: Final = 0.5


def install(cloud: Cloud) -> None:
    """Makes tuning jobs run."""
    original = SageMakerResponse.create_hyper_parameter_tuning_job

    def create_hyper_parameter_tuning_job(self: Any) -> Any:
        request = json.loads(self.body)
        if "TrainingJobDefinition" not in request:
            raise AWSValidationException("the local cloud searches with one TrainingJobDefinition")
        answer = original(self)
        name = request["HyperParameterTuningJobName"]
        job = self.sagemaker_backend.hyper_parameter_tuning_jobs[name]
        job.hyper_parameter_tuning_job_status, job.hyper_parameter_tuning_end_time = _RUNNING, None
        job.best_training_job = job.OverallBestTrainingJob = None
        job.failure_reason = job.tuning_job_completion_details = job.consumed_resources = None
        log = cloud.new_log(name)
        cloud.board.start(f"tuning/{name}", lambda stop: _Search(cloud, request, job, log).run(stop))
        return answer

    def stop_hyper_parameter_tuning_job(self: Any) -> Any:
        name = json.loads(self.body)["HyperParameterTuningJobName"]
        job = self.sagemaker_backend.hyper_parameter_tuning_jobs.get(name)
        if job is None or job.hyper_parameter_tuning_job_status != _RUNNING:
            raise AWSValidationException("The request was rejected because the tuning job is not in progress.")
        cloud.board.stop(f"tuning/{name}")
        return EmptyResult()

    replace_attribute(SageMakerResponse, "create_hyper_parameter_tuning_job", create_hyper_parameter_tuning_job)
    # moto has no StopHyperParameterTuningJob at all.
    SageMakerResponse.stop_hyper_parameter_tuning_job = stop_hyper_parameter_tuning_job


class _Search:
    """One tuning job at work."""

    def __init__(self, cloud: Cloud, request: Mapping[str, Any], job: Any, log: Path) -> None:
        self._cloud = cloud
        self._request = request
        self._config = request["HyperParameterTuningJobConfig"]
        self._objective = self._config["HyperParameterTuningJobObjective"]
        self._job = job
        self._log = log
        self._task = current_task()
        # As the service itself: whoever asked for the search was allowed to, and to pass the jobs' role.
        self._client = cloud.sessions.client("sagemaker")

    def run(self, stop: threading.Event) -> None:
        """Runs every training job, some at a time, and puts the best where Describe… shows it."""
        limits = self._config["ResourceLimits"]
        searched = points(self._config, int(limits["MaxNumberOfTrainingJobs"]))
        self._say(f"{len(searched)} training jobs by strategy {self._strategy()}")
        trials = [Trial(self._job_name(index), tuned) for index, tuned in enumerate(searched, 1)]
        with ThreadPoolExecutor(max(1, int(limits["MaxParallelTrainingJobs"]))) as pool:
            done = list(pool.map(lambda trial: self._train(trial, stop), trials))
        self._record(done, stopped=stop.is_set())

    def _strategy(self) -> str:
        asked = str(self._config["Strategy"])
        return asked if asked in ("Random", "Grid") else f"Random (the local cloud's stand-in for {asked})"

    def _job_name(self, index: int) -> str:
        name = self._request["HyperParameterTuningJobName"]
        return f"{name}-{index:03d}-{hashlib.sha256(f'{name}{index}'.encode()).hexdigest()[:8]}"

    def _train(self, trial: Trial, stop: threading.Event) -> Trial:
        if stop.is_set():
            return replace(trial, status="Stopped")
        definition = dict(self._request["TrainingJobDefinition"])
        static = definition.pop("StaticHyperParameters", {})
        definition.pop("DefinitionName", None)
        with working_for(self._task):
            try:
                self._client.create_training_job(
                    TrainingJobName=trial.job, HyperParameters={**static, **trial.tuned}, **definition
                )
                described = self._wait(trial.job, stop)
            except Exception as error:
                return replace(trial, status="Failed", reason=str(error))
        found = self._told(trial, described)
        values = ", ".join(f"{name}={value}" for name, value in trial.tuned.items())
        shown = found.objective if found.objective is not None else found.reason or found.status
        self._say(f"{trial.job}: {values}: {self._objective['MetricName']} {shown}")
        return found

    def _wait(self, name: str, stop: threading.Event) -> Mapping[str, Any]:
        while True:
            self._cloud.board.wait(f"training/{name}", _LOOK_SECONDS)
            described: Mapping[str, Any] = self._client.describe_training_job(TrainingJobName=name)
            if described["TrainingJobStatus"] != _RUNNING:
                return described
            if stop.is_set():
                self._cloud.board.stop(f"training/{name}")

    def _told(self, trial: Trial, described: Mapping[str, Any]) -> Trial:
        metrics = {item["MetricName"]: float(item["Value"]) for item in described.get("FinalMetricDataList") or []}
        return replace(
            trial,
            status=described["TrainingJobStatus"],
            objective=metrics.get(self._objective["MetricName"]),
            reason=described.get("FailureReason") or "",
            described=described,
        )

    def _record(self, trials: Sequence[Trial], *, stopped: bool) -> None:
        job, found = self._job, best(trials, self._objective["Type"])
        counts = {name: sum(trial.status == name for trial in trials) for name in ("Completed", "Stopped")}
        failed = sum(trial.status == "Failed" for trial in trials)
        job.training_job_status_counters = {**counts, "InProgress": 0, "NonRetryableError": failed, "RetryableError": 0}
        succeeded = sum(trial.objective is not None for trial in trials)
        job.objective_status_counters = {"Succeeded": succeeded, "Pending": 0, "Failed": len(trials) - succeeded}
        if found is not None:
            job.best_training_job = self._described(found)
        job.hyper_parameter_tuning_end_time = job.last_modified_time = datetime.now(UTC)
        status = "Stopped" if stopped else "Completed" if found else "Failed"
        if status == "Failed":
            job.failure_reason = self._why(trials)
        self._say(
            f"{status}{f': best is {found.job}' if found else ''}{f': {job.failure_reason}' if not found else ''}"
        )
        job.hyper_parameter_tuning_job_status = status

    def _why(self, trials: Sequence[Trial]) -> str:
        reason = next((trial.reason for trial in trials if trial.reason), "")
        metric = self._objective["MetricName"]
        return f"No training job succeeded with a value of {metric}. {reason}".strip()

    def _described(self, trial: Trial) -> dict[str, Any]:
        seen = trial.described
        objective = {**self._objective, "Value": trial.objective}
        return {
            "TrainingJobName": trial.job,
            "TrainingJobArn": seen["TrainingJobArn"],
            "CreationTime": seen["CreationTime"],
            "TrainingJobStatus": trial.status,
            "TunedHyperParameters": dict(trial.tuned),
            "FinalHyperParameterTuningJobObjectiveMetric": objective,
            "ObjectiveStatus": "Succeeded",
        }

    def _say(self, text: str) -> None:
        with self._log.open("a", encoding="utf-8") as file:
            file.write(f"[tuning] {text}\n")

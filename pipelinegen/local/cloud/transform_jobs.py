"""SageMaker transform jobs: moto 5.2.5 says Completed and writes nothing; here the model's container answers."""

import json
import threading
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import EmptyResult
from moto.sagemaker.exceptions import AWSValidationException, ResourceInUseException
from moto.sagemaker.responses import SageMakerResponse

from pipelinegen.local.cloud.board import Cloud
from pipelinegen.local.cloud.models import job_place, served_model
from pipelinegen.local.cloud.replacing import replace_attribute
from pipelinegen.local.sagemaker import JobEnd
from pipelinegen.local.sagemaker_transform import run_transform_job


def install(cloud: Cloud) -> None:
    """Makes transform jobs run."""
    replace_attribute(SageMakerResponse, "create_transform_job", _create(cloud))

    def stop_transform_job(self: Any) -> Any:
        name = json.loads(self.body)["TransformJobName"]
        job = self.sagemaker_backend.transform_jobs.get(name)
        if job is None or job.transform_job_status != "InProgress":
            raise AWSValidationException("The request was rejected because the transform job is not in progress.")
        cloud.board.stop(f"transform/{name}")
        return EmptyResult()

    # moto has no StopTransformJob at all.
    SageMakerResponse.stop_transform_job = stop_transform_job


def _create(cloud: Cloud) -> Any:
    original = SageMakerResponse.create_transform_job

    def create_transform_job(self: Any) -> Any:
        request = json.loads(self.body)
        name, backend = request["TransformJobName"], self.sagemaker_backend
        if name in backend.transform_jobs:
            message = f"Transform job names must be unique within an AWS account and region, and '{name}' exists"
            raise ResourceInUseException(message)
        model, image, role = served_model(backend, request["ModelName"])
        answer = original(self)
        job = backend.transform_jobs[name]
        job.transform_job_status, job.transform_end_time = "InProgress", None
        log = cloud.new_log(name)

        def body(stop: threading.Event) -> None:
            try:
                end = run_transform_job(request, model, job_place(cloud, name, role, image, log), stop)
            except Exception as error:
                end = JobEnd("Failed", "Failed", f"ClientError: {error}")
            with log.open("a", encoding="utf-8") as file:
                file.write(f"[transform job '{name}': {': '.join(filter(None, (end.status, end.failure_reason)))}]\n")
            job.failure_reason = end.failure_reason
            job.transform_end_time = job.last_modified_time = datetime.now(UTC)
            job.transform_job_status = end.status

        cloud.board.start(f"transform/{name}", body)
        return answer

    return create_transform_job

"""Runs a SageMaker processing job as a process: inputs downloaded, the entry point, outputs uploaded."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pipelinegen.local.containers import CONTAINER_ROOT, container_environment, lay_out_code, reroot
from pipelinegen.local.processes import Ending
from pipelinegen.local.s3_transfer import download_prefix, upload_folder
from pipelinegen.local.sagemaker import JobEnd, JobPlace, local_command, run_program

_EXIT_MESSAGE_LIMIT: Final = 1024


def run_processing_job(request: Mapping[str, Any], place: JobPlace, stop: threading.Event) -> JobEnd:
    """Does what CreateProcessingJob asks for. Outputs are uploaded only after exit code 0 (S3UploadMode EndOfJob)."""
    try:
        _prepare(request, place)
        lay_out_code(place.image, place.code, place.base)
        argv = _command(request, place)
    except Exception as error:
        return JobEnd("Failed", "Failed", f"ClientError: {error}")
    limit = float((request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", 86_400))
    environment = _environment(request, place)
    folder = Path(reroot(place.image.working_folder, place.base))
    folder = folder if folder.is_dir() else place.base / "code"
    ending, code = run_program(argv, place, environment, folder, limit, stop)
    if ending is Ending.TIMED_OUT:
        return JobEnd("Stopped", "MaxRuntimeExceeded", exit_message="MaxRuntimeExceeded")
    if ending is Ending.STOPPED:
        return JobEnd("Stopped", "Stopped")
    if code:
        return _failed(place, code)
    try:
        for output in _outputs(request):
            upload_folder(place.s3, _local(output["LocalPath"], place.base), output["S3Uri"])
    except Exception as error:
        return JobEnd("Failed", "Failed", f"InternalServerError: the outputs were not uploaded: {error}")
    return JobEnd("Completed", "Completed", exit_message="Completed")


def _failed(place: JobPlace, code: int) -> JobEnd:
    path = place.base / "output/message"
    message = path.read_text(encoding="utf-8", errors="replace")[:_EXIT_MESSAGE_LIMIT] if path.exists() else None
    failure = place.base / "output/failure"
    detail = (
        failure.read_text(encoding="utf-8", errors="replace")[:_EXIT_MESSAGE_LIMIT] if failure.exists() else message
    )
    reason = f"AlgorithmError: {detail.strip() if detail else 'See job logs for more information'}, exit code: {code}"
    return JobEnd("Failed", "Failed", reason, exit_message=message)


def _prepare(request: Mapping[str, Any], place: JobPlace) -> None:
    for name in ("config", "output", "processing"):
        (place.base / name).mkdir(parents=True, exist_ok=True)
    config = json.dumps({name: value for name, value in request.items() if name != "Tags"}, default=str)
    (place.base / "config/processingjobconfig.json").write_text(config, encoding="utf-8")
    hosts = {"current_host": "algo-1", "hosts": ["algo-1"]}
    (place.base / "config/resourceconfig.json").write_text(json.dumps(hosts), encoding="utf-8")
    for entry in request.get("ProcessingInputs") or []:
        source = entry["S3Input"]
        folder = _local(source["LocalPath"], place.base)
        if not download_prefix(place.s3, source["S3Uri"], folder):
            raise ValueError(
                f"Data download failed: no S3 objects found under '{source['S3Uri']}' of '{entry['InputName']}'"
            )
    for output in _outputs(request):
        _local(output["LocalPath"], place.base).mkdir(parents=True, exist_ok=True)


def _command(request: Mapping[str, Any], place: JobPlace) -> list[str]:
    specification = request["AppSpecification"]
    words = [*(specification.get("ContainerEntrypoint") or []), *(specification.get("ContainerArguments") or [])]
    if not words:
        raise ValueError("the request names no ContainerEntrypoint, and a local process has no image to take one from")
    return local_command(words, place)


def _environment(request: Mapping[str, Any], place: JobPlace) -> dict[str, str]:
    asked = {name: reroot(value, place.base) for name, value in (request.get("Environment") or {}).items()}
    named = {"PROCESSING_JOB_NAME": request["ProcessingJobName"]}
    return {**place.environment, **container_environment(place.image, place.base), **named, **asked}


def _outputs(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    config = request.get("ProcessingOutputConfig") or {}
    return [entry["S3Output"] for entry in config.get("Outputs") or [] if "S3Output" in entry]


def _local(path: str, base: Path) -> Path:
    """The local folder of a container's path. Raises: ValueError if it is not below /opt/ml."""
    moved = reroot(path, base)
    if moved == path:
        raise ValueError(f"the local path '{path}' is not below {CONTAINER_ROOT}")
    return Path(moved)

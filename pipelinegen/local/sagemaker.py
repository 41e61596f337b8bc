"""Runs a SageMaker training job as a process under the container contract, on another root than /opt/ml."""

import json
import os
import re
import shutil
import sys
import tarfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pipelinegen.local.containers import Image, container_environment, lay_out_code, reroot
from pipelinegen.local.processes import ChildProcesses, Ending
from pipelinegen.local.s3_transfer import download_prefix, split_uri, upload_folder
from pipelinegen.local.sagemaker_hosts import (
    gather_hosts,
    host_base,
    host_names,
    lay_out_hosts,
    meeting_point,
    run_hosts,
)

#: AWS gives a job 120 seconds between SIGTERM and SIGKILL; nobody waits that long at a terminal.
GRACE_SECONDS: Final = 10.0

#: The exit code of a container that was killed, by the system for want of memory as a rule.
_KILLED: Final = 137

#: SageMaker keeps this much of the failure file.
_FAILURE_LIMIT: Final = 1024


@dataclass(frozen=True, slots=True)
class JobPlace:
    """Where and as whom a job runs; `s3` and `environment` carry the job role's credentials."""

    base: Path
    log: Path
    #: The build context of the image.
    code: Path
    image: Image
    environment: Mapping[str, str]
    s3: Any
    children: ChildProcesses
    grace_seconds: float = GRACE_SECONDS


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended, in SageMaker's words: Completed, Failed or Stopped."""

    status: str
    secondary_status: str
    failure_reason: str | None = None
    exit_message: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def why(self) -> str:
        """Why it did not complete, as far as that is known."""
        return self.failure_reason or ("" if self.secondary_status == self.status else self.secondary_status)


def run_training_job(request: Mapping[str, Any], place: JobPlace, stop: threading.Event) -> JobEnd:
    """Does what CreateTrainingJob asks for: channels in, program, model and checkpoints out."""
    try:
        channels = _prepare(request, place)
        lay_out_code(place.image, place.code, place.base)
        hosts = _hosts(request)
        lay_out_hosts(place.base, hosts)
        _command(request, place)
    except Exception as error:
        return JobEnd("Failed", "Failed", f"ClientError: {error}")
    meeting = meeting_point() if len(hosts) > 1 else {}

    def run_host(host: str, halt: threading.Event) -> tuple[Ending, int]:
        own = replace(place, base=host_base(place.base, host))
        _write_json(own.base / "input/config/resourceconfig.json", _resource_config(request, host))
        environment = {**training_environment(request, own, channels, host), **meeting}
        return run_program(_command(request, own), own, environment, own.base / "code", _limit_seconds(request), halt)

    ending, code = run_hosts(hosts, run_host, stop) if len(hosts) > 1 else run_host(hosts[0], stop)
    gather_hosts(place.base, hosts)
    metrics = read_metrics(request["AlgorithmSpecification"].get("MetricDefinitions") or [], place.log)
    try:
        _collect(request, place, keep_model=code == 0 or ending is not Ending.EXITED)
    except Exception as error:
        return JobEnd(
            "Failed", "Failed", f"InternalServerError: the results were not uploaded: {error}", metrics=metrics
        )
    if ending is Ending.TIMED_OUT:
        return JobEnd("Stopped", "MaxRuntimeExceeded", metrics=metrics)
    if ending is Ending.STOPPED:
        return JobEnd("Stopped", "Stopped", metrics=metrics)
    if code:
        return JobEnd("Failed", "Failed", failure_reason(place.base, code), metrics=metrics)
    return JobEnd("Completed", "Completed", metrics=metrics)


def run_program(
    argv: Sequence[str],
    place: JobPlace,
    environment: Mapping[str, str],
    folder: Path,
    limit_seconds: float,
    stop: threading.Event,
) -> tuple[Ending, int]:
    """Runs a job's program to its end; both outputs go to the job's log. Gives the exit code as well."""
    with place.log.open("ab") as log:
        process = place.children.start(argv, environment=environment, folder=folder, log=log)
    ending = place.children.supervise(
        process, timeout_seconds=limit_seconds, stop=stop, grace_seconds=place.grace_seconds
    )
    code = process.returncode
    return ending, 128 - code if code < 0 else code  # as a container reports the signal that ended it


def decode_hyperparameters(given: Mapping[str, str]) -> dict[str, Any]:
    """The values as the SageMaker toolkit hands them to a program: JSON where they are JSON, else the text."""
    decoded: dict[str, Any] = {}
    for name, value in given.items():
        try:
            decoded[name] = json.loads(value)
        except ValueError:
            decoded[name] = value
    return decoded


def training_environment(
    request: Mapping[str, Any], place: JobPlace, channels: Mapping[str, Path], host: str = "algo-1"
) -> dict[str, str]:
    """All variables of a host's program: the role's, the image's, the request's, and SageMaker's SM_*."""
    base = place.base
    hyperparameters = decode_hyperparameters(_program_hyperparameters(request))
    values: dict[str, Any] = {
        "CHANNELS": sorted(channels),
        "CURRENT_HOST": host,
        "CURRENT_INSTANCE_TYPE": request["ResourceConfig"]["InstanceType"],
        "HOSTS": _hosts(request),
        "HPS": hyperparameters,
        "INPUT_CONFIG_DIR": str(base / "input/config"),
        "INPUT_DATA_CONFIG": _input_data_config(request),
        "INPUT_DIR": str(base / "input"),
        "LOG_LEVEL": "20",
        "MODEL_DIR": str(base / "model"),
        "MODULE_DIR": str(base / "code"),
        "NETWORK_INTERFACE_NAME": "lo",
        "NUM_CPUS": str(os.cpu_count() or 1),
        "NUM_GPUS": "0",
        "NUM_NEURONS": "0",
        "OUTPUT_DATA_DIR": str(base / "output/data"),
        "OUTPUT_DIR": str(base / "output"),
        "RESOURCE_CONFIG": _resource_config(request, host),
        "USER_ARGS": arguments(hyperparameters),
    }
    values |= {f"CHANNEL_{name.upper()}": str(path) for name, path in channels.items()}
    values |= {f"HP_{name.upper()}": value for name, value in hyperparameters.items()}
    variables = {f"SM_{name}": _variable(value) for name, value in values.items()}
    asked = {name: reroot(value, base) for name, value in (request.get("Environment") or {}).items()}
    named = {
        "TRAINING_JOB_NAME": request["TrainingJobName"],
        "TRAINING_JOB_ARN": str(request.get("TrainingJobArn", "")),
    }
    return {**place.environment, **container_environment(place.image, base), **named, **variables, **asked}


def arguments(hyperparameters: Mapping[str, Any]) -> list[str]:
    """The command line of a program: `--name value`, sorted by name, as the SageMaker toolkit builds it."""
    words: list[str] = []
    for name in sorted(hyperparameters):
        words += [f"--{name}" if len(name) > 1 else f"-{name}", str(hyperparameters[name])]
    return words


def read_metrics(definitions: Sequence[Mapping[str, str]], log: Path) -> dict[str, float]:
    """The last value of each metric in the log, by the regular expressions of the request."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    found: dict[str, float] = {}
    for definition in definitions:
        values = re.findall(definition["Regex"], text)
        if values:
            last = values[-1][0] if isinstance(values[-1], tuple) else values[-1]
            found[definition["Name"]] = float(last)
    return found


def failure_reason(base: Path, code: int) -> str:
    """The reason of a failed job: what the program wrote to output/failure, else its exit code."""
    path = base / "output/failure"
    text = path.read_text(encoding="utf-8", errors="replace")[:_FAILURE_LIMIT].strip() if path.exists() else ""
    if not text and code == _KILLED:
        text = "the program was killed (signal 9), as the system does with one that takes too much memory"
    text = text or f"ExecuteUserScriptError: ExitCode {code}"
    return f"AlgorithmError: {text}, exit code: {code}"


def _prepare(request: Mapping[str, Any], place: JobPlace) -> dict[str, Path]:
    """The layout of /opt/ml with its configuration and channels; gives the folders of the channels."""
    base = place.base
    for name in ("input/config", "input/data", "model", "output/data", "checkpoints"):
        (base / name).mkdir(parents=True, exist_ok=True)
    _write_json(base / "input/config/hyperparameters.json", dict(_program_hyperparameters(request)))
    _write_json(base / "input/config/inputdataconfig.json", _input_data_config(request))
    _write_json(base / "input/config/resourceconfig.json", _resource_config(request, "algo-1"))
    channels = {}
    for channel in request.get("InputDataConfig") or []:
        name, uri = channel["ChannelName"], channel["DataSource"]["S3DataSource"]["S3Uri"]
        channels[name] = base / "input/data" / name
        if not download_prefix(place.s3, uri, channels[name]):
            raise ValueError(f"Data download failed: no S3 objects found under '{uri}' of channel '{name}'")
    checkpoints = (request.get("CheckpointConfig") or {}).get("S3Uri")
    if checkpoints:
        download_prefix(place.s3, checkpoints.rstrip("/") + "/", base / "checkpoints")
    return channels


def _command(request: Mapping[str, Any], place: JobPlace) -> list[str]:
    specification = request["AlgorithmSpecification"]
    if specification.get("ContainerEntrypoint"):
        return local_command(
            [*specification["ContainerEntrypoint"], *(specification.get("ContainerArguments") or [])], place
        )
    given = request.get("HyperParameters") or {}
    asked = (request.get("Environment") or {}).get("SAGEMAKER_PROGRAM")
    program = (
        asked
        or decode_hyperparameters(given).get("sagemaker_program")
        or place.image.environment.get("SAGEMAKER_PROGRAM")
    )
    if not program:
        raise ValueError(f"the image '{specification.get('TrainingImage')}' names no SAGEMAKER_PROGRAM")
    return [sys.executable, program, *arguments(decode_hyperparameters(_program_hyperparameters(request)))]


def local_command(words: Sequence[str], place: JobPlace) -> list[str]:
    """A container's command line for this machine: our own Python, and paths below the job's root."""
    moved = [reroot(word, place.base) for word in words]
    if moved[0] in ("python", "python3", "python3.11"):
        moved[0] = sys.executable
    return moved


def _collect(request: Mapping[str, Any], place: JobPlace, *, keep_model: bool) -> None:
    """Uploads what the program left behind: model.tar.gz, output.tar.gz and the checkpoints."""
    output = f"{request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{request['TrainingJobName']}/output"
    checkpoints = (request.get("CheckpointConfig") or {}).get("S3Uri")
    if checkpoints:
        upload_folder(place.s3, place.base / "checkpoints", checkpoints)
    if any((place.base / "output/data").iterdir()):
        _upload_archive(place, place.base / "output/data", f"{output}/output.tar.gz")
    if keep_model:
        _upload_archive(place, place.base / "model", f"{output}/model.tar.gz")


def _upload_archive(place: JobPlace, folder: Path, uri: str) -> None:
    archive = place.base / Path(uri).name
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)
    bucket, key = split_uri(uri)
    place.s3.upload_file(str(archive), bucket, key)
    archive.unlink()


def remove_base(base: Path) -> None:
    """Forgets the files of a job; its log lies elsewhere."""
    shutil.rmtree(base, ignore_errors=True)


def _program_hyperparameters(request: Mapping[str, Any]) -> dict[str, str]:
    given = request.get("HyperParameters") or {}
    return {name: value for name, value in given.items() if not name.startswith("sagemaker_")}


def _limit_seconds(request: Mapping[str, Any]) -> float:
    return float((request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", 86_400))


def _input_data_config(request: Mapping[str, Any]) -> dict[str, Any]:
    keep = ("ContentType", "CompressionType", "RecordWrapperType")
    return {
        channel["ChannelName"]: {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            **{name: channel[name] for name in keep if name in channel},
        }
        for channel in request.get("InputDataConfig") or []
    }


def _hosts(request: Mapping[str, Any]) -> list[str]:
    return host_names(int(request["ResourceConfig"].get("InstanceCount", 1)))


def _resource_config(request: Mapping[str, Any], host: str) -> dict[str, Any]:
    kind = request["ResourceConfig"]["InstanceType"]
    group = {"instance_group_name": "homogeneousCluster", "instance_type": kind, "hosts": _hosts(request)}
    return {
        "current_host": host,
        "current_instance_type": kind,
        "current_group_name": "homogeneousCluster",
        "hosts": _hosts(request),
        "instance_groups": [group],
        "network_interface_name": "lo",
    }


def _variable(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")

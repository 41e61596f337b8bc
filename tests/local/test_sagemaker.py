"""Training and processing jobs as processes, against a folder that plays S3."""

import json
import sys
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelinegen.local.containers import lay_out_code, parse_dockerfile, reroot
from pipelinegen.local.processes import ChildProcesses, inherited_environment
from pipelinegen.local.sagemaker import (
    JobEnd,
    JobPlace,
    arguments,
    decode_hyperparameters,
    read_metrics,
    run_training_job,
)
from pipelinegen.local.sagemaker_processing import run_processing_job
from tests.local.folder_s3 import FolderS3

DOCKERFILE = """\
FROM x
ENV SAGEMAKER_PROGRAM=runtime/training/train.py PYTHONPATH=/opt/ml/code
COPY runtime /opt/ml/code/runtime
WORKDIR /opt/ml/code
"""


@pytest.fixture
def place(tmp_path: Path, fixtures: Path) -> Iterator[JobPlace]:
    children = ChildProcesses()
    (tmp_path / "base").mkdir()
    (tmp_path / "s3/data/in/sub").mkdir(parents=True)
    (tmp_path / "s3/data/in/a.csv").write_text("1")
    (tmp_path / "s3/data/in/sub/b.csv").write_text("2")
    yield JobPlace(
        base=tmp_path / "base",
        log=tmp_path / "job.log",
        code=fixtures / "code",
        image=parse_dockerfile(DOCKERFILE),
        environment={**inherited_environment(), "AWS_ACCESS_KEY_ID": "ASIA"},
        s3=FolderS3(tmp_path / "s3"),
        children=children,
    )
    children.end_all(grace_seconds=0.1)


def _training(mode: str, **rest: Any) -> dict[str, Any]:
    channel = {"ChannelName": "clicks", "DataSource": {"S3DataSource": {"S3Uri": "s3://data/in/"}}}
    return {
        "TrainingJobName": "job-1",
        "AlgorithmSpecification": {
            "TrainingImage": "img",
            "MetricDefinitions": [{"Name": "loss", "Regex": "metric loss=([0-9.]+);"}],
        },
        "InputDataConfig": [channel],
        "OutputDataConfig": {"S3OutputPath": "s3://data/models/"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 30},
        "CheckpointConfig": {"S3Uri": "s3://data/checkpoints/job"},
        "HyperParameters": {"mode": mode},
        **rest,
    }


def _run(request: dict[str, Any], place: JobPlace, stop: threading.Event | None = None) -> JobEnd:
    return run_training_job(request, place, stop or threading.Event())


def test_a_completed_job_leaves_its_model(place: JobPlace, tmp_path: Path) -> None:
    (tmp_path / "s3/data/checkpoints/job").mkdir(parents=True)
    (tmp_path / "s3/data/checkpoints/job/epoch-1").write_text("x")
    assert _run(_training("ok"), place) == JobEnd("Completed", "Completed", metrics={"loss": 0.25})
    with tarfile.open(tmp_path / "s3/data/models/job-1/output/model.tar.gz") as archive:
        member = archive.extractfile("model.json")
        assert member is not None
        seen = json.loads(member.read())
    assert seen["files"] == {"clicks": ["a.csv", "b.csv", "sub"]}
    assert seen["checkpoints"] == ["epoch-1"]
    with tarfile.open(tmp_path / "s3/data/models/job-1/output/output.tar.gz") as archive:
        assert archive.getnames() == ["notes.txt"]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("fail", "AlgorithmError: the data are bad, exit code: 3"),
        ("crash", "AlgorithmError: ExecuteUserScriptError: ExitCode 1, exit code: 1"),
    ],
)
def test_a_failed_job_says_why(place: JobPlace, tmp_path: Path, mode: str, reason: str) -> None:
    assert _run(_training(mode), place) == JobEnd("Failed", "Failed", reason)
    assert not (tmp_path / "s3/data/models").exists()


def test_a_missing_channel_fails_before_the_program_starts(place: JobPlace) -> None:
    channel = {"ChannelName": "clicks", "DataSource": {"S3DataSource": {"S3Uri": "s3://data/nothing/"}}}
    end = _run(_training("ok", InputDataConfig=[channel]), place)
    assert end.failure_reason == (
        "ClientError: Data download failed: no S3 objects found under 's3://data/nothing/' of channel 'clicks'"
    )
    assert not place.log.exists()


def test_the_limit_of_time_stops_a_job_that_saves_its_checkpoint(place: JobPlace, tmp_path: Path) -> None:
    end = _run(_training("sleep", StoppingCondition={"MaxRuntimeInSeconds": 1}), place)
    assert (end.status, end.secondary_status) == ("Stopped", "MaxRuntimeExceeded")
    assert (tmp_path / "s3/data/checkpoints/job/interrupted").read_text() == "saved in time"


def test_a_stopped_job_keeps_its_metrics(place: JobPlace) -> None:
    stop = threading.Event()

    def stop_once_it_sleeps() -> None:
        while not (place.log.exists() and "sleeping" in place.log.read_text()):
            stop.wait(0.02)
        stop.set()

    threading.Thread(target=stop_once_it_sleeps, daemon=True).start()
    assert _run(_training("sleep"), place, stop) == JobEnd("Stopped", "Stopped", metrics={"loss": 0.5})


def test_an_image_without_a_program_is_refused(place: JobPlace) -> None:
    bare = replace(place, image=parse_dockerfile("FROM x"))
    assert _run(_training("ok"), bare).failure_reason == "ClientError: the image 'img' names no SAGEMAKER_PROGRAM"


def _processing(words: list[str]) -> dict[str, Any]:
    source = {"S3Uri": "s3://data/in", "LocalPath": "/opt/ml/processing/input/rows"}
    output = {"S3Uri": "s3://data/out/date=1", "LocalPath": "/opt/ml/processing/output/predictions"}
    return {
        "ProcessingJobName": "job-2",
        "AppSpecification": {"ImageUri": "img", "ContainerEntrypoint": words},
        "ProcessingInputs": [{"InputName": "rows", "S3Input": source}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "predictions", "S3Output": output}]},
    }


def test_processing_reads_and_writes(place: JobPlace, tmp_path: Path) -> None:
    words = ["python3", "-m", "runtime.prediction.score", "--at", "/opt/ml/processing/input"]
    end = run_processing_job(_processing(words), place, threading.Event())
    assert end == JobEnd("Completed", "Completed", exit_message="Completed")
    lines = (tmp_path / "s3/data/out/date=1/part-00000.txt").read_text().splitlines()
    assert lines == ["a.csv", "b.csv", "--at", str(place.base / "processing/input")]


def test_failed_processing_uploads_nothing(place: JobPlace, tmp_path: Path) -> None:
    words = ["python3", "-m", "runtime.prediction.score", "--fail"]
    end = run_processing_job(_processing(words), place, threading.Event())
    assert end.failure_reason == "AlgorithmError: See job logs for more information, exit code: 1"
    assert not (tmp_path / "s3/data/out").exists()
    assert place.log.read_text() == "no model\n"


def test_hyperparameters_arrive_as_the_toolkit_hands_them_over() -> None:
    decoded = decode_hyperparameters({"epochs": "2", "seen": "true", "columns": "make,model", "k": '"5"'})
    assert decoded == {"epochs": 2, "seen": True, "columns": "make,model", "k": "5"}
    assert arguments(decoded) == ["--columns", "make,model", "--epochs", "2", "-k", "5", "--seen", "True"]


def test_metrics_take_the_last_value(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("loss=1.5; loss=-2e-3;\n")
    definitions = [{"Name": "loss", "Regex": r"loss=([-+0-9.e]+);"}, {"Name": "none", "Regex": "x=(.)"}]
    assert read_metrics(definitions, tmp_path / "log") == {"loss": -0.002}


def test_only_the_last_stage_of_a_dockerfile_counts() -> None:
    image = parse_dockerfile("FROM a\nENV X=1\nFROM b\nENV Y=2 \\\n  Z='a b'\n# ENV W=3\nENV OLD form\nWORKDIR /srv\n")
    assert (image.environment, image.working_folder) == ({"Y": "2", "Z": "a b", "OLD": "form"}, "/srv")


def test_a_job_has_the_code_that_its_image_copies(place: JobPlace) -> None:
    lines = [
        "COPY runtime/__init__.py /opt/ml/code/runtime/__init__.py",
        "COPY --chown=a runtime/echo /opt/ml/code/runtime/echo",
    ]
    folder = lay_out_code(parse_dockerfile("\n".join(["FROM x", *lines])), place.code, place.base)
    assert sorted(path.name for path in (folder / "runtime").iterdir()) == ["__init__.py", "echo"]
    missing = parse_dockerfile("FROM x\nCOPY nothing /opt/ml/code/nothing")
    with pytest.raises(FileNotFoundError, match="the image copies 'nothing', which is not in its build context"):
        lay_out_code(missing, place.code, place.base)


@pytest.mark.parametrize(
    ("given", "moved"),
    [
        ("/opt/ml", "/b"),
        ("/opt/ml/code:/opt/ml/input", "/b/code:/b/input"),
        ("--in=/opt/ml/x", "--in=/b/x"),
        ("/opt/mlflow", "/opt/mlflow"),
    ],
)
def test_container_paths_move_below_the_base(given: str, moved: str) -> None:
    assert reroot(given, Path("/b")) == moved


def test_python_of_a_container_is_this_python(place: JobPlace) -> None:
    words = ["python3", "-c", "import sys; print(sys.executable)"]
    request = _processing(words)
    assert run_processing_job(request, place, threading.Event()).status == "Completed"
    assert place.log.read_text().strip() == sys.executable

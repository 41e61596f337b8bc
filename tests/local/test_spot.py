"""A spot machine is taken away: a real SIGTERM to a real training job, its checkpoint in S3, and the next start."""

import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest

from pipelinegen.local.containers import parse_dockerfile
from pipelinegen.local.processes import ChildProcesses, inherited_environment
from pipelinegen.local.sagemaker import JobEnd, JobPlace, run_training_job
from runtime.training.checkpoint import CHECKPOINT_FILE
from tests.compiling import ROOT
from tests.local.folder_s3 import FolderS3
from tests.local.test_sagemaker import DOCKERFILE
from tests.taste_market import Market
from tests.training_job import FLAGS, click_table, item_table, write

EPOCHS = 30
CHECKPOINTS = "s3://models/train/checkpoints/run"


def request(name: str) -> dict[str, Any]:
    flags = dict(zip((flag.removeprefix("--") for flag in FLAGS[::2]), FLAGS[1::2], strict=True))
    channels = [
        {"ChannelName": channel, "DataSource": {"S3DataSource": {"S3Uri": f"s3://data/{channel}/"}}}
        for channel in ("interactions", "items")
    ]
    metric = {"Name": "ndcg_at_20", "Regex": "metric ndcg_at_20=([0-9.]+);"}
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": "img", "MetricDefinitions": [metric]},
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": "s3://models/train"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 600},
        "CheckpointConfig": {"S3Uri": CHECKPOINTS if name != "undisturbed" else f"{CHECKPOINTS}-alone"},
        "HyperParameters": {**flags, "epochs": str(EPOCHS)},
    }


def model_of(job: str, s3: Path) -> dict[str, bytes]:
    with tarfile.open(s3 / f"models/train/{job}/output/model.tar.gz") as archive:
        files = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        return {name: file.read() for name, file in files.items() if file}


@pytest.mark.slow
def test_a_job_that_sigterm_ended_goes_on_from_its_checkpoint_to_the_same_model(tmp_path: Path) -> None:
    interactions, catalogue = next(iter(Market(users=120, items=150, clicks_a_day=1500, turnover=0.1, seed=3).days(1)))
    s3, children = tmp_path / "s3", ChildProcesses()
    write(s3 / "data/interactions", click_table(interactions))
    write(s3 / "data/items", item_table(catalogue))

    def start(name: str, stop: threading.Event) -> tuple[JobEnd, str]:
        base, log = tmp_path / name, tmp_path / f"{name}.log"
        image, environment = parse_dockerfile(DOCKERFILE), {**inherited_environment(), "OMP_NUM_THREADS": "1"}
        place = JobPlace(base, log, ROOT, image, environment, FolderS3(s3), children, grace_seconds=60)
        return run_training_job(request(name), place, stop), log.read_text(encoding="utf-8")

    def take_away(stop: threading.Event) -> None:
        while not (tmp_path / "first/checkpoints" / CHECKPOINT_FILE).exists():
            stop.wait(0.02)
        stop.set()

    stop = threading.Event()
    watcher = threading.Thread(target=take_away, args=(stop,), daemon=True)
    watcher.start()
    end, log = start("first", stop)
    assert (end.status, end.secondary_status) == ("Stopped", "Stopped"), log
    assert '"interrupted"' in log
    assert "metric ndcg_at_20" not in log
    assert (s3 / "models/train/checkpoints/run" / CHECKPOINT_FILE).exists()

    again, log = start("second", threading.Event())
    assert again.status == "Completed", log
    assert '"resumed"' in log
    undisturbed, log = start("undisturbed", threading.Event())
    assert '"resumed"' not in log
    assert again.metrics == undisturbed.metrics
    assert again.metrics["ndcg_at_20"] > 0
    assert model_of("second", s3) == model_of("undisturbed", s3)

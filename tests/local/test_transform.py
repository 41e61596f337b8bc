"""Transform jobs: the model's own program over the objects of a folder, and what ends them badly."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelinegen.local.containers import parse_dockerfile
from pipelinegen.local.processes import ChildProcesses, inherited_environment
from pipelinegen.local.sagemaker import JobEnd, JobPlace
from pipelinegen.local.sagemaker_serving import ServedModel
from pipelinegen.local.sagemaker_transform import run_transform_job
from tests.local.folder_s3 import FolderS3
from tests.local.serving_cloud import DOCKERFILE, ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path, fixtures: Path) -> Iterator[JobPlace]:
    children = ChildProcesses()
    context = tmp_path / "context"
    context.mkdir()
    (context / "runtime").symlink_to(ROOT / "runtime")
    (context / "code").symlink_to(fixtures / "serving")
    inputs = tmp_path / "s3/data/in/sub"
    inputs.mkdir(parents=True)
    (inputs.parent / "a.csv").write_text("1\n2\n3\n")
    (inputs / "b.csv").write_text("10\n20")
    (tmp_path / "s3/data/model").mkdir()
    (tmp_path / "s3/data/model/model.tar.gz").write_bytes(archive(2))
    yield JobPlace(
        base=tmp_path / "base",
        log=tmp_path / "job.log",
        code=context,
        image=parse_dockerfile(DOCKERFILE),
        environment=inherited_environment(),
        s3=FolderS3(tmp_path / "s3"),
        children=children,
    )
    children.end_all(grace_seconds=0.1)


def archive(factor: object) -> bytes:
    """A model archive that holds one number."""
    import io
    import tarfile

    buffer, text = io.BytesIO(), json.dumps({"factor": factor}).encode()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("factor.json")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return buffer.getvalue()


def run(place: JobPlace, split: str = "None", key: str = "in/", **more: Any) -> JobEnd:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://data/{key}"}
    request = {
        "TransformJobName": "job",
        "TransformInput": {"DataSource": {"S3DataSource": source}, "ContentType": "text/csv", "SplitType": split},
        "TransformOutput": {"S3OutputPath": "s3://data/out", "Accept": "text/csv", "AssembleWith": "Line"},
        **more,
    }
    model = ServedModel("model", "s3://data/model/model.tar.gz", {}, isolated=True)
    return run_transform_job(request, model, place, threading.Event())


def outputs(place: JobPlace) -> dict[str, str]:
    folder = place.s3.root / "data/out"
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "how", [{}, {"split": "Line"}, {"split": "Line", "BatchStrategy": "SingleRecord", "MaxConcurrentTransforms": 4}]
)
def test_every_object_has_its_answer(place: JobPlace, how: dict[str, Any]) -> None:
    assert run(place, **how) == JobEnd("Completed", "Completed")
    assert outputs(place) == {"a.csv.out": "2.0\n4.0\n6.0\n", "sub/b.csv.out": "20.0\n40.0\n"}
    assert not place.base.exists()


def test_a_broken_row_fails_the_job_and_leaves_nothing(place: JobPlace) -> None:
    (place.s3.root / "data/in/c.csv").write_text("1\nno number\n")
    end = run(place, split="Line")
    assert end.status == "Failed"
    assert end.failure_reason == (
        "ClientError: in/c.csv: the model answered 500: ValueError: could not convert string to float: 'no number'"
    )
    assert outputs(place) == {}


def test_a_model_that_is_no_archive_is_named(place: JobPlace) -> None:
    (place.s3.root / "data/model/model.tar.gz").write_bytes(b"no archive")
    end = run(place)
    assert end.status == "Failed"
    assert "s3://data/model/model.tar.gz is no model archive for /opt/ml/model: not a gzip file" in str(
        end.failure_reason
    )


def test_no_input_is_no_success(place: JobPlace) -> None:
    end = run(place, key="nothing/")
    assert end == JobEnd("Failed", "Failed", "ClientError: no S3 objects found under 's3://data/nothing/'")


def test_a_request_has_a_largest_size(place: JobPlace) -> None:
    (place.s3.root / "data/in/d.csv").write_bytes(b"1\n" * 600_000)
    end = run(place, MaxPayloadInMB=1)
    assert end.failure_reason == (
        "ClientError: a request of s3://data/in/d.csv has 1200000 bytes, MaxPayloadInMB allows 1048576"
    )


def test_what_it_cannot_do_is_refused(place: JobPlace) -> None:
    end = run(place, split="RecordIO", DataProcessing={"JoinSource": "Input"})
    assert end.failure_reason == (
        "ClientError: the local cloud's transform jobs do not know splitting by RecordIO or TFRecord, DataProcessing"
    )

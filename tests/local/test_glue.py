"""Glue: a real Spark process that sees of S3 what its role may read."""

import threading
from pathlib import Path

import pytest

from pipelinegen.local.deploy import Deployment, deploy
from pipelinegen.local.glue import GlueEnd, GluePlace, GlueRun, run_glue_job, spark_defaults
from pipelinegen.local.java import find_java
from pipelinegen.local.local_cloud import LocalCloud
from pipelinegen.local.policies import ObjectPattern, listable, object_patterns
from pipelinegen.local.processes import ChildProcesses
from pipelinegen.local.spark_archive import SparkArchive

DATA = "tiny-dev-data-111111111111"
OUTPUT = f"s3://{DATA}/interactions/date=2026-11-22/"


@pytest.fixture(scope="module")
def deployment(cloud: LocalCloud, fixtures: Path) -> Deployment:
    return deploy(cloud, fixtures / "tiny", secrets={"tiny/redis": "x"}, code=fixtures / "code")


def _run_job(cloud: LocalCloud, arguments: dict[str, str]) -> dict[str, str]:
    glue = cloud.client("glue")
    run_id = glue.start_job_run(JobName="tiny-dev-interactions", Arguments=arguments)["JobRunId"]
    while True:
        run: dict[str, str] = glue.get_job_run(JobName="tiny-dev-interactions", RunId=run_id)["JobRun"]
        if run["JobRunState"] != "RUNNING":
            return run


def _keys(cloud: LocalCloud, prefix: str) -> list[str]:
    listed = cloud.client("s3").list_objects_v2(Bucket=DATA, Prefix=prefix).get("Contents", [])
    return [entry["Key"].removeprefix(prefix) for entry in listed]


@pytest.mark.slow
def test_a_script_overwrites_its_output_and_leaves_nothing_old(cloud: LocalCloud, deployment: Deployment) -> None:
    s3 = cloud.client("s3")
    for key, body in {
        "raw/clicks.csv": b"id,x\n1,a\n,b\n",
        "interactions/date=2026-11-22/part-old.parquet": b"old",
        "interactions/date=2026-11-21/part-kept.parquet": b"kept",
        "secret/x": b"secret",
    }.items():
        s3.put_object(Bucket=DATA, Key=key, Body=body)
    run = _run_job(cloud, {"--output": OUTPUT})
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    names = _keys(cloud, "interactions/date=2026-11-22/")
    assert sorted(name.split("-")[0] for name in names) == ["_SUCCESS", "part"]
    assert _keys(cloud, "interactions/date=2026-11-21/") == ["part-kept.parquet"]
    (zone,) = [name for name in _keys(cloud, "zone/") if name.startswith("part")]
    assert s3.get_object(Bucket=DATA, Key=f"zone/{zone}")["Body"].read() == b'{"zone":"UTC"}\n'
    # What the role may not read is not there.
    refused = _run_job(cloud, {"--output": OUTPUT, "--peek": "true"})
    assert refused["JobRunState"] == "FAILED"
    assert "Path does not exist" in refused["ErrorMessage"] or "secret" in refused["ErrorMessage"]
    assert len(cloud.job_logs("tiny-dev-interactions")) == 2


@pytest.mark.slow
def test_a_script_that_hangs_is_ended_after_its_time(cloud: LocalCloud, deployment: Deployment, tmp_path: Path) -> None:
    s3 = cloud.client("s3")
    s3.put_object(Bucket=DATA, Key="raw/hangs.py", Body=b"import time\ntime.sleep(600)\n")
    run = GlueRun("hangs", "jr_0", f"s3://{DATA}/raw/hangs.py", {}, timeout_seconds=1.5)
    place = GluePlace(
        folder=tmp_path / "job",
        log=tmp_path / "job.log",
        environment={},
        s3=s3,
        readable=[],
        writable=[],
        children=ChildProcesses(),
        find_java=find_java,
        archive=SparkArchive(tmp_path / "archive"),
    )
    end = run_glue_job(run, place, threading.Event())
    assert end == GlueEnd("TIMEOUT", "it was still running after 0.025 min, all the time it has")


def test_reading_and_writing_are_told_apart() -> None:
    policy = {
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:Get*"], "Resource": "arn:aws:s3:::b/in/*"},
            {"Effect": "Allow", "Action": "s3:PutObject", "Resource": ["arn:aws:s3:::b/out/*", "arn:aws:s3:::c/*"]},
            {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/no/*"},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"},
        ]
    }
    assert object_patterns([policy], "s3:GetObject") == [ObjectPattern("b", "in/*")]
    assert object_patterns([policy], "s3:PutObject") == [ObjectPattern("b", "out/*"), ObjectPattern("c", "*")]
    assert listable([policy], ObjectPattern("b", "in/*"))
    assert not listable([policy], ObjectPattern("c", "*"))
    pattern = ObjectPattern("b", "in/*.parquet")
    assert (pattern.prefix, pattern.matches("in/x/y.parquet"), pattern.matches("in/x.csv")) == ("in/", True, False)


def test_every_bucket_is_mounted(tmp_path: Path) -> None:
    for bucket in ("b-1", "b.2"):
        (tmp_path / "s3" / bucket).mkdir(parents=True)
    text = spark_defaults(tmp_path / "s3", ["-Dx=y"])
    assert "spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Duser.timezone=UTC -Dx=y\n" in text
    for bucket in ("b-1", "b.2"):
        line = f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback file://{tmp_path}/s3/{bucket}\n"
        assert line in text

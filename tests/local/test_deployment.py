"""A hand-made deployment of every kind of job, deployed and run whole."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipelinegen.local.deploy import Deployment, deploy
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.follow import ExecutionEnd, StateEvent, follow
from pipelinegen.local.iam import Call, calls_lost_without
from pipelinegen.local.local_cloud import LocalCloud
from pipelinegen.local.variables import fill

DATA = "tiny-dev-data-111111111111"
MODELS = "tiny-dev-models-111111111111"


@pytest.fixture(scope="module")
def deployment(cloud: LocalCloud, fixtures: Path) -> Deployment:
    deployed = deploy(
        cloud,
        fixtures / "tiny",
        secrets={"tiny/redis": {"password": "x"}},
        variables={"redis_host": "127.0.0.1"},
        code=fixtures / "code",
    )
    cloud.client("s3").put_object(Bucket=DATA, Key="raw/clicks.csv", Body=b"id\n1\n")
    return deployed


@pytest.fixture(scope="module")
def events(cloud: LocalCloud, deployment: Deployment) -> list[StateEvent | ExecutionEnd]:
    return list(follow(cloud, deployment, "2026-11-22"))


@pytest.fixture(scope="module")
def end(events: list[StateEvent | ExecutionEnd]) -> ExecutionEnd:
    last = events[-1]
    assert isinstance(last, ExecutionEnd)
    return last


def test_the_execution_gives_what_its_last_state_gives(end: ExecutionEnd) -> None:
    assert end.status == "SUCCEEDED", (end.error, end.cause)
    assert end.output == {
        "loss": 0.25,
        "answer": {
            "echo": {"run_date": "2026-11-22"},
            "calls": 1,
            "env": "127.0.0.1",
            "settings": {"schema_version": 1, "key": "tiny:{user_id}"},
            "remaining": True,
            "ours": False,
        },
    }


def test_every_state_is_entered_and_exited_in_order(events: list[StateEvent | ExecutionEnd]) -> None:
    told = [(event.kind, event.state, event.step) for event in events if isinstance(event, StateEvent)]
    expected = []
    for state, step in [
        ("Start run", "Start run"),
        ("Train", "train"),
        ("Predict", "predict"),
        ("Publish", "publish"),
        ("Announce", "Announce"),
    ]:
        expected += [("entered", state, step), ("exited", state, step)]
    assert told == expected


def test_the_training_program_sees_the_container_contract(cloud: LocalCloud, end: ExecutionEnd) -> None:
    job = cloud.client("sagemaker").list_training_jobs()["TrainingJobSummaries"][0]["TrainingJobName"]
    assert job == f"tiny-train-{end.execution_arn.rpartition(':')[2]}-0-0"
    body = cloud.client("s3").get_object(Bucket=MODELS, Key=f"train/{job}/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        member = archive.extractfile("model.json")
        assert member is not None
        seen = json.loads(member.read())
    assert seen["argv"] == ["--epochs", "2", "--exclude_seen", "True", "--mode", "ok"]
    assert seen["cwd"] == "code"
    assert seen["files"] == {"interactions": ["clicks.csv"]}
    assert seen["role"] == "ASIA"
    assert seen["hyperparameters"] == {"mode": "ok", "epochs": "2", "exclude_seen": "true"}
    assert seen["pythonpath"] == "BASE/code"
    assert {
        name: seen["env"][name] for name in ("SM_HPS", "SM_HP_EPOCHS", "SM_MODEL_DIR", "SM_CHANNEL_INTERACTIONS")
    } == {
        "SM_HPS": '{"epochs":2,"exclude_seen":true,"mode":"ok"}',
        "SM_HP_EPOCHS": "2",
        "SM_MODEL_DIR": "BASE/model",
        "SM_CHANNEL_INTERACTIONS": "BASE/input/data/interactions",
    }
    assert seen["env"]["SM_NUM_GPUS"] == "0"


def test_the_processing_output_is_uploaded(cloud: LocalCloud, end: ExecutionEnd) -> None:
    found = cloud.client("s3").get_object(Bucket=DATA, Key="predictions/date=2026-11-22/part-00000.txt")
    assert found["Body"].read().decode().splitlines() == ["model.tar.gz", "--top_k", "20", "hello"]


def test_each_step_has_its_log_of_the_date(cloud: LocalCloud, end: ExecutionEnd) -> None:
    for step in ("train", "predict", "publish"):
        (log,) = cloud.job_logs(step, "2026-11-22")
        assert log.relative_to(cloud.workdir).as_posix() == f"logs/{step}/2026-11-22.log"
    assert "REPORT RequestId" in cloud.job_logs("publish")[0].read_text()
    assert "metric loss=0.250000;" in cloud.job_logs("Train")[0].read_text()


def test_notifications_are_collected(cloud: LocalCloud, end: ExecutionEnd) -> None:
    (sent, *_) = cloud.notifications()
    assert {name: sent[name] for name in ("topic", "subject", "message", "state", "date")} == {
        "topic": "tiny-dev-notifications",
        "subject": "done",
        "message": "done 2026-11-22",
        "state": "Announce",
        "date": "2026-11-22",
    }


def _policy(fixtures: Path, role: str) -> dict[str, Any]:
    text = (fixtures / f"tiny/terraform/policies/{role}.json").read_text()
    loaded: dict[str, Any] = json.loads(fill(text, {"account_id": "111111111111", "partition": "aws"}))
    return loaded


def test_each_statement_of_a_role_that_ran_is_needed(cloud: LocalCloud, fixtures: Path, end: ExecutionEnd) -> None:
    made: dict[str, list[Call]] = {}
    for entry in cloud.allowed_calls():
        made.setdefault(entry["role"], []).append(Call(entry["action"], entry["resource"], entry["context"]))
    for role in ("tiny-dev-train", "tiny-dev-predict", "tiny-dev-states"):
        lost = calls_lost_without(_policy(fixtures, role), made[role])
        assert [name for name, calls in lost.items() if not calls] == []
    assert cloud.denials() == []


def test_without_a_statement_the_run_fails(
    cloud: LocalCloud, deployment: Deployment, fixtures: Path, end: ExecutionEnd
) -> None:
    role, iam = "tiny-dev-train", cloud.client("iam")
    whole = _policy(fixtures, role)
    writes = [statement for statement in whole["Statement"] if statement["Action"] != "s3:PutObject"]
    lacking = json.dumps({**whole, "Statement": writes})
    iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=lacking)
    *_, last = follow(cloud, deployment, "2026-11-25")
    iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(whole))
    assert isinstance(last, ExecutionEnd)
    assert (last.status, last.failed_state) == ("FAILED", "Train")
    refused = cloud.denials()[-1]
    assert (refused["role"], refused["action"]) == (role, "s3:PutObject")
    assert "is not authorized to perform: s3:PutObject" in json.loads(last.cause)["FailureReason"]


def test_a_failed_job_is_told_with_its_log(cloud: LocalCloud, deployment: Deployment, end: ExecutionEnd) -> None:
    *_, last = follow(cloud, deployment, "2026-11-23", {"mode": "fail"})
    assert isinstance(last, ExecutionEnd)
    assert (last.status, last.error, last.failed_state, last.failed_step) == (
        "FAILED",
        "States.TaskFailed",
        "Train",
        "train",
    )
    assert json.loads(last.cause)["FailureReason"] == "AlgorithmError: the data are bad, exit code: 3"
    assert last.log == cloud.workdir / "logs/train/2026-11-23.log"
    assert "the data are bad" in last.log_tail
    assert cloud.notifications()[-1]["subject"] == "failed"


def test_nobody_listening_stops_the_execution_and_its_job(cloud: LocalCloud, deployment: Deployment) -> None:
    listening = follow(cloud, deployment, "2026-11-24", {"mode": "sleep"})
    for event in listening:
        if isinstance(event, StateEvent) and event.state == "Train":
            break
    listening.close()  # type: ignore[attr-defined]
    sagemaker = cloud.client("sagemaker")
    jobs = sagemaker.list_training_jobs(SortBy="CreationTime", SortOrder="Descending")["TrainingJobSummaries"]
    name = next(job["TrainingJobName"] for job in jobs if "2026-11-24" in job["TrainingJobName"])
    status = "InProgress"
    while status == "InProgress":
        status = sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"]
    assert status == "Stopped"


def test_a_job_name_is_not_given_twice(cloud: LocalCloud, deployment: Deployment, end: ExecutionEnd) -> None:
    client = cloud.client("sagemaker")
    name = client.list_training_jobs()["TrainingJobSummaries"][0]["TrainingJobName"]
    request = client.describe_training_job(TrainingJobName=name)
    wanted = ("AlgorithmSpecification", "OutputDataConfig", "ResourceConfig", "RoleArn", "StoppingCondition")
    with pytest.raises(ClientError, match="ResourceInUse"):
        client.create_training_job(TrainingJobName=name, **{field: request[field] for field in wanted})


def test_a_missing_secret_is_named(cloud: LocalCloud, fixtures: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"no local value for the secret 'tiny/redis'|refused"):
        deploy(cloud, fixtures / "tiny", secrets={}, code=fixtures / "code")


def test_a_folder_without_a_deployment_is_a_fault(cloud: LocalCloud, tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match="cannot be read"):
        deploy(cloud, tmp_path, secrets={})

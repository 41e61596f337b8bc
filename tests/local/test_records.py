"""What the local cloud writes down while it works, and what it makes of that when it is started again."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from pipelinegen.local.local_cloud import LocalCloud
from pipelinegen.local.run_folders import RunFolder, RunFolders, RunRecord, drop_torn_line, read_lines, write_lines

ACCOUNT, REGION = "111111111111", "eu-central-1"


def publish(message: str, then: str | None = None, **rest: Any) -> dict[str, Any]:
    arguments = {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t", "Message": message}
    state = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Arguments": arguments, **rest}
    return {**state, "Next": then} if then else {**state, "End": True}


READ = {
    "Type": "Task",
    "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter",
    "Arguments": {"Name": "{% '/good/' & $states.input %}"},
    "Output": "{% $states.result.Parameter.Value %}",
    "End": True,
}

PROCESSORS = {"inline": {"Mode": "INLINE"}, "distributed": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}


#: Publishes, then reads three parameters side by side and publishes in a second branch, then publishes all it knows.
def definition(mode: str) -> dict[str, Any]:
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "First",
        "States": {
            "First": publish("first", "Both", Assign={"id": "{% $states.result.MessageId %}", "n": 3}),
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {
                        "StartAt": "Each",
                        "States": {
                            "Each": {
                                "Type": "Map",
                                "Items": "{% [1..$n] %}",
                                "MaxConcurrency": 1,
                                "ItemProcessor": {
                                    "ProcessorConfig": PROCESSORS[mode],
                                    "StartAt": "Tell",
                                    "States": {
                                        "Tell": publish(
                                            "{% 'item ' & $states.input %}", "Read", Output="{% $states.input %}"
                                        ),
                                        "Read": READ,
                                    },
                                },
                                "End": True,
                            }
                        },
                    },
                    {"StartAt": "Second", "States": {"Second": publish("second", Output="{% $states.input %}")}},
                ],
                "Assign": {"values": "{% $states.result[0] %}"},
                "Next": "Last",
            },
            "Last": publish(
                "{% $join($values, ' ') & ' ' & $string($states.context.Execution.RedriveCount) %}",
                Output="{% {'id': $id, 'values': $values} %}",
            ),
        },
    }


class World:
    """A server over one folder, with the machine deployed; started again as often as wanted."""

    def __init__(self, mode: str = "inline") -> None:
        self.definition = definition(mode)

    def start(self, cloud: LocalCloud) -> str:
        """Deploys; gives the machine's ARN."""
        iam, service = cloud.client("iam"), {"Service": "states.amazonaws.com"}
        trust = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = iam.create_role(RoleName="states", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        allowed = {"Effect": "Allow", "Action": ["sns:Publish", "ssm:GetParameter"], "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName="states", PolicyName="p", PolicyDocument=policy)
        cloud.client("sns").create_topic(Name="t")
        machines = cloud.client("stepfunctions")
        text = json.dumps(self.definition)
        return str(machines.create_state_machine(name="m", definition=text, roleArn=role)["stateMachineArn"])

    def run(self, cloud: LocalCloud, folder: RunFolder) -> dict[str, Any]:
        machines = cloud.client("stepfunctions")
        arn = machines.start_execution(stateMachineArn=self.start(cloud), name=folder.id, input="{}")["executionArn"]
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found: dict[str, Any] = machines.describe_execution(executionArn=arn)
            if found["status"] != "RUNNING":
                return found
            time.sleep(0.05)
        raise AssertionError("the execution does not end")


def record(folder: RunFolder) -> RunRecord:
    return RunRecord(id=folder.id, date="2026-11-20", world="w", started_at="2026-11-20T04:00:00.000Z")


def messages(cloud: LocalCloud) -> list[str]:
    return sorted(str(sent["message"]) for sent in cloud.notifications())


@pytest.mark.slow
@pytest.mark.parametrize("mode", PROCESSORS)
def test_a_run_goes_on_in_another_process_where_it_failed(tmp_path: Path, mode: str) -> None:
    world, folder = World(mode), RunFolders(tmp_path).folder("2026-11-20-00000001")
    folder.create(record(folder), {"redrive_count": 0}, [])
    with LocalCloud(tmp_path, ACCOUNT, REGION) as cloud:
        for number in (1, 3):
            cloud.client("ssm").put_parameter(Name=f"/good/{number}", Value=f"v{number}", Type="String")
        assert world.run(cloud, folder)["status"] == "FAILED"
        told = messages(cloud)
    assert {"first", "item 1", "item 2"} <= set(told)
    done = {(line["scope"], line["state"]) for line in folder.journal()}
    assert {("", "First"), ("/Both[0]/Each[0]", "Read"), ("/Both[0]/Each[1]", "Tell")} <= done
    assert ("/Both[0]/Each[1]", "Read") not in done

    folder.write_plan({"redrive_count": 1, "start_time": "2026-11-20T04:00:00.000Z"})
    with LocalCloud(tmp_path, ACCOUNT, REGION) as cloud:
        cloud.client("ssm").put_parameter(Name="/good/2", Value="v2", Type="String")
        ended = world.run(cloud, folder)
        (tmp_path / "told").write_text("\n".join(messages(cloud)))
    assert ended["status"] == "SUCCEEDED"
    again = (tmp_path / "told").read_text().split("\n")
    # Each message once; what branch 1 published before it was stopped may have come twice.
    assert sorted({*again}) == ["first", "item 1", "item 2", "item 3", "second", "v1 v2 v3 1"]
    assert [again.count(text) for text in ("first", "item 1", "item 2", "item 3")] == [1, 1, 1, 1]
    first = next(line for line in folder.journal() if line["state"] == "First")
    assert json.loads(ended["output"]) == {"id": first["assigned"]["id"], "values": ["v1", "v2", "v3"]}
    assert {event["attempt"] for event in folder.events()} == {0, 1}


def test_a_run_can_end_before_a_state(tmp_path: Path) -> None:
    world, folder = World(), RunFolders(tmp_path).folder("2026-11-20-00000002")
    folder.create(record(folder), {"end_before": {"Each": {}, "Last": {}}}, [])
    with LocalCloud(tmp_path, ACCOUNT, REGION) as cloud:
        assert world.run(cloud, folder)["status"] == "SUCCEEDED"
        assert messages(cloud) == ["first", "second"]


def test_an_execution_without_a_folder_leaves_nothing(tmp_path: Path) -> None:
    with LocalCloud(tmp_path, ACCOUNT, REGION) as cloud:
        World().run(cloud, RunFolder(tmp_path / "runs" / "nobody"))
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_a_killed_cloud_has_kept_all_that_it_answered_for(tmp_path: Path) -> None:
    odd = ["a/b.txt", "a", "a/b.txt/c", "x=1/é ü/%2F.parquet", "../up", "dir/", "a//b", ".", "n" * 200 + "/m"]
    with LocalCloud(tmp_path, ACCOUNT, REGION) as cloud:
        s3, ssm = cloud.client("s3"), cloud.client("ssm")
        for bucket in ("one", "empty"):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        for key in [*odd, "gone"]:
            s3.put_object(Bucket="one", Key=key, Body=key.encode())
        s3.put_object(Bucket="one", Key="a", Body=b"again")
        upload = s3.create_multipart_upload(Bucket="one", Key="parts")["UploadId"]
        parts = {"Bucket": "one", "Key": "parts", "UploadId": upload}
        tag = s3.upload_part(**parts, PartNumber=1, Body=b"p" * 10)["ETag"]
        s3.complete_multipart_upload(**parts, MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": 1}]})
        s3.copy_object(Bucket="one", Key="copy", CopySource={"Bucket": "one", "Key": "parts"})
        s3.delete_objects(Bucket="one", Delete={"Objects": [{"Key": "gone"}]})
        ssm.put_parameter(Name="/p", Value="1", Type="String")
        ssm.put_parameter(Name="/p", Value='{"two": 2}', Type="String", Overwrite=True)
        ssm.put_parameter(Name="/q", Value="1", Type="String")
        ssm.delete_parameter(Name="/q")
        assert cloud._process is not None
        os.kill(cloud._process.pid, signal.SIGKILL)
    with (tmp_path / "cloud" / "parameters.jsonl").open("a") as file:
        file.write('{"put": "/torn')
    with LocalCloud(tmp_path, ACCOUNT, REGION) as cloud:
        s3, ssm = cloud.client("s3"), cloud.client("ssm")
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["empty", "one"]
        there = {entry["Key"] for entry in s3.list_objects_v2(Bucket="one")["Contents"]}
        assert there == {*odd, "parts", "copy"}
        bodies = {key: s3.get_object(Bucket="one", Key=key)["Body"].read() for key in there}
        assert bodies == {**{key: key.encode() for key in odd}, "a": b"again", "parts": b"p" * 10, "copy": b"p" * 10}
        versions = ssm.get_parameter_history(Name="/p")["Parameters"]
        assert [(version["Version"], version["Value"]) for version in versions] == [(1, "1"), (2, '{"two": 2}')]
        with pytest.raises(ssm.exceptions.ParameterNotFound):
            ssm.get_parameter(Name="/q")
        ssm.put_parameter(Name="/p", Value="3", Type="String", Overwrite=True)
    assert [line["put"] for line in read_lines(tmp_path / "cloud" / "parameters.jsonl")[-1:]] == ["/p"]


def test_lines_survive_a_torn_end(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    write_lines(path, [{"a": 1}, {"b": "ü\n"}])
    with path.open("ab") as file:
        file.write(b'{"c": ')
    assert read_lines(path) == [{"a": 1}, {"b": "ü\n"}]
    drop_torn_line(path)
    with path.open("ab") as file:
        file.write(b'{"d": 4}\n')
    assert read_lines(path) == [{"a": 1}, {"b": "ü\n"}, {"d": 4}]


def test_records_are_found_in_the_order_of_their_start(tmp_path: Path) -> None:
    runs = RunFolders(tmp_path)
    for number, started in enumerate(["2026-11-20T05", "2026-11-20T04", "2026-11-20T06"]):
        folder = runs.folder(f"2026-11-1{number}-0000000{number}")
        made = record(folder)
        made.started_at = started
        folder.create(made, {}, [])
    (tmp_path / "runs" / "half-made").mkdir()
    assert [found.id for _, found in runs.all()] == [
        "2026-11-11-00000001",
        "2026-11-10-00000000",
        "2026-11-12-00000002",
    ]
    runs.prune(most=1)
    assert [found.id for _, found in runs.all()] == ["2026-11-12-00000002"]

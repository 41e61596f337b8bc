"""The contract of the interpreter: what AWS does with each feature of the States Language, done here."""

import io
import json
import time
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipelinegen.local.deployed import Deployed
from pipelinegen.local.local_cloud import LocalCloud
from tests.local.asl_case import Case, Outcome, World
from tests.local.asl_jsonata_cases import CASES as JSONATA
from tests.local.asl_jsonpath_cases import CASES as JSONPATH

#: What does not work here, and why; a case that starts to work has to leave this table.
UNSUPPORTED = {
    "jsonpath-athena_sync": "ours: no engine here runs the SQL of Athena, and moto 5.2.5 only pretends to",
}

_ALL_CASES = {**{f"jsonpath-{k}": v for k, v in JSONPATH.items()}, **{f"jsonata-{k}": v for k, v in JSONATA.items()}}

_GLUE_SCRIPT = """\
import sys, time
mode = sys.argv[sys.argv.index("--mode") + 1]
if mode == "fail":
    raise SystemExit("bad data")
if mode == "slow":
    time.sleep(60)
"""


def _parameters() -> list[Any]:
    return [
        pytest.param(
            case,
            id=name,
            marks=[pytest.mark.xfail(reason=UNSUPPORTED[name], strict=True)] if name in UNSUPPORTED else [],
        )
        for name, case in _ALL_CASES.items()
    ]


@pytest.fixture(scope="module")
def world(cloud: LocalCloud, fixtures: Path) -> World:
    role = _make_role(cloud)
    Deployed(
        images={
            "img": "FROM x\nENV SAGEMAKER_PROGRAM=runtime/training/train.py\nCOPY runtime /opt/ml/code/runtime\n",
            "serve": 'FROM x\nCOPY runtime /opt/ml/code/runtime\nENTRYPOINT ["python3", "runtime/echo/serve.py"]\n',
        },
        code=str(fixtures / "code"),
    ).write(cloud.workdir)
    _fill_bucket(cloud)
    _make_jobs(cloud, role, fixtures)
    cloud.client("dynamodb").create_table(
        TableName="suite-t",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    child = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    machines = cloud.client("stepfunctions")
    return World(
        role=role,
        topic=cloud.client("sns").create_topic(Name="suite-topic")["TopicArn"],
        queue=cloud.client("sqs").create_queue(QueueName="suite-q")["QueueUrl"],
        child=machines.create_state_machine(name="child", definition=child, roleArn=role)["stateMachineArn"],
    )


def _make_role(cloud: LocalCloud) -> str:
    services = [f"{name}.amazonaws.com" for name in ("glue", "lambda", "sagemaker", "states")]
    anyone = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17"}
    role = cloud.client("iam").create_role(
        RoleName="suite", AssumeRolePolicyDocument=json.dumps({**document, "Statement": [anyone]})
    )
    cloud.client("iam").put_role_policy(
        RoleName="suite", PolicyName="all", PolicyDocument=json.dumps({**document, "Statement": [everything]})
    )
    return str(role["Role"]["Arn"])


def _fill_bucket(cloud: LocalCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="suite", CreateBucketConfiguration={"LocationConstraint": cloud.region})
    s3.put_object(Bucket="suite", Key="in/items.csv", Body=b"id,score\n1,0.5\n2,0.7\n")
    s3.put_object(Bucket="suite", Key="in/items.json", Body=json.dumps([{"id": i} for i in range(5)]).encode())
    s3.put_object(Bucket="suite", Key="scripts/job.py", Body=_GLUE_SCRIPT.encode())


def _make_jobs(cloud: LocalCloud, role: str, fixtures: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(fixtures / "code/runtime/echo/handler.py", "index.py")
        archive.writestr("settings.json", "{}")
    cloud.client("lambda").create_function(
        FunctionName="suite-fn",
        Runtime="python3.11",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": buffer.getvalue()},
        Environment={"Variables": {"GREETING": "bar"}},
        Timeout=30,
    )
    cloud.client("glue").create_job(
        Name="suite-job",
        Role=role,
        Command={"Name": "glueetl", "ScriptLocation": "s3://suite/scripts/job.py", "PythonVersion": "3"},
        GlueVersion="5.0",
        ExecutionProperty={"MaxConcurrentRuns": 5},
    )
    cloud.client("sagemaker").create_model(
        ModelName="suite-model",
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": "serve"},
    )


def _execute(cloud: LocalCloud, definition: dict[str, Any], given: Any, role: str) -> Outcome:
    machines = cloud.client("stepfunctions")
    machine = machines.create_state_machine(
        name=f"m-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=role
    )
    started = machines.start_execution(
        stateMachineArn=machine["stateMachineArn"], name=f"run-{uuid.uuid4().hex[:8]}", input=json.dumps(given)
    )
    deadline = time.monotonic() + 60
    while True:
        described = machines.describe_execution(executionArn=started["executionArn"])
        if described["status"] != "RUNNING" or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    stopped = described.get("stopDate", described["startDate"])
    return Outcome(
        status=described["status"],
        output=json.loads(described["output"]) if "output" in described else None,
        error=described.get("error"),
        cause=described.get("cause"),
        seconds=(stopped - described["startDate"]).total_seconds(),
    )


@pytest.mark.parametrize("case", _parameters())
def test_case(cloud: LocalCloud, world: World, case: Case) -> None:
    case.check(_execute(cloud, case.definition(world), case.input, world.role))


def test_the_table_of_what_is_missing_names_cases() -> None:
    assert set(UNSUPPORTED) <= set(_ALL_CASES)


def test_two_unnamed_executions_have_names_of_their_own(cloud: LocalCloud, world: World) -> None:
    machines = cloud.client("stepfunctions")
    names = {machines.start_execution(stateMachineArn=world.child)["executionArn"] for _ in range(2)}
    assert len(names) == 2


def test_a_history_comes_in_pages_in_either_order(cloud: LocalCloud, world: World) -> None:
    states = {f"S{number}": {"Type": "Pass", "Next": f"S{number + 1}"} for number in range(79)}
    states["S79"] = {"Type": "Succeed"}
    machines = cloud.client("stepfunctions")
    definition = json.dumps({"StartAt": "S0", "States": states})
    machine = machines.create_state_machine(name="pages", definition=definition, roleArn=world.role)
    arn = machines.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    while machines.describe_execution(executionArn=arn)["status"] == "RUNNING":
        time.sleep(0.02)
    # Each state is entered and exited, and the execution starts and ends.
    ids = list(range(1, 163))
    for reverse, wanted in ((False, ids), (True, ids[::-1])):
        pages = list(machines.get_paginator("get_execution_history").paginate(executionArn=arn, reverseOrder=reverse))
        assert [len(page["events"]) for page in pages] == [100, 62]
        assert [event["id"] for page in pages for event in page["events"]] == wanted
    with pytest.raises(machines.exceptions.InvalidToken):
        machines.get_execution_history(executionArn=arn, nextToken="elsewhere")

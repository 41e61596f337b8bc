"""Who may take a role: services by their trust policies, and whoever hands a role to a service."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from pipelinegen.local.iam import Principal, decide_trust
from pipelinegen.local.local_cloud import CloudSettings, LocalCloud
from tests.local.conftest import ACCOUNT, REGION

SERVICE = Principal("Service", frozenset({"sagemaker.amazonaws.com"}))
JOB = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/a"}


def trust(principal: Any, effect: str = "Allow", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [{**statement, **({"Condition": condition} if condition else {})}]}


SAGEMAKER = {"Service": "sagemaker.amazonaws.com"}


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        (trust(SAGEMAKER), True),
        (trust({"Service": ["glue.amazonaws.com", "sagemaker.amazonaws.com"]}), True),
        (trust({"Service": "glue.amazonaws.com"}), False),
        (trust({"AWS": "sagemaker.amazonaws.com"}), False),
        (trust(SAGEMAKER, StringEquals={"aws:SourceAccount": ACCOUNT}), True),
        (trust(SAGEMAKER, StringEquals={"aws:SourceAccount": "222222222222"}), False),
        (trust(SAGEMAKER, ArnLike={"aws:SourceArn": f"arn:aws:sagemaker:*:{ACCOUNT}:training-job/*"}), True),
        (trust(SAGEMAKER, ArnLike={"aws:SourceArn": f"arn:aws:sagemaker:*:{ACCOUNT}:endpoint/*"}), False),
        (trust("*", "Deny"), False),
        ({}, False),
    ],
)
def test_a_trust_policy_names_service_account_and_resource(policy: dict[str, Any], allowed: bool) -> None:
    assert decide_trust(policy, SERVICE, JOB).allowed is allowed


@pytest.fixture(scope="module")
def roles(cloud: LocalCloud) -> Callable[..., str]:
    def make(name: str, service: str, *statements: dict[str, Any], **condition: Any) -> str:
        iam = cloud.client("iam")
        document = json.dumps(trust({"Service": f"{service}.amazonaws.com"}, **condition))
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        if not statements:
            return str(arn)
        iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=policy)
        return str(arn)

    return make


def test_a_state_machine_wants_a_role_of_step_functions(cloud: LocalCloud, roles: Callable[..., str]) -> None:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    states, wrong = cloud.client("stepfunctions"), roles("for-glue", "glue")
    with pytest.raises(ClientError) as caught:
        states.create_state_machine(name="m", definition=definition, roleArn=wrong)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert caught.value.response["Error"]["Message"] == (
        f"states.amazonaws.com (for arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m) is not authorized to perform: "
        f"sts:AssumeRole on {wrong} because the role's trust policy does not allow it"
    )


def test_a_function_wants_a_role_of_lambda_for_this_account(cloud: LocalCloud, roles: Callable[..., str]) -> None:
    foreign = roles("for-others", "lambda", StringEquals={"aws:SourceAccount": "222222222222"})
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        cloud.client("lambda").create_function(
            FunctionName="f", Runtime="python3.11", Role=foreign, Handler="a.b", Code={"ZipFile": b"x"}
        )


def as_role(cloud: LocalCloud, role: str, service: str) -> Any:
    keys = cloud.role_environment(role)
    return boto3.client(
        service,
        endpoint_url=cloud.endpoint,
        region_name=REGION,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=keys["AWS_SESSION_TOKEN"],
    )


def test_who_hands_a_role_on_must_be_allowed_to_pass_it_to_that_service(
    cloud: LocalCloud, roles: Callable[..., str]
) -> None:
    given = roles("given", "sagemaker")
    call = {"Effect": "Allow", "Action": "sagemaker:CreateModel", "Resource": "*"}
    handing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": given}
    to_glue = {**handing, "Condition": {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}}
    to_sagemaker = {**handing, "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}}
    request = {"ModelName": "m", "PrimaryContainer": {"Image": "i"}, "ExecutionRoleArn": given}
    for name, statements in (("passes-none", [call]), ("passes-wrongly", [call, to_glue])):
        with pytest.raises(ClientError, match=f"not authorized to perform: iam:PassRole on resource: {given}"):
            as_role(cloud, roles(name, "states", *statements), "sagemaker").create_model(**request)
    as_role(cloud, roles("passes", "states", call, to_sagemaker), "sagemaker").create_model(**request)


def test_a_role_takes_another_only_if_that_one_trusts_it(cloud: LocalCloud, roles: Callable[..., str]) -> None:
    taken = roles("taken", "lambda")
    taker = roles("taker", "lambda", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
    sts = as_role(cloud, taker, "sts")
    with pytest.raises(ClientError, match="because the role's trust policy does not allow it"):
        sts.assume_role(RoleArn=taken, RoleSessionName="taking")
    document = json.dumps(trust({"AWS": taker}))
    cloud.client("iam").update_assume_role_policy(RoleName="taken", PolicyDocument=document)
    assert sts.assume_role(RoleArn=taken, RoleSessionName="taking")["Credentials"]


@pytest.fixture
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    settings = CloudSettings(enforce_policies=False)
    with LocalCloud(tmp_path_factory.mktemp("lenient"), ACCOUNT, REGION, settings=settings) as running:
        yield running


@pytest.mark.slow
def test_without_iam_nothing_is_refused(lenient: LocalCloud) -> None:
    role = lenient.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    lenient.client("stepfunctions").create_state_machine(name="m", definition=definition, roleArn=role)
    assert as_role(lenient, role, "s3").list_buckets()["Buckets"] == []

"""Endpoints of the local cloud: real containers' programs behind the real API."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pipelinegen.local.local_cloud import LocalCloud
from tests.local.conftest import ACCOUNT, REGION
from tests.local.serving_cloud import (
    deploy_serving_image,
    make_configuration,
    make_model,
    make_role,
    put_model,
    settled,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, fixtures: Path) -> Iterator[LocalCloud]:
    """A local cloud with the endpoint `double`, in service."""
    folder = tmp_path_factory.mktemp("serving")
    with LocalCloud(folder / "state", ACCOUNT, REGION) as cloud:
        deploy_serving_image(cloud, folder, fixtures / "serving")
        role = make_role(cloud, "endpoint")
        for name, factor in (("twice", 2), ("thrice", 3), ("broken", "many")):
            make_model(cloud, name, put_model(cloud, f"{name}.tar.gz", factor), role)
            make_configuration(cloud, name, name)
        cloud.client("sagemaker").create_endpoint(EndpointName="double", EndpointConfigName="twice")
        assert settled(cloud, "double")["EndpointStatus"] == "InService"
        yield cloud


def ask(cloud: LocalCloud, body: object, endpoint: str = "double", **more: str) -> object:
    given = {"ContentType": "application/json", "Accept": "application/json", **more}
    runtime = cloud.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=json.dumps(body).encode(), **given)
    assert answer["InvokedProductionVariant"] == "main"
    return json.loads(answer["Body"].read())


def test_the_models_own_code_answers(serving: LocalCloud) -> None:
    assert ask(serving, [1, 2.5]) == [2.0, 5.0]


def test_a_container_without_network_has_no_credentials(serving: LocalCloud) -> None:
    (log,) = serving.job_logs("double", "undated")
    assert log.read_text(encoding="utf-8").splitlines()[0] == "keys []"


def test_a_refusal_is_handed_on(serving: LocalCloud) -> None:
    with pytest.raises(ClientError) as caught:
        ask(serving, [1], ContentType="image/png")
    assert caught.value.response["Error"]["Code"] == "ModelError"
    assert caught.value.response["OriginalStatusCode"] == 500
    assert caught.value.response["OriginalMessage"] == "ValueError: unknown type image/png"


def test_an_endpoint_that_is_not_there(serving: LocalCloud) -> None:
    with pytest.raises(ClientError, match="Endpoint nothing not found"):
        ask(serving, [1], endpoint="nothing")


def test_endpoints_are_found_by_name(serving: LocalCloud) -> None:
    sagemaker = serving.client("sagemaker")
    found = sagemaker.list_endpoints(NameContains="doub", SortBy="Name", MaxResults=100)["Endpoints"]
    assert [endpoint["EndpointName"] for endpoint in found] == ["double"]
    assert sagemaker.list_endpoints(NameContains="other")["Endpoints"] == []


def test_an_update_moves_to_the_new_model_and_a_broken_one_is_taken_back(serving: LocalCloud) -> None:
    sagemaker = serving.client("sagemaker")
    sagemaker.create_endpoint(EndpointName="moving", EndpointConfigName="twice")
    assert settled(serving, "moving")["EndpointStatus"] == "InService"
    sagemaker.update_endpoint(EndpointName="moving", EndpointConfigName="thrice")
    assert settled(serving, "moving")["EndpointConfigName"] == "thrice"
    assert ask(serving, [1], endpoint="moving") == [3.0]
    sagemaker.update_endpoint(EndpointName="moving", EndpointConfigName="broken")
    rolled_back = settled(serving, "moving")
    assert (rolled_back["EndpointStatus"], rolled_back["EndpointConfigName"]) == ("InService", "thrice")
    assert "could not convert string to float: 'many'" in rolled_back["FailureReason"]
    assert ask(serving, [1], endpoint="moving") == [3.0]
    sagemaker.delete_endpoint(EndpointName="moving")
    with pytest.raises(ClientError, match='Could not find endpoint "moving"'):
        sagemaker.describe_endpoint(EndpointName="moving")


def test_an_endpoint_whose_model_cannot_be_loaded_fails_and_says_why(serving: LocalCloud) -> None:
    serving.client("sagemaker").create_endpoint(EndpointName="failing", EndpointConfigName="broken")
    found = settled(serving, "failing")
    assert found["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in found["FailureReason"]
    assert "could not convert string to float: 'many'" in found["FailureReason"]


def test_an_image_of_somebody_else_is_refused_by_name(serving: LocalCloud) -> None:
    role = serving.client("iam").get_role(RoleName="endpoint")["Role"]["Arn"]
    make_model(serving, "foreign", put_model(serving, "foreign.tar.gz", 1), role, image="elsewhere/xgboost:1.7-1")
    make_configuration(serving, "foreign", "foreign")
    serving.client("sagemaker").create_endpoint(EndpointName="foreign", EndpointConfigName="foreign")
    reason = settled(serving, "foreign")["FailureReason"]
    assert "'elsewhere/xgboost:1.7-1' is not built by this pipeline" in reason


def test_a_container_that_dies_says_so(serving: LocalCloud) -> None:
    serving.client("sagemaker").create_endpoint(EndpointName="mortal", EndpointConfigName="twice")
    settled(serving, "mortal")
    with pytest.raises(ClientError, match="the container hung up"):
        ask(serving, ["die"], endpoint="mortal")

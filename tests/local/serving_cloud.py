"""A local cloud with a model that multiplies: what the tests of endpoints and of transform jobs share."""

import io
import json
import shutil
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelinegen.local.deployed import Deployed
from pipelinegen.local.local_cloud import LocalCloud

ROOT = Path(__file__).parents[2]
BUCKET = "models-111111111111"
DOCKERFILE = """\
FROM x
ENV PYTHONPATH=/opt/ml/code
ENV SAGEMAKER_SUBMIT_DIRECTORY=/opt/ml/code/program
ENV SAGEMAKER_PROGRAM=inference.py
COPY runtime/__init__.py /opt/ml/code/runtime/__init__.py
COPY runtime/common /opt/ml/code/runtime/common
COPY runtime/serving /opt/ml/code/runtime/serving
COPY code /opt/ml/code/program
WORKDIR /opt/ml/code
ENTRYPOINT ["python3", "-m", "runtime.serving"]
"""


def deploy_serving_image(cloud: LocalCloud, folder: Path, code: Path) -> None:
    """Makes the image `img` known, and a bucket for models and data."""
    context = folder / "context"
    shutil.copytree(code, context / "code")
    (context / "runtime").symlink_to(ROOT / "runtime", target_is_directory=True)
    Deployed(images={"img": DOCKERFILE}, code=str(context)).write(cloud.workdir)
    where = {"LocationConstraint": cloud.region}
    cloud.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)


def make_role(cloud: LocalCloud, name: str, *statements: Mapping[str, Any], service: str = "sagemaker") -> str:
    """The ARN of a role of a service with these statements, by default one that reads and writes the bucket."""
    given = statements or (
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{BUCKET}/*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"},
    )
    principal = {"Service": f"{service}.amazonaws.com"}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    iam = cloud.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=_document(*given))
    return str(role["Arn"])


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def put_model(cloud: LocalCloud, key: str, factor: object) -> str:
    """The address of a model archive with one file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        text = json.dumps({"factor": factor}).encode()
        entry = tarfile.TarInfo("factor.json")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=buffer.getvalue())
    return f"s3://{BUCKET}/{key}"


def make_model(cloud: LocalCloud, name: str, uri: str, role: str, image: str = "img") -> None:
    """CreateModel, without network as the generated requests have it."""
    container = {"Image": image, "ModelDataUrl": uri}
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model(
        ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role, EnableNetworkIsolation=True
    )


def make_configuration(cloud: LocalCloud, name: str, model: str) -> None:
    """CreateEndpointConfig with one variant of a model."""
    variant = {"VariantName": "main", "ModelName": model, "InstanceType": "ml.m7i.large", "InitialInstanceCount": 1}
    cloud.client("sagemaker").create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


def settled(cloud: LocalCloud, endpoint: str) -> dict[str, Any]:
    """The endpoint's description once nothing moves any more."""
    sagemaker = cloud.client("sagemaker")
    while True:
        found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=endpoint)
        if found["EndpointStatus"] not in ("Creating", "Updating"):
            return found
        time.sleep(0.05)

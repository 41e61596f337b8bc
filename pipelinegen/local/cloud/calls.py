"""Which IAM actions on which resources an HTTP request to AWS is, for the services that a pipeline's roles call.

Requests that are not described here are told by AWS's table of APIs (calls_by_model.py); one that is not in it either
is an action on `*` that no sensible policy allows: it is refused rather than let through.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from pipelinegen.local.cloud.calls_by_model import calls_by_model, calls_by_model_of_s3
from pipelinegen.local.iam import Call

#: `Credential=KEY/20261122/eu-central-1/s3/aws4_request` in the Authorization header.
_CREDENTIAL: Final = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")

#: Services whose name in a signature is not their prefix in IAM.
_PREFIXES: Final = {"monitoring": "cloudwatch"}


@dataclass(frozen=True, slots=True)
class Request:
    """What matters of a signed HTTP request; `body` is empty where nobody needs it."""

    access_key: str
    region: str
    service: str
    method: str
    path: str
    query: Mapping[str, list[str]]
    target: str
    body: bytes = b""
    copy_source: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """The account that all resources are in, and the true ARNs of secrets, whose last letters are random."""

    account: str
    secret_arn: Callable[[str], str]
    partition: str = "aws"

    def arn(self, service: str, region: str, resource: str) -> str:
        """An ARN in this account."""
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"


def read_request(environ: Mapping[str, Any], body: bytes) -> Request | None:
    """The request of a WSGI environment, None if it is not signed."""
    match = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if match is None:
        return None
    return Request(
        access_key=match["key"],
        region=match["region"],
        service=match["service"],
        method=environ["REQUEST_METHOD"],
        path=unquote(environ.get("PATH_INFO", "/")),
        query=parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True),
        target=environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2],
        body=body,
        copy_source=unquote(environ.get("HTTP_X_AMZ_COPY_SOURCE", "")),
    )


def calls_of(request: Request, place: Place) -> list[Call]:
    """All calls that have to be allowed for the request to be."""
    invoked = re.fullmatch(r"/endpoints/(?P<name>[^/]+)/invocations", request.path)
    if request.service == "sagemaker" and invoked:
        return [Call("sagemaker:InvokeEndpoint", place.arn("sagemaker", request.region, f"endpoint/{invoked['name']}"))]
    if request.service == "s3":
        return _s3(request, place)
    if request.service == "lambda":
        return _lambda(request, place)
    if request.service in ("sns", "sqs", "sts", "monitoring", "iam") and not request.target:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        return _described(request, place, form.get("Action", ""), form)
    try:
        document = json.loads(request.body or b"{}")
    except ValueError:
        document = {}
    return _described(request, place, request.target, document)


def _described(request: Request, place: Place, operation: str, body: Mapping[str, Any]) -> list[Call]:
    action = f"{_PREFIXES.get(request.service, request.service)}:{operation}"
    describe = _RESOURCES.get(action)
    if describe is None:
        own = {"partition": place.partition, "region": request.region, "account_id": place.account}
        return calls_by_model(action.partition(":")[0], operation, body, own)
    context = {"application-autoscaling:service-namespace": body["ServiceNamespace"]} if describe is _scaled else {}
    calls = [Call(action, resource, context) for resource in describe(request, place, body)]
    calls.extend(_passed_roles(action, body, place))
    if action.startswith("sagemaker:Create") and body.get("Tags"):
        calls.append(Call("sagemaker:AddTags", calls[0].resource))
    return calls


def _passed_roles(action: str, body: Mapping[str, Any], place: Place) -> list[Call]:
    """iam:PassRole for every role that a request hands to a service; a short name stands for a role of the account."""
    found = []
    for service, path in _PASSED_ROLES.get(action, ()):
        value: Any = body
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, str):
            value = value if value.startswith("arn:") else f"arn:{place.partition}:iam::{place.account}:role/{value}"
            found.append(Call("iam:PassRole", value, {"iam:PassedToService": service}))
    return found


def _named(service: str, kind: str, field: str, request: Request, place: Place, body: Mapping[str, Any]) -> list[str]:
    return [place.arn(service, request.region, f"{kind}/{body[field]}")]


def _parameters(request: Request, place: Place, body: Mapping[str, Any]) -> list[str]:
    names = body.get("Names") or [body.get("Name") or body["Path"]]
    return [place.arn("ssm", request.region, f"parameter/{name.strip('/')}") for name in names]


def _secret(request: Request, place: Place, body: Mapping[str, Any]) -> list[str]:
    return [place.secret_arn(body["SecretId"])]


def _deployment(request: Request, place: Place, body: Mapping[str, Any]) -> list[str]:
    """CreateEndpoint and UpdateEndpoint are checked against the endpoint and against its configuration."""
    return [*_endpoint(request, place, body), *_configuration(request, place, body)]


def _field(name: str, request: Request, place: Place, body: Mapping[str, Any]) -> list[str]:
    return [body[name]]


def _buses(request: Request, place: Place, body: Mapping[str, Any]) -> list[str]:
    names = {entry.get("EventBusName", "default") for entry in body["Entries"]}
    return [
        name if name.startswith("arn:") else place.arn("events", request.region, f"event-bus/{name}")
        for name in sorted(names)
    ]


def _anything(request: Request, place: Place, body: Mapping[str, Any]) -> list[str]:
    return ["*"]


def _catalog_table(request: Request, place: Place, body: Mapping[str, Any]) -> list[str]:
    """The Data Catalog is asked for the catalog, the database and the table, and each must be allowed."""
    database, name = body["DatabaseName"], body["Name"]
    parts = ("catalog", f"database/{database}", f"table/{database}/{name}")
    return [place.arn("glue", request.region, part) for part in parts]


def _scaled(request: Request, place: Place, body: Mapping[str, Any]) -> list[str]:
    """The target's id is AWS's own; any will do."""
    return [place.arn("application-autoscaling", request.region, "scalable-target/local")]


_job = partial(_named, "glue", "job", "JobName")
_training = partial(_named, "sagemaker", "training-job", "TrainingJobName")
_processing = partial(_named, "sagemaker", "processing-job", "ProcessingJobName")
_transform = partial(_named, "sagemaker", "transform-job", "TransformJobName")
_tuning = partial(_named, "sagemaker", "hyper-parameter-tuning-job", "HyperParameterTuningJobName")
_model = partial(_named, "sagemaker", "model", "ModelName")
_endpoint = partial(_named, "sagemaker", "endpoint", "EndpointName")
_configuration = partial(_named, "sagemaker", "endpoint-config", "EndpointConfigName")
_version = partial(_named, "sagemaker", "model-package", "ModelPackageGroupName")
_table = partial(_named, "dynamodb", "table", "TableName")

#: The roles that requests hand on: to which service, and where in the request (Service Authorization Reference).
_PASSED_ROLES: Final[Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "events:PutTargets": (("states.amazonaws.com", ("RoleArn",)),),
    "glue:CreateCrawler": (("glue.amazonaws.com", ("Role",)),),
    "glue:CreateJob": (("glue.amazonaws.com", ("Role",)),),
    "sagemaker:CreateHyperParameterTuningJob": (("sagemaker.amazonaws.com", ("TrainingJobDefinition", "RoleArn")),),
    "sagemaker:CreateModel": (("sagemaker.amazonaws.com", ("ExecutionRoleArn",)),),
    "sagemaker:CreateProcessingJob": (("sagemaker.amazonaws.com", ("RoleArn",)),),
    "sagemaker:CreateTrainingJob": (("sagemaker.amazonaws.com", ("RoleArn",)),),
    "scheduler:CreateSchedule": (("scheduler.amazonaws.com", ("Target", "RoleArn")),),
    "states:CreateStateMachine": (("states.amazonaws.com", ("roleArn",)),),
    "states:UpdateStateMachine": (("states.amazonaws.com", ("roleArn",)),),
}

_RESOURCES: Final[Mapping[str, Callable[[Request, Place, Mapping[str, Any]], list[str]]]] = {
    "application-autoscaling:PutScalingPolicy": _scaled,
    "application-autoscaling:RegisterScalableTarget": _scaled,
    "cloudwatch:PutMetricData": _anything,
    "dynamodb:GetItem": _table,
    "dynamodb:PutItem": _table,
    "events:PutEvents": _buses,
    "glue:BatchStopJobRun": _job,
    "glue:GetJob": _job,
    "glue:GetJobRun": _job,
    "glue:GetJobRuns": _job,
    "glue:GetTable": _catalog_table,
    "glue:StartJobRun": _job,
    "sagemaker:CreateEndpoint": _deployment,
    "sagemaker:CreateEndpointConfig": _configuration,
    "sagemaker:CreateHyperParameterTuningJob": _tuning,
    "sagemaker:CreateModel": _model,
    "sagemaker:CreateModelPackage": lambda *given: [f"{name}/1" for name in _version(*given)],
    "sagemaker:CreateProcessingJob": _processing,
    "sagemaker:CreateTrainingJob": _training,
    "sagemaker:CreateTransformJob": _transform,
    "sagemaker:DeleteEndpoint": _endpoint,
    "sagemaker:DeleteEndpointConfig": _configuration,
    "sagemaker:DeleteModel": _model,
    "sagemaker:DescribeEndpoint": _endpoint,
    "sagemaker:DescribeEndpointConfig": _configuration,
    "sagemaker:DescribeHyperParameterTuningJob": _tuning,
    "sagemaker:DescribeModel": _model,
    "sagemaker:DescribeProcessingJob": _processing,
    "sagemaker:DescribeTrainingJob": _training,
    "sagemaker:DescribeTransformJob": _transform,
    "sagemaker:ListEndpointConfigs": _anything,
    "sagemaker:ListEndpoints": _anything,
    "sagemaker:ListModels": _anything,
    "sagemaker:StopHyperParameterTuningJob": _tuning,
    "sagemaker:StopProcessingJob": _processing,
    "sagemaker:StopTrainingJob": _training,
    "sagemaker:StopTransformJob": _transform,
    "sagemaker:UpdateEndpoint": _deployment,
    "secretsmanager:DescribeSecret": _secret,
    "secretsmanager:GetSecretValue": _secret,
    "sns:Publish": partial(_field, "TopicArn"),
    "ssm:DeleteParameter": _parameters,
    "ssm:GetParameter": _parameters,
    "ssm:GetParameterHistory": _parameters,
    "ssm:GetParameters": _parameters,
    "ssm:GetParametersByPath": _parameters,
    "ssm:PutParameter": _parameters,
    "states:SendTaskFailure": _anything,
    "states:DescribeExecution": partial(_field, "executionArn"),
    "states:StartExecution": partial(_field, "stateMachineArn"),
    "states:StopExecution": partial(_field, "executionArn"),
    "sts:AssumeRole": partial(_field, "RoleArn"),
    "sts:GetCallerIdentity": lambda request, place, body: [],
}


def _lambda(request: Request, place: Place) -> list[Call]:
    invoked = re.fullmatch(r"/[0-9-]+/functions/(?P<name>.+)/invocations", request.path)
    if request.method != "POST" or invoked is None:
        return [Call(f"lambda:{request.method} {request.path}", "*")]
    name = invoked["name"].rpartition(":function:")[2]
    return [Call("lambda:InvokeFunction", place.arn("lambda", request.region, f"function:{name}"))]


def _s3(request: Request, place: Place) -> list[Call]:
    bucket, _, key = request.path.lstrip("/").partition("/")
    if not bucket:
        return [Call("s3:ListAllMyBuckets", "*")]
    arn = f"arn:{place.partition}:s3:::{bucket}"
    return _s3_object(request, f"{arn}/{key}", place) if key else _s3_bucket(request, arn)


def _s3_bucket(request: Request, arn: str) -> list[Call]:
    if request.method == "GET" and "location" in request.query:
        return [Call("s3:GetBucketLocation", arn)]
    if request.method == "POST" and "delete" in request.query:
        keys = re.findall(r"<Key>(.*?)</Key>", request.body.decode(), re.DOTALL)
        return [Call("s3:DeleteObject", f"{arn}/{key}") for key in keys]
    if request.method in ("GET", "HEAD") and set(request.query) <= _LISTING:
        prefix = request.query.get("prefix")
        # Without a prefix in the request, a condition on it does not hold, as on AWS.
        return [Call("s3:ListBucket", arn, {"s3:prefix": prefix[0]} if prefix else {})]
    return calls_by_model_of_s3(request.method, "", request.query, arn)


_LISTING: Final = frozenset(
    {"list-type", "prefix", "delimiter", "encoding-type", "max-keys", "continuation-token", "start-after", "marker"}
)


#: Words of queries by which a request is about something beside the content of an object.
_OF_OBJECTS: Final = frozenset(
    {"acl", "attributes", "legal-hold", "restore", "retention", "select", "tagging", "torrent"}
)


def _s3_object(request: Request, arn: str, place: Place) -> list[Call]:
    if request.query.keys() & _OF_OBJECTS:
        return calls_by_model_of_s3(request.method, arn, request.query, arn)
    actions = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "POST": "s3:PutObject"}
    aborts = request.method == "DELETE" and "uploadId" in request.query
    actions["DELETE"] = "s3:AbortMultipartUpload" if aborts else "s3:DeleteObject"
    calls = [Call(actions.get(request.method, f"s3:{request.method} object"), arn)]
    if request.method == "PUT" and request.copy_source:
        source = request.copy_source.lstrip("/").partition("?")[0]
        calls.append(Call("s3:GetObject", f"arn:{place.partition}:s3:::{source}"))
    return calls

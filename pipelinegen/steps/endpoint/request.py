"""The calls that bring a model behind an endpoint, and the states that follow them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelinegen.ir.expressions import expression, unique_job_name
from pipelinegen.ir.model import Json, Jsonata, Model, RoleKey
from pipelinegen.steps.base import Scope
from pipelinegen.steps.endpoint.terraform import alarms
from pipelinegen.steps.sagemaker import JOB_RETRY, job_tags
from pipelinegen.steps.sagemaker_images import JobImage
from pipelinegen.steps.serving import CREATED_MODEL, model_request

if TYPE_CHECKING:
    from pipelinegen.steps.endpoint.model import EndpointSpec

VARIANT = "main"
LOOK_SECONDS = 30
#: In these an endpoint goes on by itself (SageMaker: EndpointStatus).
UNDER_WAY = ("Creating", "Updating", "SystemUpdating", "RollingBack")


@dataclass(frozen=True, slots=True)
class Titles:
    """The names of the states before and around the one that looks."""

    create_model: str
    configure: str
    find: str
    exists: str
    create: str
    update: str
    wait: str
    in_service: str
    failed: str
    serves: str
    scale: str


@dataclass(frozen=True, slots=True)
class Scaling:
    """The requests by which an endpoint gets autoscaling, as soon as it is there."""

    target: Json
    policy: Json


@dataclass(frozen=True, slots=True)
class EndpointRequestsContext:
    """The request bodies."""

    model_request: Json
    configuration_request: Json
    create_request: Json
    update_request: Json


@dataclass(frozen=True, slots=True)
class Look:
    """What is asked while the endpoint changes, and what the answer means."""

    seconds: int
    request: Json
    assign: Json
    serves: Json
    under_way: Json
    cause: Json


@dataclass(frozen=True, slots=True)
class EndpointStateContext:
    """The states: model, configuration, create or update, then look until the endpoint serves the configuration."""

    name: str
    title: str
    titles: Titles
    requests: EndpointRequestsContext
    assign_model: Json
    assign_configuration: Json
    find_request: Json
    assign_found: Json
    found: Json
    look: Look
    scaling: Scaling | None
    retry: Json = field(default_factory=lambda: list(JOB_RETRY))


def endpoint_states(
    spec: "EndpointSpec", scope: Scope, role: RoleKey, image: JobImage, model: Model
) -> EndpointStateContext:
    """What the states are rendered from."""
    name, step = scope.names.job_prefix(scope.step), scope.step
    return EndpointStateContext(
        name=name,
        title=scope.title,
        titles=_titles(scope),
        requests=_requests(spec, scope, name, model_request(scope, role, image, model)),
        assign_model={f"{step}_model_name": CREATED_MODEL},
        assign_configuration={
            f"{step}_configuration": Jsonata("$substringAfter($states.result.EndpointConfigArn, ':endpoint-config/')"),
            f"{step}_looks": 0,
        },
        find_request={"NameContains": name, "SortBy": "Name", "MaxResults": 100},
        assign_found={f"{step}_found": Jsonata(f"{expression(name)} in $states.result.Endpoints.EndpointName")},
        found=Jsonata(f"${step}_found"),
        look=_look(scope, name, spec.timeout_minutes * 60 // LOOK_SECONDS),
        scaling=_scaling(spec, name),
    )


def _titles(scope: Scope) -> Titles:
    before = ("create model", "configure", "find", "exists?", "create", "update")
    after = ("wait", "in service?", "failed", "serves", "scale")
    return Titles(*(f"{scope.title}: {word}" for word in (*before, *after)))


def _scaling(spec: "EndpointSpec", name: str) -> Scaling | None:
    if spec.instance is None or spec.autoscaling is None:
        return None
    what: dict[str, Json] = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/{VARIANT}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    metric: Json = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    return Scaling(
        target={**what, "MinCapacity": spec.instance.count, "MaxCapacity": spec.autoscaling.max_count},
        policy={
            **what,
            "PolicyName": f"{name}-invocations",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": spec.autoscaling.invocations_per_minute,
                "PredefinedMetricSpecification": metric,
            },
        },
    )


def _look(scope: Scope, name: str, most: int) -> Look:
    status, serving, wanted, reason, looks = (
        f"${scope.step}_{word}" for word in ("status", "serving", "configuration", "reason", "looks")
    )
    return Look(
        seconds=LOOK_SECONDS,
        request={"EndpointName": name},
        assign={
            status[1:]: Jsonata("$states.result.EndpointStatus"),
            serving[1:]: Jsonata("$states.result.EndpointConfigName"),
            reason[1:]: Jsonata("$exists($states.result.FailureReason) ? $states.result.FailureReason : ''"),
            looks[1:]: Jsonata(f"{looks} + 1"),
        },
        serves=Jsonata(f"{status} = 'InService' and {serving} = {wanted}"),
        under_way=Jsonata(f"{status} in {expression(list(UNDER_WAY))} and {looks} < {most}"),
        cause=Jsonata(
            f"'endpoint {name} is ' & {status} & ' with ' & {serving} & ', wanted is ' & {wanted} & ' ' & {reason}"
        ),
    )


def _requests(spec: "EndpointSpec", scope: Scope, name: str, model: dict[str, Json]) -> EndpointRequestsContext:
    if spec.serverless:  # SageMaker gives serverless endpoints neither a VPC nor isolation from the network.
        model = {key: value for key, value in model.items() if key not in ("EnableNetworkIsolation", "VpcConfig")}
    target: dict[str, Json] = {"EndpointName": name, "EndpointConfigName": Jsonata(f"${scope.step}_configuration")}
    return EndpointRequestsContext(
        model_request=model,
        configuration_request={
            "EndpointConfigName": unique_job_name(name),
            "ProductionVariants": [_variant(spec, Jsonata(f"${scope.step}_model_name"))],
            "Tags": job_tags(scope),
        },
        create_request={**target, "Tags": job_tags(scope)},
        update_request={**target, **_deployment(spec, scope)},
    )


def _variant(spec: "EndpointSpec", model: Jsonata) -> dict[str, Json]:
    variant: dict[str, Json] = {"VariantName": VARIANT, "ModelName": model}
    if spec.serverless:
        serverless = {"MemorySizeInMB": spec.serverless.memory_mib, "MaxConcurrency": spec.serverless.max_concurrency}
        return {**variant, "ServerlessConfig": serverless}
    assert spec.instance is not None
    machines: dict[str, Json] = {"InstanceType": spec.instance.type, "InitialInstanceCount": spec.instance.count}
    return {**variant, **machines, "InitialVariantWeight": 1}


def _deployment(spec: "EndpointSpec", scope: Scope) -> dict[str, Json]:
    """How an update is made: new machines beside the old, watched by alarms, and the number that autoscaling chose."""
    if spec.instance is None:
        return {}
    bake_seconds = (spec.rollback.bake_minutes if spec.rollback else 10) * 60
    routing: dict[str, Json] = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": bake_seconds}
    if spec.instance.count > 1:
        routing |= {"Type": "CANARY", "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1}}
    policy: Json = {
        "TrafficRoutingConfiguration": routing,
        "TerminationWaitInSeconds": 60,
        "MaximumExecutionTimeoutInSeconds": min(max(spec.timeout_minutes * 60, 600), 28800),
    }
    names: list[Json] = [{"AlarmName": alarm.name} for alarm in alarms(spec, scope)]
    deployment: Json = {"BlueGreenUpdatePolicy": policy, "AutoRollbackConfiguration": {"Alarms": names}}
    return {"DeploymentConfig": deployment, "RetainAllVariantProperties": spec.autoscaling is not None}

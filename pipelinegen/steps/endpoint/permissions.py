"""What an endpoint's role, and the state machine on its behalf, may do."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import Model, Permission, RoleKey, Service
from pipelinegen.steps.base import Scope
from pipelinegen.steps.permissions import (
    STATES,
    attach_network,
    pass_role,
    pull_image_from,
    read,
    use_key,
    write_logs,
)
from pipelinegen.steps.sagemaker import role_arn
from pipelinegen.steps.sagemaker_images import JobImage
from pipelinegen.steps.serving import model_permission


def endpoint_permissions(
    scope: Scope, role: RoleKey, image: JobImage, model: Model, *, in_vpc: bool, scales: bool
) -> tuple[Permission, ...]:
    """The endpoint reads its model and its alarms; the state machine creates it, or moves it to a new configuration."""
    title, name = scope.title.replace(" ", ""), scope.names.job_prefix(scope.step)
    endpoint = arns.arn("sagemaker", f"endpoint/{name}")
    configuration = arns.arn("sagemaker", f"endpoint-config/{name}-*")
    network = (
        *attach_network(role, "security_group_sagemaker", scope.around.subnets),
        Permission(role, "WatchAlarms", ("cloudwatch:DescribeAlarms",), (arns.arn("cloudwatch", f"alarm:{name}-*"),)),
    )
    deploy = ("sagemaker:AddTags", "sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint")
    return (
        model_permission(scope),
        Permission(
            STATES,
            f"Configure{title}",
            ("sagemaker:AddTags", "sagemaker:CreateEndpointConfig"),
            (configuration,),
        ),
        Permission(STATES, f"Deploy{title}", deploy, (endpoint, configuration)),
        Permission(STATES, f"Follow{title}", ("sagemaker:DescribeEndpoint",), (endpoint,)),
        Permission(
            STATES,
            "FindEndpoints",
            ("sagemaker:ListEndpoints",),
            ("*",),
            why_every_resource="sagemaker:ListEndpoints takes no resource",
        ),
        pass_role(role_arn(scope, role).rsplit("/", 1)[-1], Service.SAGEMAKER, f"PassRoleOf{title}"),
        *pull_image_from(role, image.repository_arn),
        *read(role, "ReadModel", model.location),
        use_key(role),
        write_logs(role, f"/aws/sagemaker/Endpoints/{name}"),
        *(network if in_vpc else ()),
        *(_scale() if scales else ()),
    )


def _scale() -> tuple[Permission, ...]:
    """Registering the endpoint for autoscaling, which makes AWS's own role for it the first time."""
    service = "sagemaker.application-autoscaling.amazonaws.com"
    own = f"arn:${{partition}}:iam::${{account_id}}:role/aws-service-role/{service}"
    return (
        Permission(
            STATES,
            "ScaleEndpoints",
            ("application-autoscaling:PutScalingPolicy", "application-autoscaling:RegisterScalableTarget"),
            (arns.arn("application-autoscaling", "scalable-target/*"),),
            (("StringEquals", "application-autoscaling:service-namespace", ("sagemaker",)),),
        ),
        Permission(
            STATES,
            "MakeRoleOfAutoscaling",
            ("iam:CreateServiceLinkedRole",),
            (f"{own}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",),
            (("StringEquals", "iam:AWSServiceName", (service,)),),
        ),
    )

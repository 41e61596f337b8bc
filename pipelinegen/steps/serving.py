"""A model artifact put into an inference image: CreateModel and the name it gives."""

from pipelinegen.ir import arns
from pipelinegen.ir.expressions import unique_job_name
from pipelinegen.ir.model import Json, Jsonata, Model, Permission, RoleKey
from pipelinegen.steps.base import Scope
from pipelinegen.steps.permissions import STATES
from pipelinegen.steps.sagemaker import job_tags, role_arn, vpc_config
from pipelinegen.steps.sagemaker_images import JobImage

#: The name of the model that CreateModel answered for.
CREATED_MODEL = Jsonata("$substringAfter($states.result.ModelArn, ':model/')")


def model_request(scope: Scope, role: RoleKey, image: JobImage, model: Model) -> dict[str, Json]:
    """The body of CreateModel: the artifact in its image, without any network."""
    return {
        "ModelName": unique_job_name(scope.names.job_prefix(scope.step)),
        "PrimaryContainer": {"Image": image.uri, "ModelDataUrl": model.uri},
        "ExecutionRoleArn": role_arn(scope, role),
        "EnableNetworkIsolation": True,
        "VpcConfig": vpc_config(),
        "Tags": job_tags(scope),
    }


def model_permission(scope: Scope, *calls: str) -> Permission:
    """What the state machine may do with the models of this step, beside making and tagging them."""
    resource = arns.arn("sagemaker", f"model/{scope.names.job_prefix(scope.step)}-*")
    actions = ("sagemaker:AddTags", "sagemaker:CreateModel", *(f"sagemaker:{call}" for call in calls))
    return Permission(STATES, f"ServeModelOf{scope.title.replace(' ', '')}", actions, (resource,))

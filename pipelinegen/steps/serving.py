"""A model artifact put into an inference image: which image, CreateModel, and the name it gives."""

from collections.abc import Sequence

from pipelinegen.ir import arns
from pipelinegen.ir.expressions import unique_job_name
from pipelinegen.ir.model import Json, Jsonata, Model, Permission, Recommender, RoleKey
from pipelinegen.steps.base import Scope
from pipelinegen.steps.own_code import (
    CODE_ROOT,
    PROGRAM_FOLDER,
    OwnImageContext,
    base_image,
    own_image,
    read_own_code,
    shell_words,
)
from pipelinegen.steps.permissions import STATES
from pipelinegen.steps.sagemaker import job_tags, role_arn, vpc_config
from pipelinegen.steps.sagemaker_images import JobImage, job_image

#: The name of the model that CreateModel answered for.
CREATED_MODEL = Jsonata("$substringAfter($states.result.ModelArn, ':model/')")

#: The module of the user's code that holds model_fn, input_fn, predict_fn and output_fn.
PROGRAM = "inference.py"
_SERVER = '["python3", "-m", "runtime.serving"]'
_SERVER_NEEDS = ("uvicorn>=0.32,<1",)


def serving_image(
    scope: Scope,
    model: Model,
    image: str | None,
    code: str | None,
    requirements: Sequence[str],
    instance_type: str,
    content_type: str | None = None,
) -> JobImage:
    """The image that answers: the one given, one around the given code, or that of the built-in model.

    `content_type`: that of the requests, where it is known.
    Raises: SpecError with PG025, PG062, PG071, PG145, and PG170 for a model that nobody's code is given for.
    """
    if image:
        from pipelinegen.steps.algorithm_images import check_serving  # a table that most specs do without

        found = job_image(scope, image)
        check_serving(scope, image, model.image, content_type)
        return found
    if code:
        files = read_own_code(scope, code, PROGRAM)
        context = _context(scope, instance_type, (*_SERVER_NEEDS, *requirements), PROGRAM_FOLDER, has_code=True)
        return own_image(scope, f"serving_{scope.step}", context, files)
    if not isinstance(model, Recommender):
        message = "only the built-in recommender brings its own inference code"
        help = "give `code:`, a folder with an inference.py, or `image:`"
        raise scope.fault("PG170", message, help, "model")
    needs = (*_SERVER_NEEDS, "pyarrow>=18,<27")
    context = _context(scope, instance_type, needs, f"{CODE_ROOT}/runtime/serving", has_code=False)
    return own_image(scope, "serving_gpu" if "-gpu-" in context.base else "serving", context)


def _context(
    scope: Scope, instance_type: str, requirements: Sequence[str], folder: str, *, has_code: bool
) -> OwnImageContext:
    return OwnImageContext(
        base=base_image(scope, instance_type),
        install=shell_words(requirements),
        packages=("common", "serving") if has_code else ("common", "prediction", "serving", "training"),
        environment=(
            ("PYTHONPATH", CODE_ROOT),
            ("PYTHONUNBUFFERED", "1"),
            ("SAGEMAKER_SUBMIT_DIRECTORY", folder),
            ("SAGEMAKER_PROGRAM", PROGRAM if has_code else "recommender.py"),
        ),
        has_code=has_code,
        work_folder=CODE_ROOT,
        entrypoint=_SERVER,
    )


def model_request(scope: Scope, role: RoleKey, image: JobImage, model: Model) -> dict[str, Json]:
    """The body of CreateModel: the artifact in its image, without any network."""
    return {
        "ModelName": unique_job_name(scope.names.job_prefix(scope.step)),
        "PrimaryContainer": {"Image": image.uri, "ModelDataUrl": model.uri},
        "ExecutionRoleArn": role_arn(scope, role),
        "EnableNetworkIsolation": True,
        "VpcConfig": vpc_config(scope),
        "Tags": job_tags(scope),
    }


def model_permission(scope: Scope, *calls: str) -> Permission:
    """What the state machine may do with the models of this step, beside making and tagging them."""
    resource = arns.arn("sagemaker", f"model/{scope.names.job_prefix(scope.step)}-*")
    actions = ("sagemaker:AddTags", "sagemaker:CreateModel", *(f"sagemaker:{call}" for call in calls))
    return Permission(STATES, f"ServeModelOf{scope.title.replace(' ', '')}", actions, (resource,))

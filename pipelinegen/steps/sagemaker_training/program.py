"""What a `sagemaker_training` step with `image:` or `code:` is in the spec and in the IR.

A form of its own: with the built-in recommender it shares little but the machine. There the program is known, so
columns, hyperparameters and metrics are typed; here nothing is.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from pipelinegen.ir.model import (
    OutputFile,
    RoleKey,
    SagemakerJob,
    Service,
    Step,
)
from pipelinegen.spec.fields import Identifier, TimeoutMinutes
from pipelinegen.steps.algorithms import (
    AlgorithmInstanceSpec,
    ContentType,
    Hyperparameters,
    MetricSpec,
    algorithm_of,
    channels,
    check_printed,
    metric_artifacts,
)
from pipelinegen.steps.base import Reference, Scope, StepKind, StepSpec
from pipelinegen.steps.own_code import (
    EITHER_IMAGE_OR_CODE,
    CodeFolder,
    ProgramFile,
    Requirements,
    check_either_image_or_code,
    check_program,
    program_image,
)
from pipelinegen.steps.sagemaker_images import ImageUri
from pipelinegen.steps.sagemaker_training.permissions import training_permissions
from pipelinegen.steps.sagemaker_training.program_request import program_request
from pipelinegen.steps.training import JobContext, trained_model, training_states, training_variables


class ProgramTrainingSpec(StepSpec):
    """Keys of a `sagemaker_training` step with `image:` or `code:`."""

    model_config = ConfigDict(json_schema_extra=EITHER_IMAGE_OR_CODE)

    kind: Literal["sagemaker_training"]
    image: Annotated[ImageUri | None, Field(description="Training image in ECR, one of AWS's own or another")] = None
    code: Annotated[CodeFolder | None, Field(description="Folder of your own program, beside the spec")] = None
    program: ProgramFile = None
    requirements: Requirements = []
    inputs: Annotated[
        dict[Identifier, Reference], Field(min_length=1, max_length=20, description="Channels by their name")
    ]
    content_type: ContentType = None
    warm_start: Annotated[
        Literal["never", "promoted"],
        Field(
            description="The promoted model, if there is one yet, as another channel: `promoted` of a program of your "
            "own, `model` of an image, as AWS's algorithms call it"
        ),
    ] = "never"
    hyperparameters: Annotated[
        Hyperparameters, Field(max_length=100, description="Whatever the image takes; references in text are replaced")
    ] = {}
    metrics: Annotated[
        dict[Identifier, MetricSpec],
        Field(max_length=40, description="Metrics that other steps use; the promoted model's is as of its promotion"),
    ] = {}
    instance: Annotated[AlgorithmInstanceSpec, Field(description="The machines")] = AlgorithmInstanceSpec()
    timeout_minutes: Annotated[TimeoutMinutes, Field(description="The job is stopped after this")] = 60

    @model_validator(mode="after")
    def _image_or_code(self) -> "ProgramTrainingSpec":
        check_either_image_or_code(self)
        return self


def lower(spec: ProgramTrainingSpec, scope: Scope) -> Step:
    """The step with its request, states and role.

    Raises: SpecError with PG017, PG025, PG062, PG071, PG073, PG145, PG146.
    """
    image, role = program_image(scope, spec, spec.instance.type), RoleKey(Service.SAGEMAKER, scope.step)
    check_printed(scope, spec.image, spec.metrics)
    check_program(scope, spec, spec.hyperparameters, {})
    algorithm = algorithm_of(scope, spec, goes_on=spec.warm_start == "promoted")
    given, sources = channels(scope, spec.inputs, spec.content_type, algorithm)
    request = program_request(scope, role, image.uri, spec, given)
    variables, model = training_variables(scope), trained_model(scope, image.uri)
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"SageMaker training job of {(spec.image or f'/{spec.code}').split('/', 1)[1]}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"model": model, **metric_artifacts(spec.metrics, model)},
        permissions=training_permissions(scope, role, sources, spot=spec.instance.spot, image=image),
        resources=(*image.resources, SagemakerJob(scope.step, role, image.uri, spec.instance.count)),
        files=(
            OutputFile(f"sagemaker/{scope.step}.json", "steps/sagemaker_training/job.json.j2", JobContext(request)),
            *image.files,
        ),
        copies=image.copies,
        state=OutputFile(
            scope.title,
            "steps/sagemaker_training/state.asl.json.j2",
            training_states(scope, request, spec.timeout_minutes),
        ),
        assigns=variables.names,
        reads_promoted=True,
        loads_promoted=role if spec.warm_start == "promoted" else None,
        summary={"model": model.uri, "version": model.version, "metrics": model.metrics},
    )


#: This form, as the kind's `__init__` names it.
KIND = StepKind(
    name="sagemaker_training",
    summary="With `image:`, an algorithm of AWS or any image in ECR; with `code:`, your own program.",
    spec=ProgramTrainingSpec,
    outputs=("model", "metrics.*"),
    lower=lower,
    form="a program or an image",
)

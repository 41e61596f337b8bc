"""What a `sagemaker_algorithm` step is in the spec and in the IR.

A kind of its own beside `sagemaker_training`: the two share no key but the machine. There the program is known, so
columns, hyperparameters and metrics are typed; here nothing is, and editors should not offer one's keys for the other.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from pipelinegen.ir.model import (
    Jsonata,
    Model,
    OutputFile,
    RoleKey,
    SagemakerJob,
    Service,
    Step,
)
from pipelinegen.spec.fields import Identifier, SpecValueError, TimeoutMinutes
from pipelinegen.steps.algorithms import (
    AlgorithmInstanceSpec,
    ContentType,
    Hyperparameters,
    MetricSpec,
    channels,
    metric_artifacts,
)
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.own_code import (
    CODE_ROOT,
    PROGRAM_FOLDER,
    CodeFolder,
    OwnImageContext,
    Requirements,
    base_image,
    own_image,
    read_own_code,
    shell_words,
)
from pipelinegen.steps.sagemaker_algorithm.permissions import algorithm_permissions
from pipelinegen.steps.sagemaker_algorithm.request import algorithm_request
from pipelinegen.steps.sagemaker_images import ImageUri, JobImage, job_image
from pipelinegen.steps.training import JobContext, training_states, training_variables

_IMAGE_OR_CODE = ConfigDict(
    json_schema_extra={
        "oneOf": [{"required": [key], "properties": {key: {"type": "string"}}} for key in ("image", "code")],
        "if": {
            "anyOf": [
                {"required": ["requirements"], "properties": {"requirements": {"minItems": 1}}},
                {"required": ["program"], "properties": {"program": {"not": {"type": "null"}}}},
            ]
        },
        "then": {"required": ["code"], "properties": {"code": {"type": "string"}}},
    }
)


class SagemakerAlgorithmSpec(StepSpec):
    """Keys of a `sagemaker_algorithm` step."""

    model_config = _IMAGE_OR_CODE

    kind: Literal["sagemaker_algorithm"]
    image: Annotated[ImageUri | None, Field(description="Training image in ECR, one of AWS's own or another")] = None
    code: Annotated[CodeFolder | None, Field(description="Folder of your own program, beside the spec")] = None
    program: Annotated[
        str | None, Field(pattern=r"^[A-Za-z0-9_]+\.py$", max_length=100, description="The file of `code:` that is run")
    ] = None
    requirements: Requirements = []
    inputs: Annotated[
        dict[Identifier, Reference], Field(min_length=1, max_length=20, description="Channels by their name")
    ]
    content_type: Annotated[ContentType | None, Field(description="MIME type of the channels' files")] = None
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
    def _image_or_code(self) -> "SagemakerAlgorithmSpec":
        if (self.image is None) == (self.code is None):
            raise SpecValueError("a job trains by an image or by a program", "give either `image:` or `code:`")
        if self.code is None and (self.program or self.requirements):
            raise SpecValueError("a program and packages belong to a folder of code", "give `code:`")
        return self


def lower(spec: SagemakerAlgorithmSpec, scope: Scope) -> Step:
    """The step with its request, states and role. Raises: SpecError with PG017, PG025, PG062, PG071."""
    image, role = _image(spec, scope), RoleKey(Service.SAGEMAKER, scope.step)
    given, sources = channels(scope, spec.inputs, spec.content_type)
    request = algorithm_request(scope, role, image.uri, spec, given)
    variables = training_variables(scope)
    model = Model(
        uri=Jsonata(f"${variables.model}"),
        version=Jsonata(f"${variables.version}"),
        metrics=Jsonata(f"${variables.metrics}"),
        location=scope.models,
        image=image.uri,
    )
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"SageMaker training job of {(spec.image or f'/{spec.code}').split('/', 1)[1]}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"model": model, **metric_artifacts(spec.metrics, model)},
        permissions=algorithm_permissions(scope, role, image, sources, spot=spec.instance.spot),
        resources=(*image.resources, SagemakerJob(scope.step, role, image.uri, spec.instance.count)),
        files=(
            OutputFile(f"sagemaker/{scope.step}.json", "steps/sagemaker_algorithm/job.json.j2", JobContext(request)),
            *image.files,
        ),
        copies=image.copies,
        state=OutputFile(
            scope.title,
            "steps/sagemaker_algorithm/state.asl.json.j2",
            training_states(scope, request, spec.timeout_minutes),
        ),
        assigns=variables.names,
        reads_promoted=True,
        summary={"model": model.uri, "version": model.version, "metrics": model.metrics},
    )


def _image(spec: SagemakerAlgorithmSpec, scope: Scope) -> JobImage:
    """The image that is given, or one around the user's program, which SageMaker's toolkit starts."""
    if spec.code is None:
        return job_image(scope, spec.image)
    program = spec.program or "train.py"
    context = OwnImageContext(
        base=base_image(scope, spec.instance.type),
        install=shell_words(spec.requirements),
        packages=(),
        environment=(
            ("PYTHONPATH", PROGRAM_FOLDER),
            ("PYTHONUNBUFFERED", "1"),
            ("SAGEMAKER_SUBMIT_DIRECTORY", CODE_ROOT),
            ("SAGEMAKER_PROGRAM", f"{PROGRAM_FOLDER.removeprefix(f'{CODE_ROOT}/')}/{program}"),
        ),
        has_code=True,
        work_folder=CODE_ROOT,
        entrypoint=None,
    )
    return own_image(scope, f"training_{scope.step}", context, read_own_code(scope, spec.code, program))

"""What a `sagemaker_processing` step is in the spec and in the IR."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, model_validator

from pipelinegen.ir.model import (
    Artifact,
    Json,
    OutputFile,
    RoleKey,
    SagemakerJob,
    Service,
    Step,
)
from pipelinegen.spec.fields import Identifier, SpecValueError, TimeoutMinutes
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.own_code import (
    CODE_ROOT,
    IMAGE_OR_CODE,
    PROGRAM_FOLDER,
    CodeFolder,
    OwnImageContext,
    Requirements,
    base_image,
    check_image_or_code,
    own_image,
    read_own_code,
    shell_words,
)
from pipelinegen.steps.processing import ProcessingJob, processing_request, stored
from pipelinegen.steps.sagemaker import JOB_RETRY, ProcessingInstanceSpec, completed
from pipelinegen.steps.sagemaker_images import ImageUri, JobImage, job_image
from pipelinegen.steps.sagemaker_processing.permissions import processing_permissions
from pipelinegen.steps.written import Target, written

#: The file of `code:` that is run where no `entrypoint:` says otherwise.
PROGRAM = "main.py"


#: At most 256 characters (SageMaker: ContainerArgument, ContainerEntrypointString, ProcessingEnvironmentValue).
Word = Annotated[str, Field(min_length=1, max_length=256)]
VariableName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]{0,255}$")]


_SOME_PROGRAM: Final[dict[str, Any]] = {
    "anyOf": [
        {"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in ("image", "entrypoint", "code")
    ]
}


class SagemakerProcessingSpec(StepSpec):
    """Keys of a `sagemaker_processing` step."""

    model_config = ConfigDict(json_schema_extra={**_SOME_PROGRAM, **IMAGE_OR_CODE})

    kind: Literal["sagemaker_processing"]
    image: Annotated[ImageUri | None, Field(description="By default the pipeline's own training image")] = None
    code: Annotated[CodeFolder | None, Field(description="Folder of your own program, for an image that we build")] = (
        None
    )
    requirements: Requirements = []
    entrypoint: Annotated[
        list[Word] | None,
        Field(
            min_length=1, max_length=100, description="By default the one of the image; python3 main.py with `code:`"
        ),
    ] = None
    arguments: Annotated[list[Word], Field(max_length=100, description="References in them are replaced")] = []
    inputs: Annotated[
        dict[Identifier, Reference], Field(max_length=10, description="Found in /opt/ml/processing/input/<name>")
    ] = {}
    outputs: Annotated[
        dict[Identifier, Target],
        Field(min_length=1, max_length=10, description="Left behind in /opt/ml/processing/output/<name>"),
    ]
    environment: Annotated[
        dict[VariableName, Word], Field(max_length=100, description="Variables of the program, references replaced")
    ] = {}
    instance: Annotated[ProcessingInstanceSpec, Field(description="The machine")] = ProcessingInstanceSpec()
    timeout_minutes: TimeoutMinutes = 60

    @model_validator(mode="after")
    def _some_program(self) -> "SagemakerProcessingSpec":
        if self.image is None and self.entrypoint is None and self.code is None:
            raise SpecValueError("the step has no program", "give `code:`, `entrypoint:`, or an `image:` that has one")
        check_image_or_code(self.image, self.code, self.requirements)
        return self


@dataclass(frozen=True, slots=True)
class ProcessingStateContext:
    """The state that runs the job."""

    request: Json
    timeout_seconds: int
    assign: Json
    retry: Json = field(default_factory=lambda: list(JOB_RETRY))


def lower(spec: SagemakerProcessingSpec, scope: Scope) -> Step:
    """The step with its request, state and role. Raises: SpecError with PG017, PG025, PG062, PG071, PG146."""
    image, role = _image(spec, scope), RoleKey(Service.SAGEMAKER, scope.step)
    inputs = {name: stored(scope, reference, "inputs", name) for name, reference in spec.inputs.items()}
    given = [scope.artifact(reference, Artifact, "inputs", name) for name, reference in spec.inputs.items()]
    outputs = written(scope, spec.outputs, dict(zip(spec.inputs, given, strict=True)))
    job = ProcessingJob(
        image=image.uri,
        entrypoint=_entrypoint(spec, scope),
        arguments=[scope.text(word, "arguments", index) for index, word in enumerate(spec.arguments)],
        inputs={name: uri for name, (_, uri) in inputs.items()},
        outputs={name: output.uri for name, output in outputs.items()},
        instance=spec.instance,
        timeout_minutes=spec.timeout_minutes,
        environment={name: scope.text(text, "environment", name) for name, text in spec.environment.items()},
    )
    sources = tuple(dict.fromkeys(location for location, _ in inputs.values()))
    targets = tuple(output.location for output in outputs.values())
    request, seconds = processing_request(scope, role, job), (spec.timeout_minutes + 15) * 60
    context = ProcessingStateContext(
        request, seconds, completed(scope, "Processing", "ExitMessage", spec.timeout_minutes)
    )
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"SageMaker processing job: {', '.join(spec.outputs)}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs=outputs,
        permissions=processing_permissions(scope, role, image, sources, targets),
        resources=(*image.resources, SagemakerJob(scope.step, role, image.uri)),
        files=(
            OutputFile(f"sagemaker/{scope.step}.json", "steps/sagemaker_processing/job.json.j2", context),
            *image.files,
        ),
        copies=image.copies,
        state=OutputFile(scope.title, "steps/sagemaker_processing/state.asl.json.j2", context),
        summary={name: output.uri for name, output in outputs.items()},
    )


def _image(spec: SagemakerProcessingSpec, scope: Scope) -> JobImage:
    """The image given, one around the user's code, or the pipeline's own."""
    if spec.code is None:
        return job_image(scope, spec.image)
    files = read_own_code(scope, spec.code, None if spec.entrypoint else PROGRAM)
    _check_arguments(spec, scope, files)
    context = OwnImageContext(
        base=base_image(scope, spec.instance.type),
        install=shell_words(spec.requirements),
        packages=("processing",),
        environment=(("PYTHONPATH", f"{CODE_ROOT}:{PROGRAM_FOLDER}"), ("PYTHONUNBUFFERED", "1")),
        has_code=True,
        work_folder=PROGRAM_FOLDER,
        entrypoint=None,
    )
    return own_image(scope, f"processing_{scope.step}", context, files)


def _check_arguments(spec: SagemakerProcessingSpec, scope: Scope, files: Mapping[str, str]) -> None:
    """Raises: SpecError with PG146 for arguments that a program of the step's `code:` certainly refuses."""
    match spec.entrypoint or ["python3", PROGRAM]:
        case ["python" | "python3", path] if path in files:
            from pipelinegen.steps.program_arguments import check_words  # most specs have no such program

            check_words(scope, f"{spec.code}/{path}", files[path], spec.arguments)


def _entrypoint(spec: SagemakerProcessingSpec, scope: Scope) -> list[Json]:
    """The program's words; one of the user's code runs inside of ours, which tells how it ended."""
    given: list[Json] = [scope.text(word, "entrypoint", index) for index, word in enumerate(spec.entrypoint or ())]
    if spec.code is None:
        return given
    return ["python3", "-m", "runtime.processing", *(given or ["python3", PROGRAM])]

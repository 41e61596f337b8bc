"""What a `sagemaker_processing` step is in the spec and in the IR."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelinegen.ir.model import (
    Artifact,
    Json,
    OutputFile,
    RoleKey,
    SagemakerJob,
    Service,
    Step,
)
from pipelinegen.spec.fields import Identifier, SpecValueError, TimeoutMinutes, at_least_one
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.processing import ProcessingJob, processing_request, stored
from pipelinegen.steps.sagemaker import JOB_RETRY, ProcessingInstanceSpec
from pipelinegen.steps.sagemaker_images import ImageUri, job_image
from pipelinegen.steps.sagemaker_processing.permissions import processing_permissions
from pipelinegen.steps.written import Target, written

#: At most 256 characters (SageMaker: ContainerArgument, ContainerEntrypointString, ProcessingEnvironmentValue).
Word = Annotated[str, Field(min_length=1, max_length=256)]
VariableName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]{0,255}$")]


class SagemakerProcessingSpec(StepSpec):
    """Keys of a `sagemaker_processing` step."""

    model_config = at_least_one("image", "entrypoint")

    kind: Literal["sagemaker_processing"]
    image: Annotated[ImageUri | None, Field(description="By default the pipeline's own training image")] = None
    entrypoint: Annotated[
        list[Word] | None, Field(min_length=1, max_length=100, description="By default the one of the image")
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
        if self.image is None and self.entrypoint is None:
            raise SpecValueError("the step has no program", "give `entrypoint:`, or an `image:` that has one")
        return self


@dataclass(frozen=True, slots=True)
class ProcessingStateContext:
    """The state that runs the job."""

    request: Json
    timeout_seconds: int
    retry: Json = field(default_factory=lambda: list(JOB_RETRY))


def lower(spec: SagemakerProcessingSpec, scope: Scope) -> Step:
    """The step with its request, state and role. Raises: SpecError with PG017, PG025, PG071."""
    image, role = job_image(scope, spec.image), RoleKey(Service.SAGEMAKER, scope.step)
    inputs = {name: stored(scope, reference, "inputs", name) for name, reference in spec.inputs.items()}
    given = [scope.artifact(reference, Artifact, "inputs", name) for name, reference in spec.inputs.items()]
    outputs = written(scope, spec.outputs, dict(zip(spec.inputs, given, strict=True)))
    job = ProcessingJob(
        image=image.uri,
        entrypoint=[scope.text(word, "entrypoint", index) for index, word in enumerate(spec.entrypoint or ())],
        arguments=[scope.text(word, "arguments", index) for index, word in enumerate(spec.arguments)],
        inputs={name: uri for name, (_, uri) in inputs.items()},
        outputs={name: output.uri for name, output in outputs.items()},
        instance=spec.instance,
        timeout_minutes=spec.timeout_minutes,
        environment={name: scope.text(text, "environment", name) for name, text in spec.environment.items()},
    )
    sources = tuple(dict.fromkeys(location for location, _ in inputs.values()))
    targets = tuple(output.location for output in outputs.values())
    context = ProcessingStateContext(processing_request(scope, role, job), (spec.timeout_minutes + 15) * 60)
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
        state=OutputFile(scope.title, "steps/sagemaker_processing/state.asl.json.j2", context),
        summary={name: output.uri for name, output in outputs.items()},
    )

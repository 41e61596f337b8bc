"""What a `sagemaker_processing` step is in the spec and in the IR."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from pipelinegen.errors import SpecError
from pipelinegen.ir.model import (
    Artifact,
    Dataset,
    Folder,
    Json,
    Location,
    OutputFile,
    RoleKey,
    SagemakerJob,
    Service,
    Step,
    Table,
)
from pipelinegen.spec.fields import IDENTIFIER, Identifier, SpecValueError, TimeoutMinutes, at_least_one
from pipelinegen.steps.base import REFERENCE, Reference, Scope, StepSpec
from pipelinegen.steps.processing import ProcessingJob, processing_request, stored
from pipelinegen.steps.protection import ARROW, clear_outputs
from pipelinegen.steps.sagemaker import JOB_RETRY, ProcessingInstanceSpec
from pipelinegen.steps.sagemaker_images import ImageUri, job_image
from pipelinegen.steps.sagemaker_processing.permissions import processing_permissions

FOLDER = "folder"


def _target(value: str) -> str:
    found = REFERENCE.fullmatch(value)
    if value != FOLDER and not (found and found.group(1).startswith("datasets.")):
        help = "write ${datasets.<name>} for Parquet files with its columns, or folder for any files"
        raise SpecValueError(f"'{value[:60]}' is neither a dataset nor a folder", help, "PG018")
    return value


#: At most 256 characters (SageMaker: ContainerArgument, ContainerEntrypointString, ProcessingEnvironmentValue).
Word = Annotated[str, Field(min_length=1, max_length=256)]
Target = Annotated[
    str,
    AfterValidator(_target),
    WithJsonSchema({"type": "string", "pattern": rf"^(folder|\$\{{datasets\.{IDENTIFIER}\}})$"}),
]
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
    outputs = _outputs(spec, scope)
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


def _outputs(spec: SagemakerProcessingSpec, scope: Scope) -> dict[str, Folder | Table]:
    """What the job leaves behind; each output has a folder of its own below the step's."""
    given = [scope.artifact(reference, Artifact, "inputs", name) for name, reference in spec.inputs.items()]
    found: dict[str, Folder | Table] = {}
    for name, target in spec.outputs.items():
        location = scope.data.below(name)
        if target == FOLDER:
            found[name] = Folder(location)
        else:
            dataset = _inherit_protection(scope.artifact(target, Dataset, "outputs", name), given)
            _refuse_clear_text(scope, name, dataset, location, spec.inputs)
            found[name] = Table(dataset, location)
    return found


def _refuse_clear_text(scope: Scope, name: str, dataset: Dataset, location: Location, inputs: Iterable[str]) -> None:
    read = f"{' and '.join(inputs)}{ARROW}" if inputs else ""
    ways = {item.name: f"{read}the step's own program{ARROW}{dataset.name}.{item.name}" for item in dataset.columns}
    help = "let a glue_etl step read it with `protect: hash` or `tokenise`, under the same name; or leave it out"
    faults = list(clear_outputs(scope.spans.at("outputs", name).value, dataset, location, ways, id="PG134", help=help))
    if faults:
        raise SpecError(faults)


def _inherit_protection(output: Dataset, inputs: Iterable[Any]) -> Dataset:
    """The output, its columns protected where a column of the same name was in a table that the job reads."""
    columns = [column for item in inputs if isinstance(item, Table) for column in item.dataset.columns]
    protected = {column.name: column.protect for column in columns if column.protect}
    return replace(
        output,
        columns=tuple(replace(column, protect=protected.get(column.name)) for column in output.columns),
    )

"""What a `batch_transform` step is in the spec and in the IR."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from pipelinegen.ir.expressions import unique_job_name
from pipelinegen.ir.model import Folder, Json, Jsonata, Model, OutputFile, RoleKey, SagemakerJob, Service, Step
from pipelinegen.spec.fields import PositiveInt, SpecValueError, StrictModel, TimeoutMinutes
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.batch_transform.permissions import transform_permissions
from pipelinegen.steps.columns import check_content_type
from pipelinegen.steps.own_code import IMAGE_OR_CODE, CodeFolder, Requirements, check_image_or_code
from pipelinegen.steps.processing import stored
from pipelinegen.steps.sagemaker import JOB_RETRY, completed, job_tags
from pipelinegen.steps.sagemaker_images import ImageUri
from pipelinegen.steps.sagemaker_instances import TransformInstanceType
from pipelinegen.steps.serving import CREATED_MODEL, model_request, serving_image

#: Requests under way times the size of each (SageMaker: MaxPayloadInMB).
_MIB_UNDER_WAY = 100
_SPLIT = {"none": "None", "line": "Line", "recordio": "RecordIO", "tfrecord": "TFRecord"}

MimeType = Annotated[str, Field(pattern=r"^[a-z]+/[A-Za-z0-9.+-]+(; ?[a-z_-]+=[A-Za-z0-9_-]+)*$", max_length=256)]


class TransformInstanceSpec(StrictModel):
    """The machines of a transform job."""

    type: Annotated[TransformInstanceType, Field(description="Instance type")] = "ml.m5.xlarge"
    count: Annotated[int, Field(ge=1, le=100, description="Machines among which the files are divided")] = 1


class BatchTransformSpec(StepSpec):
    """Keys of a `batch_transform` step."""

    model_config = ConfigDict(json_schema_extra=IMAGE_OR_CODE)

    kind: Literal["batch_transform"]
    model: Annotated[Reference, Field(description="The model that answers")]
    image: Annotated[ImageUri | None, Field(description="Inference image in ECR that answers POST /invocations")] = None
    code: Annotated[CodeFolder | None, Field(description="Folder of inference.py, for an image that we build")] = None
    requirements: Requirements = []
    input: Annotated[Reference, Field(description="A table or folder; every file of it is sent")]
    content_type: Annotated[MimeType, Field(description="MIME type of the files, e.g. text/csv")]
    accept: Annotated[MimeType | None, Field(description="MIME type of the answers")] = None
    split: Annotated[
        Literal["none", "line", "recordio", "tfrecord"], Field(description="What one record is; none sends whole files")
    ] = "none"
    batch: Annotated[
        Literal["multi_record", "single_record"], Field(description="Records in one request, where files are split")
    ] = "multi_record"
    max_concurrency: Annotated[PositiveInt, Field(description="Requests under way to each machine")] = 1
    max_payload_mib: Annotated[int, Field(ge=1, le=100, description="Largest request")] = 6
    instance: Annotated[TransformInstanceSpec, Field(description="The machines")] = TransformInstanceSpec()
    timeout_minutes: Annotated[TimeoutMinutes, Field(description="The job is stopped after this")] = 60

    @model_validator(mode="after")
    def _bounded_payload(self) -> "BatchTransformSpec":
        check_image_or_code(self.image, self.code, self.requirements)
        under_way = self.max_concurrency * self.max_payload_mib
        if under_way > _MIB_UNDER_WAY:
            message = f"{self.max_concurrency} requests of {self.max_payload_mib} MiB are {under_way} MiB"
            help = f"SageMaker takes at most {_MIB_UNDER_WAY}: lower `max_concurrency:` or `max_payload_mib:`"
            raise SpecValueError(message, help, "PG072")
        return self


@dataclass(frozen=True, slots=True)
class TransformStateContext:
    """The states of a transform job: make the model known, run the job, forget the model."""

    title: str
    create_title: str
    delete_title: str
    model_request: Json
    assign: Json
    request: Json
    outcome: Json
    delete_request: Json
    timeout_seconds: int
    retry: Json = field(default_factory=lambda: list(JOB_RETRY))


@dataclass(frozen=True, slots=True)
class TransformJobContext:
    """The request bodies, as a file of their own."""

    model_request: Json
    request: Json


def lower(spec: BatchTransformSpec, scope: Scope) -> Step:
    """The step with its requests, states and role. Raises: SpecError with PG017, PG025, PG062, PG071, PG145, PG170."""
    model = scope.artifact(spec.model, Model, "model")
    location, uri = stored(scope, spec.input, "input")
    check_content_type(scope, spec.input, spec.content_type, "input")
    machine, kind = spec.instance.type, spec.content_type
    image = serving_image(scope, model, spec.image, spec.code, spec.requirements, machine, kind)
    role = RoleKey(Service.SAGEMAKER, scope.step)
    output = Folder(scope.data)
    context = _context(spec, scope, model_request(scope, role, image, model), uri, output)
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or "SageMaker transform job: the model's answers to every file",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"output": output},
        permissions=transform_permissions(scope, role, image, (location, model.location)),
        resources=(*image.resources, SagemakerJob(scope.step, role, image.uri)),
        files=(
            OutputFile(
                f"sagemaker/{scope.step}.json",
                "steps/batch_transform/job.json.j2",
                TransformJobContext(context.model_request, context.request),
            ),
            *image.files,
        ),
        copies=image.copies,
        state=OutputFile(scope.title, "steps/batch_transform/state.asl.json.j2", context),
        summary={"output": output.uri},
    )


def _context(
    spec: BatchTransformSpec, scope: Scope, model: Json, uri: Jsonata, output: Folder
) -> TransformStateContext:
    name = f"{scope.step}_model_name"
    return TransformStateContext(
        title=scope.title,
        create_title=f"{scope.title}: create model",
        delete_title=f"{scope.title}: delete model",
        model_request=model,
        assign={name: CREATED_MODEL},
        request=_request(spec, scope, Jsonata(f"${name}"), uri, output),
        outcome=completed(scope, "Transform", "FailureReason"),
        delete_request={"ModelName": Jsonata(f"${name}")},
        timeout_seconds=spec.timeout_minutes * 60,
    )


def _request(spec: BatchTransformSpec, scope: Scope, model: Jsonata, uri: Jsonata, output: Folder) -> dict[str, Json]:
    """The body of CreateTransformJob; lines that came apart are put together as lines again."""
    target: dict[str, Json] = {
        "S3OutputPath": output.uri,
        "AssembleWith": "Line" if spec.split == "line" else "None",
        "KmsKeyId": "${data_key_arn}",
    }
    if spec.accept:
        target["Accept"] = spec.accept
    request: dict[str, Json] = {
        "TransformJobName": unique_job_name(scope.names.job_prefix(scope.step)),
        "ModelName": model,
        "MaxConcurrentTransforms": spec.max_concurrency,
        "MaxPayloadInMB": spec.max_payload_mib,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
            "ContentType": spec.content_type,
            "SplitType": _SPLIT[spec.split],
        },
        "TransformOutput": target,
        "TransformResources": {"InstanceType": spec.instance.type, "InstanceCount": spec.instance.count},
        "Tags": job_tags(scope),
    }
    if spec.split != "none":
        request["BatchStrategy"] = "MultiRecord" if spec.batch == "multi_record" else "SingleRecord"
    return request

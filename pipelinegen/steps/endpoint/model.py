"""What an `endpoint` step is in the spec and in the IR."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from pipelinegen.ir.expressions import quote
from pipelinegen.ir.model import (
    Endpoint,
    Jsonata,
    Model,
    OutputFile,
    Resource,
    RoleKey,
    SagemakerJob,
    Service,
    Step,
)
from pipelinegen.spec.fields import PositiveInt, SpecValueError, StrictModel, TimeoutMinutes, given
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.endpoint.permissions import endpoint_permissions
from pipelinegen.steps.endpoint.request import endpoint_states
from pipelinegen.steps.endpoint.terraform import endpoint_resources
from pipelinegen.steps.own_code import IMAGE_OR_CODE, CodeFolder, Requirements, check_image_or_code
from pipelinegen.steps.sagemaker_images import ImageUri, JobImage
from pipelinegen.steps.sagemaker_instances import EndpointInstanceType
from pipelinegen.steps.serving import serving_image


class EndpointInstanceSpec(StrictModel):
    """Machines that are there all the time."""

    type: Annotated[EndpointInstanceType, Field(description="Instance type")] = "ml.m5.large"
    count: Annotated[
        int, Field(ge=1, le=100, description="Machines; from two on, an update tries one of them first")
    ] = 2


class ServerlessSpec(StrictModel):
    """Machines that AWS finds for each request; outside of the VPC, and without rollback on alarm."""

    memory_mib: Annotated[Literal[1024, 2048, 3072, 4096, 5120, 6144], Field(description="Memory of a machine")] = 2048
    max_concurrency: Annotated[int, Field(ge=1, le=200, description="Requests under way")] = 20


class AutoscalingSpec(StrictModel):
    """How many machines there are, by the requests that each gets."""

    max_count: Annotated[int, Field(ge=2, le=100, description="Machines at most; `instance.count` is the least")]
    invocations_per_minute: Annotated[PositiveInt, Field(description="Requests to each machine that are aimed at")]


class RollbackSpec(StrictModel):
    """When an update is taken back."""

    max_errors_per_minute: Annotated[int, Field(ge=0, description="Answers 5xx in a minute that are borne")] = 0
    max_latency_ms: Annotated[PositiveInt | None, Field(description="Average time of the model in a minute")] = None
    bake_minutes: Annotated[int, Field(ge=1, le=60, description="How long new machines are watched")] = 10


class EndpointSpec(StepSpec):
    """Keys of an `endpoint` step."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [given("instance"), given("serverless")], **IMAGE_OR_CODE})

    kind: Literal["endpoint"]
    model: Annotated[Reference, Field(description="The model, as a rule ${steps.<promote step>.model}")]
    image: Annotated[ImageUri | None, Field(description="Inference image in ECR that answers POST /invocations")] = None
    code: Annotated[CodeFolder | None, Field(description="Folder of inference.py, for an image that we build")] = None
    requirements: Requirements = []
    instance: Annotated[EndpointInstanceSpec | None, Field(description="Machines of one's own")] = None
    serverless: Annotated[ServerlessSpec | None, Field(description="Machines for each request")] = None
    autoscaling: Annotated[AutoscalingSpec | None, Field(description="More machines under load")] = None
    rollback: Annotated[RollbackSpec | None, Field(description="By default one answer 5xx takes an update back")] = None
    timeout_minutes: Annotated[TimeoutMinutes, Field(description="The step fails if it takes longer")] = 60

    @model_validator(mode="after")
    def _one_platform(self) -> "EndpointSpec":
        check_image_or_code(self.image, self.code, self.requirements)
        if (self.instance is None) == (self.serverless is None):
            message = "an endpoint runs on `instance:` or is `serverless:`, one of them"
            raise SpecValueError(message, "give `instance: {}` or `serverless: {}`")
        if self.serverless and (self.autoscaling or self.rollback):
            key = "autoscaling" if self.autoscaling else "rollback"
            raise SpecValueError(f"a serverless endpoint has no `{key}:`", "remove it, or give `instance:`", "PG074")
        if self.instance and self.autoscaling and self.autoscaling.max_count < self.instance.count:
            message = f"at most {self.autoscaling.max_count} machines are fewer than the {self.instance.count} at first"
            raise SpecValueError(message, "raise `autoscaling.max_count:` or lower `instance.count:`", "PG074")
        return self


def lower(spec: EndpointSpec, scope: Scope) -> Step:
    """The step with its requests, states, alarms and role. Raises: SpecError with PG017, PG025, PG062, PG071, PG170."""
    model = scope.artifact(spec.model, Model, "model")
    image, role = _image(spec, scope, model), RoleKey(Service.SAGEMAKER, scope.step)
    states = endpoint_states(spec, scope, role, image, model)
    in_vpc: tuple[Resource, ...] = (SagemakerJob(scope.step, role, image.uri),) if spec.instance else ()
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"SageMaker endpoint {states.name}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"endpoint": Endpoint(Jsonata(quote(states.name)), states.name)},
        permissions=endpoint_permissions(
            scope, role, image, model, in_vpc=spec.instance is not None, scales=spec.autoscaling is not None
        ),
        resources=(*image.resources, *in_vpc),
        resources_file=endpoint_resources(spec, scope, states.name),
        files=(OutputFile(f"sagemaker/{scope.step}.json", "steps/endpoint/job.json.j2", states.requests), *image.files),
        copies=image.copies,
        state=OutputFile(scope.title, "steps/endpoint/state.asl.json.j2", states),
        summary={"endpoint": states.name},
    )


def _image(spec: EndpointSpec, scope: Scope, model: Model) -> JobImage:
    machine = spec.instance.type if spec.instance else "serverless"
    return serving_image(scope, model, spec.image, spec.code, spec.requirements, machine)

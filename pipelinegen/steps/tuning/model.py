"""What a `tuning` step is in the spec and in the IR."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator

from pipelinegen.errors import suggest
from pipelinegen.ir.model import OutputFile, RoleKey, SagemakerJob, Service, Step
from pipelinegen.spec.fields import Identifier, PositiveInt, SpecValueError, StrictModel, TimeoutMinutes, exactly_one
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
from pipelinegen.steps.base import Reference, Scope, StepSpec
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
from pipelinegen.steps.training import JobContext, trained_model, training_variables
from pipelinegen.steps.tuning.permissions import tuning_permissions
from pipelinegen.steps.tuning.request import tuning_request, tuning_states


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SpecValueError("a range wants numbers", "write a number; for words, give `values:`")
    return value


#: A whole number stays one: a range of whole numbers is searched in whole numbers.
Number = Annotated[Any, AfterValidator(_number), WithJsonSchema({"type": "number"})]


class RangeSpec(StrictModel):
    """Where a hyperparameter is looked for: between two numbers, or among values."""

    model_config = exactly_one(("from", "to"), "values")

    from_: Annotated[Number | None, Field(alias="from", description="Least; whole if only whole numbers count")] = None
    to: Annotated[Number | None, Field(description="Most")] = None
    scale: Annotated[Literal["auto", "linear", "logarithmic"], Field(description="How the range is divided")] = "auto"
    values: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=256)]] | None,
        Field(min_length=1, max_length=30, description="Values to choose from"),
    ] = None

    @model_validator(mode="after")
    def _one_form(self) -> "RangeSpec":
        ends = (self.from_ is not None, self.to is not None)
        if all(ends) == (self.values is not None) or any(ends) != all(ends):
            raise SpecValueError("a range is `from:` and `to:`, or `values:`", "write e.g. {from: 0.01, to: 0.5}")
        if self.from_ is not None and self.to is not None:
            if self.from_ >= self.to:
                raise SpecValueError(f"a range from {self.from_} to {self.to} is empty", "raise `to:`", "PG075")
            if self.scale == "logarithmic" and self.from_ <= 0:
                message = f"a logarithmic range starts above 0, not at {self.from_}"
                raise SpecValueError(message, "raise `from:`, or give `scale: linear`", "PG075")
        return self


class TuningSpec(StepSpec):
    """Keys of a `tuning` step."""

    model_config = ConfigDict(json_schema_extra=EITHER_IMAGE_OR_CODE)

    kind: Literal["tuning"]
    image: Annotated[ImageUri | None, Field(description="Training image in ECR, one of AWS's own or another")] = None
    code: Annotated[CodeFolder | None, Field(description="Folder of your own program, beside the spec")] = None
    program: ProgramFile = None
    requirements: Requirements = []
    inputs: Annotated[
        dict[Identifier, Reference], Field(min_length=1, max_length=20, description="Channels by their name")
    ]
    content_type: ContentType = None
    search: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=256)], RangeSpec],
        Field(min_length=1, max_length=30, description="Hyperparameters that are looked for"),
    ]
    hyperparameters: Annotated[
        Hyperparameters, Field(max_length=100, description="Those that stay; references in text are replaced")
    ] = {}
    metrics: Annotated[
        dict[Identifier, MetricSpec],
        Field(min_length=1, max_length=40, description="Metrics that other steps use, those of the best job"),
    ]
    objective: Annotated[Identifier, Field(description="The one of `metrics:` by which jobs are compared")]
    strategy: Annotated[
        Literal["bayesian", "random", "hyperband"], Field(description="How the next values are chosen")
    ] = "bayesian"
    max_jobs: Annotated[int, Field(ge=1, le=750, description="Training jobs over all")] = 10
    max_parallel: Annotated[int, Field(ge=1, le=100, description="Training jobs at a time")] = 2
    seed: Annotated[PositiveInt, Field(le=2147483647, description="The same seed looks in the same places")] = 1
    instance: Annotated[AlgorithmInstanceSpec, Field(description="The machines of each job")] = AlgorithmInstanceSpec()
    timeout_minutes: Annotated[TimeoutMinutes, Field(description="Each job is stopped after this")] = 60

    @model_validator(mode="after")
    def _searched_once(self) -> "TuningSpec":
        check_either_image_or_code(self)
        if self.objective not in self.metrics:
            help = suggest(self.objective, self.metrics, "metrics")
            raise SpecValueError(f"the objective '{self.objective}' is none of the step's metrics", help, "PG075")
        both = next((name for name in self.search if name in self.hyperparameters), None)
        if both:
            message = f"'{both}' is looked for, and has a value as well"
            raise SpecValueError(message, "leave it in `search:` or in `hyperparameters:`", "PG075")
        return self


def lower(spec: TuningSpec, scope: Scope) -> Step:
    """The step with its request, states and role.

    Raises: SpecError with PG017, PG025, PG062, PG071, PG073, PG145, PG146.
    """
    image, role = program_image(scope, spec, spec.instance.type), RoleKey(Service.SAGEMAKER, scope.step)
    check_printed(scope, spec.image, spec.metrics)
    check_program(scope, spec, spec.hyperparameters, spec.search)
    algorithm = algorithm_of(scope, spec, spec.search, spec.objective)
    given, sources = channels(scope, spec.inputs, spec.content_type, algorithm)
    request = tuning_request(scope, role, image.uri, spec, given)
    variables, model = training_variables(scope), trained_model(scope, image.uri)
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"SageMaker tuning: the best of {spec.max_jobs} training jobs",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"model": model, **metric_artifacts(spec.metrics, model)},
        permissions=tuning_permissions(scope, role, image, sources, spot=spec.instance.spot),
        resources=(*image.resources, SagemakerJob(scope.step, role, image.uri, spec.instance.count)),
        files=(
            OutputFile(f"sagemaker/{scope.step}.json", "steps/tuning/job.json.j2", JobContext(request)),
            *image.files,
        ),
        copies=image.copies,
        state=OutputFile(scope.title, "steps/tuning/state.asl.json.j2", tuning_states(spec, scope, request)),
        assigns=variables.names,
        reads_promoted=True,
        summary={"model": model.uri, "version": model.version, "metrics": model.metrics},
    )

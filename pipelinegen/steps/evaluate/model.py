"""What an `evaluate` step is in the spec and in the IR."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from pipelinegen.errors import suggest
from pipelinegen.ir.expressions import expression, quote
from pipelinegen.ir.model import (
    Json,
    Jsonata,
    Location,
    Metric,
    Model,
    OutputFile,
    Recommender,
    RoleKey,
    SagemakerJob,
    Service,
    Step,
    Table,
)
from pipelinegen.spec.fields import Identifier, SpecValueError, TimeoutMinutes
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.columns import check_interactions, check_items
from pipelinegen.steps.evaluate.permissions import evaluation_permissions
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
from pipelinegen.steps.processing import ProcessingJob, processing_request, stored
from pipelinegen.steps.sagemaker import JOB_RETRY, ProcessingInstanceSpec, completed
from pipelinegen.steps.sagemaker_images import JobImage, job_image

METRICS_FILE = "metrics.json"
_BUILT_IN_INPUTS = ("interactions", "items")
MetricName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]

#: For the schema: packages and a program belong to a folder of code.
_PROGRAM_NEEDS_CODE: dict[str, Any] = {
    "if": {
        "anyOf": [
            {"required": ["requirements"], "properties": {"requirements": {"minItems": 1}}},
            {"required": ["program"], "properties": {"program": {"not": {"type": "null"}}}},
        ]
    },
    "then": {"required": ["code"], "properties": {"code": {"not": {"type": "null"}}}},
}


class EvaluateSpec(StepSpec):
    """Keys of an `evaluate` step."""

    model_config = ConfigDict(json_schema_extra=_PROGRAM_NEEDS_CODE)

    kind: Literal["evaluate"]
    model: Annotated[Reference, Field(description="The model that is measured")]
    inputs: Annotated[
        dict[Identifier, Reference],
        Field(
            min_length=1,
            max_length=8,
            description="Held-out data by name; without `code:` the tables `interactions` and `items`",
        ),
    ]
    code: Annotated[CodeFolder | None, Field(description="Folder of your own program, beside the spec")] = None
    program: Annotated[
        str | None, Field(pattern=r"^[A-Za-z0-9_]+\.py$", max_length=100, description="The file of `code:` that is run")
    ] = None
    requirements: Requirements = []
    metrics: Annotated[
        dict[MetricName, Literal["maximize", "minimize"]],
        Field(min_length=1, max_length=20, description="Metrics that other steps use, and which way is better"),
    ]
    top_k: Annotated[int, Field(ge=1, le=1000, description="Length of the lists that are measured, built in")] = 20
    instance: ProcessingInstanceSpec = ProcessingInstanceSpec()
    timeout_minutes: TimeoutMinutes = 60

    @model_validator(mode="after")
    def _program_in_code(self) -> "EvaluateSpec":
        if self.code is None and (self.program or self.requirements):
            raise SpecValueError("a program and packages belong to a folder of code", "give `code:`")
        return self


@dataclass(frozen=True, slots=True)
class EvaluateTitles:
    """Names of the states behind the first."""

    read: str
    complete: str
    lacking: str
    done: str


@dataclass(frozen=True, slots=True)
class EvaluateStatesContext:
    """The states: measure, read the metrics, and refuse to go on without one that was promised."""

    title: str
    titles: EvaluateTitles
    request: Json
    outcome: Json
    place: Json
    assign: Json
    complete: Json
    cause: Json
    timeout_seconds: int
    retry: Json = field(default_factory=lambda: list(JOB_RETRY))


def lower(spec: EvaluateSpec, scope: Scope) -> Step:
    """The step with its job, states and role. Raises: SpecError with PG017, PG021, PG025, PG062, PG128, PG138."""
    model = scope.artifact(spec.model, Model if spec.code else Recommender, "model")
    inputs = {name: stored(scope, reference, "inputs", name) for name, reference in spec.inputs.items()}
    image = _image(spec, scope, model)
    role = RoleKey(Service.SAGEMAKER, scope.step)
    target = scope.data.below("metrics")
    request = _request(spec, scope, role, image, model, {name: uri for name, (_, uri) in inputs.items()})
    sources = tuple(dict.fromkeys([model.location, *(location for location, _ in inputs.values())]))
    variable = f"{scope.step}_metrics"
    states = _states(spec, scope, request, target, variable)
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"Measures {', '.join(spec.metrics)} on held-out data",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={f"metrics.{name}": _metric(name, goal, variable, model) for name, goal in spec.metrics.items()},
        permissions=evaluation_permissions(scope, role, image, sources, target),
        resources=(*image.resources, SagemakerJob(scope.step, role, image.uri)),
        files=(OutputFile(f"sagemaker/{scope.step}.json", "steps/evaluate/job.json.j2", states), *image.files),
        copies=image.copies,
        state=OutputFile(scope.title, "steps/evaluate/state.asl.json.j2", states),
        assigns=(variable,),
        reads_promoted=True,
        loads_promoted=role,
        summary={"metrics": Jsonata(f"${variable}")},
    )


def _metric(name: str, goal: str, variable: str, model: Model) -> Metric:
    return Metric(name, goal, Jsonata(f"${variable}.{name}"), Jsonata(f"${variable}.promoted_{name}"), model)


def _image(spec: EvaluateSpec, scope: Scope, model: Model) -> JobImage:
    """The pipeline's own image for the built-in program, one around the user's code otherwise."""
    if spec.code is None:
        _check_built_in(spec, scope, model)
        return job_image(scope, None)
    program = spec.program or "evaluate.py"
    files = read_own_code(scope, spec.code, program)
    context = OwnImageContext(
        base=base_image(scope, spec.instance.type),
        install=shell_words(spec.requirements),
        packages=(),
        environment=(("PYTHONPATH", PROGRAM_FOLDER), ("PYTHONUNBUFFERED", "1")),
        has_code=True,
        work_folder=CODE_ROOT,
        entrypoint=None,
    )
    return own_image(scope, f"evaluation_{scope.step}", context, files)


def _check_built_in(spec: EvaluateSpec, scope: Scope, model: Model) -> None:
    if set(spec.inputs) != set(_BUILT_IN_INPUTS):
        message = f"without `code:` the inputs are {' and '.join(_BUILT_IN_INPUTS)}"
        raise scope.fault("PG128", message, "name these two tables, or give `code:`", "inputs")
    tables = {name: scope.artifact(spec.inputs[name], Table, "inputs", name) for name in _BUILT_IN_INPUTS}
    if isinstance(model, Recommender):
        check_interactions(scope, model, tables["interactions"], "inputs", "interactions")
        check_items(scope, model, tables["items"], "inputs", "items")
    printed = [f"{what}_at_{spec.top_k}" for what in ("ndcg", "recall")]
    for name in spec.metrics:
        if name not in printed:
            help = suggest(name, printed, "it measures")
            with scope.going_on():
                raise scope.fault("PG128", f"the built-in program measures no '{name}'", help, "metrics", name)


def _request(
    spec: EvaluateSpec, scope: Scope, role: RoleKey, image: JobImage, model: Model, inputs: dict[str, Jsonata]
) -> dict[str, Json]:
    """The job; the promoted model is an input where there is one."""
    built_in = ("python3", "-m", "runtime.evaluation.recommender")
    own = ("python3", f"{PROGRAM_FOLDER}/{spec.program or 'evaluate.py'}")

    def job(given: dict[str, Jsonata]) -> dict[str, Json]:
        return processing_request(
            scope,
            role,
            ProcessingJob(
                image=image.uri,
                entrypoint=own if spec.code else built_in,
                arguments=() if spec.code else ("--top_k", str(spec.top_k)),
                inputs=given,
                outputs={"metrics": _of_this_run(scope.data.below("metrics").dated())},
                instance=spec.instance,
                timeout_minutes=spec.timeout_minutes,
            ),
        )

    always = job({"model": model.uri, **inputs})
    promoted = job({"promoted": Jsonata("$promoted.model")})["ProcessingInputs"]
    listed = f"$append({expression(always['ProcessingInputs'])}, $promoted.model ? {expression(promoted)} : [])"
    return {**always, "ProcessingInputs": Jsonata(listed)}


def _of_this_run(folder: Jsonata) -> Jsonata:
    """A folder that no other run writes to: a program that writes nothing must not leave old metrics to be read."""
    return Jsonata(f"{folder.text} & $run_id & '/'")


def _states(
    spec: EvaluateSpec, scope: Scope, request: dict[str, Json], target: Location, variable: str
) -> EvaluateStatesContext:
    key = Jsonata(f"{_of_this_run(target.dated_prefix()).text} & {quote(METRICS_FILE)}")
    numbers = " and ".join(f"$type(${variable}.{name}) = 'number'" for name in spec.metrics)
    wanted = ", ".join(spec.metrics)
    words = ("read metrics", "complete?", "metrics missing", "done")
    return EvaluateStatesContext(
        title=scope.title,
        titles=EvaluateTitles(*(f"{scope.title}: {word}" for word in words)),
        request=request,
        outcome=completed(scope, "Processing", "ExitMessage", spec.timeout_minutes),
        place={"Bucket": target.bucket, "Key": key},
        assign={variable: Jsonata("$merge([$parse($states.result.Body).metrics])")},
        complete=Jsonata(numbers),
        cause=Jsonata(f"{quote(f'{METRICS_FILE} must hold as numbers: {wanted}; it holds: ')} & $string(${variable})"),
        timeout_seconds=(spec.timeout_minutes + 15) * 60,
    )

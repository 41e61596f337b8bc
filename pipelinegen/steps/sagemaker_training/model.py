"""What a `sagemaker_training` step without `image:` and `code:` is, the built-in recommender, in spec and IR."""

from typing import Annotated, Literal

from pydantic import Field

from pipelinegen.ir.model import (
    Artifact,
    Column,
    Json,
    Jsonata,
    Metric,
    OutputFile,
    Recommender,
    RoleKey,
    SagemakerJob,
    Service,
    Step,
    Table,
)
from pipelinegen.ir.values import NUMBERS, TIMES, WHOLE_NUMBERS
from pipelinegen.spec.fields import Identifier, PositiveInt, StrictModel, TimeoutMinutes
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.columns import NUMERIC, PLAIN, column_for
from pipelinegen.steps.sagemaker import IMAGE_VARIABLE, TrainingInstanceSpec, image_file, training_image
from pipelinegen.steps.sagemaker_training.permissions import training_permissions
from pipelinegen.steps.sagemaker_training.request import training_request
from pipelinegen.steps.training import JobContext, training_states, training_variables

#: What the training program prints, by name; `popular_…` and `promoted_…` are measured on the same held-out data.
BUILT_IN_METRICS = ("loss", "ndcg_at_20", "recall_at_20")


class InputsSpec(StrictModel):
    """The two tables the recommender learns from."""

    interactions: Annotated[Reference, Field(description="Who chose what, and when; only fresh rows")]
    items: Annotated[Reference, Field(description="Every item that may be recommended, with its features")]


class RolesOfColumnsSpec(StrictModel):
    """Which column of the interactions is which."""

    user: Annotated[Identifier, Field(description="Who chose")]
    item: Annotated[Identifier, Field(description="What was chosen; the items have this column, too")]
    time: Annotated[
        Identifier, Field(description="When it was chosen; the latest choices are held out to measure with")
    ]


class FeaturesSpec(StrictModel):
    """Columns of the items that describe them; by default all, text as categories and numbers as numbers."""

    categorical: Annotated[list[Identifier], Field(description="Learned as categories")] = []
    numeric: Annotated[list[Identifier], Field(description="Learned as numbers, normalised")] = []


class HyperparametersSpec(StrictModel):
    """How the model is built and trained."""

    dimensions: Annotated[int, Field(ge=4, le=1024, description="Length of the vectors of users and items")] = 64
    epochs: Annotated[PositiveInt, Field(description="Passes over the interactions")] = 2
    batch_size: Annotated[PositiveInt, Field(description="Interactions a training step")] = 256
    learning_rate: Annotated[float, Field(gt=0, le=1, description="Size of a training step")] = 0.03
    exclude_seen: Annotated[bool, Field(description="Never recommend what a user has chosen before")] = True
    seed: Annotated[int, Field(ge=0, description="Of everything random; equal seed and data, equal model")] = 0


class SagemakerTrainingSpec(StepSpec):
    """Keys of a `sagemaker_training` step that trains the built-in recommender."""

    kind: Literal["sagemaker_training"]
    inputs: InputsSpec
    columns: RolesOfColumnsSpec
    features: FeaturesSpec | None = None
    warm_start: Annotated[Literal["never", "promoted"], Field(description="Where training starts from")] = "promoted"
    instance: TrainingInstanceSpec = TrainingInstanceSpec()
    timeout_minutes: TimeoutMinutes = 60
    hyperparameters: HyperparametersSpec = HyperparametersSpec()
    metrics: Annotated[
        dict[Literal["loss", "ndcg_at_20", "recall_at_20"], Literal["maximize", "minimize"]],
        Field(min_length=1, description="Metrics that other steps use, and which way is better"),
    ]


def lower(spec: SagemakerTrainingSpec, scope: Scope) -> Step:
    """The step with its request, states and role. Raises: SpecError with PG017, PG021, PG025, PG138."""
    interactions = scope.artifact(spec.inputs.interactions, Table, "inputs", "interactions")
    items = scope.artifact(spec.inputs.items, Table, "inputs", "items")
    user = _check_columns(spec, scope, interactions, items)
    image, role = training_image(scope), RoleKey(Service.SAGEMAKER, scope.step)
    request = training_request(scope, role, _hyperparameters(spec, scope, items), spec, (interactions, items))
    state = training_states(scope, request, spec.timeout_minutes)
    model = _model(spec, scope, user, _features(spec, items))
    sources = (interactions.location, items.location, scope.models)  # the last for the promoted model
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or "SageMaker training job, from the promoted model on",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"model": model, **_metrics(spec, model)},
        permissions=training_permissions(scope, role, sources, spot=spec.instance.spot),
        resources=(image, SagemakerJob(scope.step, role, image.name, spec.instance.count)),
        files=(
            OutputFile(f"sagemaker/{scope.step}.json", "steps/sagemaker_training/job.json.j2", JobContext(request)),
            image_file(image),
        ),
        state=OutputFile(scope.title, "steps/sagemaker_training/state.asl.json.j2", state),
        assigns=training_variables(scope).names,
        reads_promoted=True,
        loads_promoted=role,
        summary={"model": model.uri, "version": model.version, "metrics": model.metrics},
    )


def _model(spec: SagemakerTrainingSpec, scope: Scope, user: Column, features: FeaturesSpec) -> Recommender:
    variables = training_variables(scope)
    return Recommender(
        uri=Jsonata(f"${variables.model}"),
        version=Jsonata(f"${variables.version}"),
        metrics=Jsonata(f"${variables.metrics}"),
        location=scope.models,
        image=IMAGE_VARIABLE,
        item_column=spec.columns.item,
        user=user,
        time_column=spec.columns.time,
        categorical=tuple(features.categorical),
        numeric=tuple(features.numeric),
    )


def _metrics(spec: SagemakerTrainingSpec, model: Recommender) -> dict[str, Artifact]:
    return {
        f"metrics.{name}": Metric(
            name=name,
            goal=goal,
            value=Jsonata(f"{model.metrics.text}.{name}"),
            promoted=Jsonata(f"{model.metrics.text}.promoted_{name}"),
            model=model,
        )
        for name, goal in spec.metrics.items()
    }


def _check_columns(spec: SagemakerTrainingSpec, scope: Scope, interactions: Table, items: Table) -> Column:
    """The column of users; notes and raises PG021 and PG138."""
    if spec.columns.user == spec.columns.item:
        message = f"'{spec.columns.user}' says who chose, and cannot say what was chosen, too"
        raise scope.fault("PG138", message, "name the column of the items", "columns", "item")
    with scope.going_on():
        _check_items(spec, scope, interactions, items)
    with scope.going_on():
        column_for(scope, interactions, spec.columns.time, TIMES, "columns", "time")
    for key, families in (("categorical", PLAIN), ("numeric", NUMERIC)):
        for index, name in enumerate(getattr(spec.features, key, ())):
            with scope.going_on():
                column_for(scope, items, name, families, "features", key, index)
    return column_for(scope, interactions, spec.columns.user, PLAIN, "columns", "user")


def _check_items(spec: SagemakerTrainingSpec, scope: Scope, interactions: Table, items: Table) -> None:
    """Raises: SpecError with PG021 and PG138 if items are not called the same in both tables."""
    chosen = column_for(scope, interactions, spec.columns.item, PLAIN, "columns", "item")
    known = column_for(scope, items, spec.columns.item, PLAIN, "columns", "item")
    if chosen.family != known.family and not {chosen.family, known.family} <= WHOLE_NUMBERS:
        message = f"'{chosen.name}' is {chosen.stored_type} in the interactions and {known.stored_type} in the items"
        help = "let both have the same type, so that equal items are equal"
        raise scope.fault("PG138", message, help, "columns", "item")


def _features(spec: SagemakerTrainingSpec, items: Table) -> FeaturesSpec:
    """Those of the spec, else every text and number in the files of the items."""
    if spec.features:
        return spec.features
    dataset = items.dataset
    given = [item for item in dataset.columns if item.name not in (spec.columns.item, *dataset.partitions)]
    return FeaturesSpec(
        categorical=[item.name for item in given if item.family == "string"],
        numeric=[item.name for item in given if item.family in NUMBERS],
    )


def _hyperparameters(spec: SagemakerTrainingSpec, scope: Scope, items: Table) -> dict[str, Json]:
    features = _features(spec, items)
    values: dict[str, object] = {
        "user_column": spec.columns.user,
        "item_column": spec.columns.item,
        "time_column": spec.columns.time,
        "categorical_features": ",".join(features.categorical),
        "numeric_features": ",".join(features.numeric),
        "warm_start": spec.warm_start,
        "top_k": 20,
        **spec.hyperparameters.model_dump(),
    }
    return {name: _text(value) for name, value in values.items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

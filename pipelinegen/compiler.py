"""The whole way from a source to the IR of each environment."""

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce

from pipelinegen.errors import Diagnostic, SpecError, fault, suggest
from pipelinegen.ir.model import Pipeline, Schedule
from pipelinegen.ir.names import Names
from pipelinegen.layers import cited_inclusions, with_inclusions
from pipelinegen.resolve import PASSES, Draft
from pipelinegen.resolve.blocks import flatten_steps
from pipelinegen.resolve.datasets import lower_warehouse
from pipelinegen.resolve.environments import overlay
from pipelinegen.resolve.infrastructure import refuse_meeting_environments
from pipelinegen.resolve.instances import check_instances, instances_in, overlay_instance, unknown_instance
from pipelinegen.resolve.steps import typed_steps
from pipelinegen.source import CodeReader, Source, no_code
from pipelinegen.spec.load import load_model, load_pipeline
from pipelinegen.spec.pipeline import PipelineSpec
from pipelinegen.steps.base import StepKind


def compile_source(
    source: Source,
    kinds: Mapping[str, StepKind],
    cited: str,
    environment: str | None = None,
    read_code: CodeReader = no_code,
    instance: str | None = None,
) -> tuple[Pipeline, ...]:
    """The pipeline in every environment, or in the one named, in the spec's order, there every instance, or one.

    `cited` is the path of the spec as generated files name it; `read_code` reads the folders of code it names.
    Raises: SpecError with every fault of the first stage that finds any; PG020 if there is no such environment, PG118
    if there is no such instance.
    """
    try:
        return _compile_all(source, kinds, cited, environment, read_code, instance)
    except SpecError as error:
        raise with_inclusions(error, source.included) from None


def _compile_all(
    source: Source,
    kinds: Mapping[str, StepKind],
    cited: str,
    environment: str | None,
    read_code: CodeReader,
    instance: str | None,
) -> tuple[Pipeline, ...]:
    spec = _load(source, kinds)
    check_instances(spec, source.spans)
    if environment is not None and environment not in spec.environments:
        span = source.spans.at("environments").label
        help = suggest(environment, spec.environments, "environments")
        raise fault(span, "PG020", f"there is no environment '{environment}'", help)
    if instance is not None and instance not in spec.instances:
        raise unknown_instance(spec, instance, source.spans.at("instances").label)
    chosen = [
        (name, one)
        for name in ([environment] if environment else spec.environments)
        for one in instances_in(spec, name)
        if instance in (None, one)
    ]
    if not chosen:
        raise unknown_instance(spec, instance or "", source.spans.at("instances").label)
    faults: list[Diagnostic] = []
    pipelines: list[Pipeline] = []
    for name, one in chosen:
        try:
            pipelines.append(_compile(source, kinds, cited, name, one, read_code))
        except SpecError as error:
            faults.extend(error.diagnostics)
    if faults:
        raise SpecError(faults)
    refuse_meeting_environments(pipelines, source.spans)
    return tuple(pipelines)


def _load(source: Source, kinds: Mapping[str, StepKind]) -> PipelineSpec:
    """The spec. Raises: SpecError with the faults of its own keys, and those of its steps, too."""
    try:
        return load_pipeline(source)
    except SpecError as error:
        steps, spans, _, _ = flatten_steps(source.data if isinstance(source.data, dict) else {}, source.spans)
        _, faults = typed_steps(steps, spans, kinds)
        raise SpecError([*error.diagnostics, *faults]) from None


def _compile(
    source: Source,
    kinds: Mapping[str, StepKind],
    cited: str,
    environment: str,
    instance: str | None,
    read_code: CodeReader,
) -> Pipeline:
    over = overlay_instance(overlay(source.data, source.spans, environment), instance)
    try:
        spec = load_model(PipelineSpec, over.data, over.spans)
        names = Names(spec.name, environment, spec.environments[environment].account_id)
        draft = Draft(spec, over.data, over.spans, cited, environment, kinds, names, read_code, removed=over.removed)
        found = _pipeline(reduce(lambda current, step: step(current), PASSES, draft), instance)
    except SpecError as error:
        raise over.explained(error) from None
    return replace(found, included=cited_inclusions(source, cited)) if source.included else found


def _pipeline(draft: Draft, instance: str | None) -> Pipeline:
    spec, place = draft.spec, draft.place
    assert draft.infrastructure is not None
    tags = {
        "pipeline": spec.name,
        "environment": draft.environment,
        "team": spec.owner.team,
        "owner": spec.owner.email,
        **({"cost_centre": spec.owner.cost_centre} if spec.owner.cost_centre else {}),
        **({"instance": instance} if instance else {}),
        **spec.tags,
    }
    return Pipeline(
        name=spec.name,
        environment=draft.environment,
        description=spec.description,
        source=draft.source,
        account_id=place.account_id,
        region=place.region,
        tags=dict(sorted(tags.items())),
        schedules=tuple(
            Schedule(name, given.expression, given.timezone, dict(given.parameters))
            for name, given in spec.named_schedules().items()
        ),
        warehouse=lower_warehouse(spec.warehouse),
        protection_secret=spec.protection.secret if spec.protection else None,
        notify=spec.on_failure.notify if spec.on_failure else None,
        local_data=spec.local.data if spec.local else None,
        parameters={name: given.default for name, given in spec.parameters.items()},
        steps=draft.steps,
        roles=draft.roles,
        triggers=draft.triggers,
        infrastructure=draft.infrastructure,
        policy_changes=draft.policy_changes,
        instance=instance,
    )

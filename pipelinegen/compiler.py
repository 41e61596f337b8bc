"""The whole way from a source to the IR of each environment."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce

from pipelinegen.code_folders import CodeReader, no_code
from pipelinegen.errors import Diagnostic, SpecError, fault, suggest
from pipelinegen.ir.model import DeclaredType, Pipeline, Schedule
from pipelinegen.ir.names import Names
from pipelinegen.layers import cited_inclusions, with_inclusions
from pipelinegen.resolve import PASSES, Draft
from pipelinegen.resolve.blocks import flatten_steps
from pipelinegen.resolve.datasets import lower_warehouse
from pipelinegen.resolve.environments import overlay
from pipelinegen.resolve.infrastructure import refuse_meeting_environments
from pipelinegen.resolve.instances import check_instances, instances_in, overlay_instance, unknown_instance
from pipelinegen.resolve.steps import typed_steps
from pipelinegen.source import Source
from pipelinegen.spec.lenient import Lenient, load_leniently
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
    Raises: SpecError with every fault that can be told; PG020 if there is no such environment, PG118
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
    base = load_leniently(source.data, source.spans)
    spec = base.spec
    if spec is None:
        raise SpecError([*_beside(source, base.faults), *_faults_of_steps(source, kinds)])
    faults = _beside(source, base.faults)
    if not faults:
        check_instances(spec, source.spans)
    pipelines: list[Pipeline] = []
    for name, one in _chosen(spec, source, environment, instance):
        try:
            pipelines.append(_compile(source, kinds, cited, name, one, read_code))
        except SpecError as error:
            faults.extend(_beside(source, error.diagnostics))
    if faults:
        raise SpecError(faults)
    refuse_meeting_environments(pipelines, source.spans)
    return tuple(pipelines)


def _chosen(
    spec: PipelineSpec, source: Source, environment: str | None, instance: str | None
) -> list[tuple[str, str | None]]:
    """The environments and instances that are compiled. Raises: SpecError with PG020 or PG118 if there are none."""
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
    return chosen


def _faults_of_steps(source: Source, kinds: Mapping[str, StepKind]) -> list[Diagnostic]:
    """What is wrong with the steps by themselves, of a spec that is otherwise not to be understood."""
    steps, spans, _, _ = flatten_steps(source.data if isinstance(source.data, dict) else {}, source.spans)
    _, faults = typed_steps(steps, spans, kinds)
    return faults


def _beside(source: Source, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The faults of the YAML, and those found later at other places than these."""
    places = {item.span for item in source.faults}
    return [*source.faults, *(item for item in found if item.span not in places)]


def _without_followers(found: Lenient, error: SpecError) -> SpecError:
    """The faults without those that only follow from what was left out: it is there, and at fault itself."""
    sections = ("datasets", "environments", "instances", "parameters", "steps")
    names = {(section[:-1], name) for section in sections for name in found.left_out.get(section, ())}

    def follows(item: Diagnostic) -> bool:
        said = re.match(r"there is no (\w+) '([^']*)'", item.message)
        return said is not None and said.groups() in names

    return SpecError((item for item in error.diagnostics if not follows(item)), error.exit_code)


def _compile(
    source: Source,
    kinds: Mapping[str, StepKind],
    cited: str,
    environment: str,
    instance: str | None,
    read_code: CodeReader,
) -> Pipeline:
    over = overlay_instance(overlay(source.data, source.spans, environment), instance)
    found = load_leniently(over.data, over.spans)
    spec = found.spec
    if spec is None or environment not in spec.environments:
        raise over.explained(SpecError(found.faults))
    try:
        names = Names(spec.name, environment, spec.environments[environment].account_id)
        draft = Draft(spec, over.data, over.spans, cited, environment, kinds, names, read_code, removed=over.removed)
        draft = replace(draft, makes_steps=found.steps_can_be_made).reporting(found.faults)
        pipeline = _pipeline(reduce(lambda current, step: step(current), PASSES, draft), instance)
    except SpecError as error:
        raise over.explained(_without_followers(found, error)) from None
    return replace(pipeline, included=cited_inclusions(source, cited)) if source.included else pipeline


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
        parameter_types={
            name: DeclaredType(given.type, given.words, given.within) for name, given in spec.parameters.items()
        },
        steps=draft.steps,
        roles=draft.roles,
        triggers=draft.triggers,
        infrastructure=draft.infrastructure,
        policy_changes=draft.policy_changes,
        instance=instance,
    )

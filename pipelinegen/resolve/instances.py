"""Instances: what each makes of the spec that an environment has; positions kept."""

from dataclasses import replace

from pipelinegen.errors import Diagnostic, Span, SpecError, suggest
from pipelinegen.layers import merge
from pipelinegen.resolve.environments import Overlaid, lay_upon
from pipelinegen.resolve.parameters import parameter_faults
from pipelinegen.source import Data, SpanTree
from pipelinegen.spec.fields import MAX_PIPELINE_NAME
from pipelinegen.spec.pipeline import PipelineSpec

ID = "PG118"


def instances_in(spec: PipelineSpec, environment: str) -> list[str | None]:
    """The instances of an environment, in the spec's order; none stands for the pipeline itself, where it has none."""
    here = [name for name, given in spec.instances.items() if given.only_in is None or environment in given.only_in]
    return list(here) if spec.instances else [None]


def check_instances(spec: PipelineSpec, spans: SpanTree) -> None:
    """Raises: SpecError with PG012, PG013, PG020 or PG118 for what an instance names and the spec does not have."""
    faults: list[Diagnostic] = []
    for name, given in spec.instances.items():
        place = spans.at("instances", name)
        full = f"{spec.name}-{name}"
        if len(full) > MAX_PIPELINE_NAME:
            fact = f"'{full}' has {len(full)} characters; a pipeline and its instance have at most {MAX_PIPELINE_NAME}"
            faults.append(Diagnostic(place.label, ID, fact, f"shorten '{name}'"))
        for index, environment in enumerate(given.only_in or ()):
            if environment not in spec.environments:
                help = suggest(environment, spec.environments, "environments")
                span = place.at("only_in", index).value
                faults.append(Diagnostic(span, "PG020", f"there is no environment '{environment}'", help))
        faults.extend(parameter_faults(spec.parameters, given.parameters, place.at("parameters")))
    faults.extend(_same_names(spec, spans))
    if faults:
        raise SpecError(faults)


def _same_names(spec: PipelineSpec, spans: SpanTree) -> list[Diagnostic]:
    """Instances whose names, with those of environments, come to the same, such as a-b in c and a in b-c."""
    seen: dict[str, str] = {}
    faults = []
    for name in spec.instances:
        for environment in spec.environments:
            other = seen.setdefault(f"{name}-{environment}", name)
            if other != name:
                fact = f"'{name}' in '{environment}' has the names of instance '{other}' in another environment"
                faults.append(Diagnostic(spans.at("instances", name).label, ID, fact, "rename the instance"))
    return faults


def overlay_instance(over: Overlaid, instance: str | None) -> Overlaid:
    """The spec as one instance has it. Raises: SpecError with PG112 if its overrides name unknown steps."""
    if instance is None:
        return over
    found = lay_upon(over.data, over.spans, ("instances", instance), f"instance '{instance}'")
    section = found.data["instances"]
    assert isinstance(section, dict)
    given = section[instance]
    place = found.spans.at("instances", instance)
    data, spans = dict(found.data), found.spans
    if isinstance(given, dict):
        if "schedule" in given or "schedules" in given:
            data.pop("schedule", None)
            data.pop("schedules", None)
        changes, tree = _changes(given, place)
        merged, spans = merge(data, spans, changes, tree)
        assert isinstance(merged, dict)
        data = merged
    data["name"] = f"{data['name']}-{instance}"
    data.pop("instances")
    named = SpanTree(place.label, place.key)
    spans = replace(spans, children={**spans.children, "name": named})
    return Overlaid(data, spans, {**over.removed, **found.removed}, {**over.notes, **found.notes})


def _changes(given: dict[str, Data], place: SpanTree) -> tuple[dict[str, Data], SpanTree]:
    """What an instance says, as changes of the spec."""
    data: dict[str, Data] = {}
    children: dict[str | int, SpanTree] = {}
    for key in ("description", "schedule", "schedules", "tags"):
        if key in given:
            data[key], children[key] = given[key], place.at(key)
    parameters = given.get("parameters")
    if isinstance(parameters, dict):
        spans = place.at("parameters")
        data["parameters"] = {name: {"default": value} for name, value in parameters.items()}
        inner: dict[str | int, SpanTree] = {
            name: SpanTree(spans.at(name).value, spans.at(name).key, {"default": spans.at(name)}) for name in parameters
        }
        children["parameters"] = SpanTree(spans.value, spans.key, inner)
    return data, SpanTree(place.value, place.key, children)


def unknown_instance(spec: PipelineSpec, instance: str, span: Span) -> SpecError:
    """The fault of an instance that the spec does not have, asked for by a command."""
    help = suggest(instance, spec.instances, "instances")
    return SpecError([Diagnostic(span, ID, f"there is no instance '{instance}'", help)])

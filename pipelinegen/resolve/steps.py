"""Steps: chosen for the environment, typed by their kinds, lowered in order."""

from collections.abc import Mapping
from dataclasses import replace

from pipelinegen.errors import Diagnostic, SpecError, suggest
from pipelinegen.ir.graph import topological_order
from pipelinegen.ir.model import Artifact, Location, Step
from pipelinegen.resolve.blocks import Blocks, flatten_steps, outer_view, own_part, owner_of
from pipelinegen.resolve.common_keys import with_common_keys
from pipelinegen.resolve.datasets import lower_warehouse
from pipelinegen.resolve.draft import Draft, TypedStep
from pipelinegen.resolve.forms import typed_form
from pipelinegen.resolve.loop_items import item_types
from pipelinegen.resolve.refs import references
from pipelinegen.source import Data, SpanTree
from pipelinegen.steps.base import Scope, StepKind, Surroundings
from pipelinegen.steps.declared import held_types

#: Kinds of earlier versions, and what is written instead.
FORMER_NAMES: Mapping[str, str] = {
    "sagemaker_algorithm": "write `kind: sagemaker_training`, which trains with `image:` or `code:`, too",
}


def select_steps(draft: Draft) -> Draft:
    """The draft with the steps that this environment has. Reports PG020 for an unknown environment."""
    steps, places, blocks, faults = flatten_steps(draft.data, draft.spans)
    draft = replace(draft, blocks=blocks, spans=draft.spans.having("steps", places))
    chosen: dict[str, Data] = {}
    for name, raw in steps.items():
        names = _environments_of(raw)
        for index, environment in enumerate(names or ()):
            if environment not in draft.spec.environments:
                span = draft.spans.at("steps", name, "only_in", index).value
                help = suggest(environment, draft.spec.environments, "environments")
                faults.append(Diagnostic(span, "PG020", f"there is no environment '{environment}'", help))
        # A step whose environments are at fault is taken: that it is missing here would be a fault that only follows.
        if names is None or draft.environment in names or not set(names) <= set(draft.spec.environments):
            chosen[name] = raw
    chosen = {name: raw for name, raw in chosen.items() if _owners(blocks, name) <= set(chosen)}
    return replace(draft, raw_steps=chosen, left_out=frozenset(steps) - frozenset(chosen)).reporting(faults)


def _owners(blocks: Blocks, name: str) -> set[str]:
    """The steps around a step, without which it is not there."""
    return {owner_of(block) for block in blocks.around(name)} - {""}


def _environments_of(raw: Data) -> list[str] | None:
    """The names in `only_in`; None for all. Anything but a list of names is left for the step's model to refuse."""
    only_in = raw.get("only_in") if isinstance(raw, dict) else None
    names = [item for item in only_in if isinstance(item, str)] if isinstance(only_in, list) else []
    return names if names and names == only_in else None


def type_steps(draft: Draft) -> Draft:
    """The draft with every step as its kind's model. Reports PG010, PG011, PG013, PG014 or PG016–18."""
    typed, faults = typed_steps(draft.raw_steps, draft.spans.at("steps"), draft.kinds)
    return replace(draft, typed=typed).reporting(faults)


def typed_steps(
    raw_steps: Mapping[str, Data], spans: SpanTree, kinds: Mapping[str, StepKind]
) -> tuple[dict[str, TypedStep], list[Diagnostic]]:
    """The steps that their kinds accept, and what is wrong with the others; a step without a kind is passed over."""
    faults: list[Diagnostic] = []
    typed: dict[str, TypedStep] = {}
    for name, raw in raw_steps.items():
        word = raw.get("kind") if isinstance(raw, dict) else None
        if not isinstance(word, str):
            continue
        kind = kinds.get(word)
        if kind is None:
            span = spans.at(name, "kind").value
            help = FORMER_NAMES.get(word) or suggest(word, kinds, "kinds")
            faults.append(Diagnostic(span, "PG014", f"there is no step kind '{word}'", help))
            continue
        try:
            typed[name] = TypedStep(*typed_form(kind, raw, spans.at(name), f"step '{name}'"))
        except SpecError as error:
            faults.extend(error.diagnostics)
    return typed, faults


def lower_steps(draft: Draft) -> Draft:
    """The draft with every sound step as IR, in topological order. Reports whatever the kinds find."""
    around = _surroundings(draft)
    outputs: dict[str, Mapping[str, Artifact]] = {}
    made: dict[str, Step] = {}
    faults: list[Diagnostic] = []
    is_hopeless = not draft.makes_steps or len(draft.unsound) == len(draft.needs)
    for name in () if is_hopeless else topological_order(draft.needs):
        needs = draft.needs[name]
        if name in draft.unsound or any(need not in outputs for need in needs):
            continue
        typed = draft.typed[name]
        seen = outer_view(outputs, name, draft.blocks)
        items = draft.blocks.items.get(name, ())
        scope = Scope(
            name, typed.kind.name, draft.spans.at("steps", name), around, seen, needs, items, item_types(draft, name)
        )
        try:
            step = typed.kind.lower(typed.spec, scope)
            step = with_common_keys(step, typed.spec, scope, _referred(draft, name, made))
        except SpecError as error:
            # Of what is null for want of a value, nothing more is to be said.
            known = {item.span for item in scope.faults}
            more = [item for item in error.diagnostics if item.span not in known]
            faults.extend(dict.fromkeys((*scope.faults, *more)))
            continue
        faults.extend(dict.fromkeys(scope.faults))
        outputs[name] = step.outputs
        made[name] = replace(step, block=draft.blocks.block_of.get(name, ""))
    return replace(draft, steps=tuple(made.values())).reporting(faults)


def _referred(draft: Draft, name: str, made: Mapping[str, Step]) -> list[Step]:
    """The steps whose results a step uses, which is more than coming after them."""
    found = references(own_part(draft.raw_steps[name]), draft.spans.at("steps", name))
    names = dict.fromkeys(reference.split(".")[1] for reference, _ in found if reference.startswith("steps."))
    own = draft.blocks.inside(name)
    return [made[other] for other in names if other in made and other not in own]


def _surroundings(draft: Draft) -> Surroundings:
    spec = draft.spec
    return Surroundings(
        names=draft.names,
        environment=draft.environment,
        environments=tuple(spec.environments),
        region=draft.place.region,
        subnets=draft.infrastructure.network.subnet_labels if draft.infrastructure else (),
        source=draft.source,
        warehouse=lower_warehouse(spec.warehouse),
        protection_secret=spec.protection.secret if spec.protection else None,
        notifies=bool(spec.on_failure and spec.on_failure.notify),
        parameters={name: given.type for name, given in spec.parameters.items()},
        allowed=frozenset(action for extra in (spec.iam.extra if spec.iam else ()) for action in extra.actions),
        listed={name: held_types(given.default) for name, given in spec.parameters.items() if given.type == "list"},
        datasets=draft.datasets,
        dataset_spans=draft.spans.at("datasets"),
        given_files={
            name: Location.of(parameter.within) for name, parameter in spec.parameters.items() if parameter.within
        },
        read_code=draft.read_code,
    )

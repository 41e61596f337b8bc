"""Overlays: what an environment changes of the spec, positions kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pipelinegen.errors import Diagnostic, Note, Span, SpecError, suggest
from pipelinegen.layers import merge
from pipelinegen.source import Data, SpanTree

#: What else has names of the user's, by what one of them is.
_NAMED = ("dataset", "parameter", "schedule", "tag", "trigger")


@dataclass(frozen=True, slots=True)
class Overlaid:
    """The spec as one environment has it; `notes` tells of every place in the overrides what it overrides there."""

    data: dict[str, Data]
    spans: SpanTree
    #: Steps that the overrides remove, and where.
    removed: Mapping[str, Span] = field(default_factory=dict)
    notes: Mapping[Span, Note] = field(default_factory=dict)

    def explained(self, error: SpecError) -> SpecError:
        """The same faults; those inside the overrides say what they override."""
        return SpecError((self._explained(item) for item in error.diagnostics), error.exit_code)

    def _explained(self, item: Diagnostic) -> Diagnostic:
        note = self.notes.get(item.span) if item.span else None
        return replace(item, notes=(*item.notes, note)) if note else item


def overlay(data: Data, spans: SpanTree, environment: str) -> Overlaid:
    """The spec as one environment has it. Raises: SpecError with PG112 if the overrides name unknown steps."""
    return lay_upon(data, spans, ("environments", environment), f"environment '{environment}'")


def lay_upon(data: Data, spans: SpanTree, path: tuple[str, str], label: str) -> Overlaid:
    """The spec under the `overrides` of what stands at `path`. Raises: SpecError with PG112 for unknown steps.

    Mappings merge key by key, null removes the key beneath it, anything else replaces.
    """
    assert isinstance(data, dict)
    section = data.get(path[0])
    here = section.get(path[1]) if isinstance(section, dict) else None
    changes = here.get("overrides") if isinstance(here, dict) else None
    if not isinstance(changes, dict) or not changes:
        return Overlaid(dict(data), spans)
    place = spans.at(*path)
    over = place.at("overrides")
    merged, tree = merge(data, spans, changes, over)
    assert isinstance(merged, dict)
    notes = dict(_notes(spans, over, label, place.label))
    unknown, removed = _steps(data.get("steps"), changes.get("steps"), over.at("steps"), label)
    for noun in _NAMED:
        key = f"{noun}s"
        unknown.extend(_lost_removals(data.get(key), changes.get(key), over.at(key), f"{label} removes {noun}"))
    if unknown:
        raise SpecError(unknown)
    return Overlaid(merged, tree, removed, notes)


def _steps(base: Data, over: Data, spans: SpanTree, label: str) -> tuple[list[Diagnostic], dict[str, Span]]:
    """Faults of overrides of steps that are not there, which would be lost; and the steps that are removed."""
    known = base if isinstance(base, dict) else {}
    faults, removed = [], {}
    for name, step in over.items() if isinstance(over, dict) else ():
        if name in known:
            if step is None:
                removed[name] = spans.at(name).label
        elif not (isinstance(step, dict) and "kind" in step):
            what = "removes" if step is None else "overrides"
            help = suggest(name, known, "steps")
            message = f"{label} {what} step '{name}', which the spec does not have"
            faults.append(Diagnostic(spans.at(name).label, "PG112", message, f"{help}; a new step has a `kind:`"))
    return faults, removed


def _lost_removals(base: Data, over: Data, spans: SpanTree, what: str) -> Iterator[Diagnostic]:
    """Removals of what is not there, which is most likely called otherwise."""
    known = base if isinstance(base, dict) else {}
    for name, value in over.items() if isinstance(over, dict) else ():
        if value is None and name not in known:
            message = f"{what} '{name}', which the spec does not have"
            yield Diagnostic(spans.at(name).label, "PG112", message, suggest(str(name), map(str, known), "it has"))


def _notes(base: SpanTree, over: SpanTree, label: str, brought: Span) -> Iterator[tuple[Span, Note]]:
    for key, tree in over.children.items():
        beneath = base.children.get(key)
        note = Note(beneath.label if beneath else brought, f"{label} {'overrides this' if beneath else 'brings it'}")
        yield from ((span, note) for span in (tree.value, tree.label))
        yield from _notes(beneath or SpanTree(base.value), tree, label, brought)

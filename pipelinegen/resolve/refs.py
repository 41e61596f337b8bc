"""References `${…}`: every name checked, and the order of steps that follows from them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from pipelinegen.errors import Diagnostic, Note, Span, suggest
from pipelinegen.ir.expressions import FAILURE
from pipelinegen.ir.graph import find_cycle
from pipelinegen.resolve.blocks import own_part
from pipelinegen.resolve.draft import Draft
from pipelinegen.resolve.loop_items import may_be_declared, parts_of_item
from pipelinegen.source import Data, SpanTree
from pipelinegen.steps.base import FAILURE_PARTS, REFERENCE, RUN_VALUES

#: The beginning of a reference that nothing ends.
_OPEN: Final = re.compile(r"\$\{(?:steps|datasets|parameters|run|event|failure)\.[\w.]*+(?![^{}]*\})")


def resolve_refs(draft: Draft) -> Draft:
    """The draft with what each step needs. Reports PG012, PG015, PG018."""
    faults: list[Diagnostic] = []
    needs: dict[str, tuple[str, ...]] = {}
    unsound: set[str] = set()
    for name, typed in draft.typed.items():
        spans, before = draft.spans.at("steps", name), len(faults)
        found = _given(draft, name, faults)
        for index, need in enumerate(typed.spec.needs):
            faults.extend(_check_step(draft, need, spans.at("needs", index).value))
            found.append(need)
        needs[name] = _in_order(draft, name, found)
        if len(faults) > before or any(need not in draft.typed for need in found) or _reads_unsound(draft, name):
            unsound.add(name)
    cycle = _check_cycle(draft, needs)
    unsound.update(needs if cycle else ())
    return replace(draft, needs=needs, unsound=frozenset(unsound)).reporting([*faults, *cycle])


def _reads_unsound(draft: Draft, name: str) -> bool:
    """Whether a step refers to a dataset that is at fault itself."""
    if not draft.unsound_datasets:
        return False
    found = references(own_part(draft.raw_steps[name]), draft.spans.at("steps", name))
    return any(
        reference.startswith("datasets.") and reference.split(".")[1] in draft.unsound_datasets
        for reference, _ in found
    )


def _given(draft: Draft, name: str, faults: list[Diagnostic]) -> list[str]:
    """The steps that a step refers to itself, those inside it, and those outside that these refer to."""
    found = [inner for inner in draft.blocks.inside(name) if inner in draft.typed]
    part, spans = own_part(draft.raw_steps[name]), draft.spans.at("steps", name)
    faults.extend(_unclosed(part, spans))
    for reference, span in references(part, spans):
        faults.extend(_check(draft, name, reference, span))
        path = reference.split(".")
        if path[0] == "steps" and path[1:2]:
            found.append(path[1])
    return found


def _in_order(draft: Draft, name: str, found: list[str]) -> tuple[str, ...]:
    """What a step waits for, in the order of the spec: of loops around what it needs it waits for the whole loop."""
    own = set(draft.blocks.inside(name))
    waits = {need if need in own else draft.blocks.as_seen_from(name, need) for need in found}
    return tuple(need for need in draft.typed if need in waits)


def _unclosed(data: Data, spans: SpanTree) -> Iterator[Diagnostic]:
    """PG018 for what begins as a reference and is none for want of its end: it would be told as it is written."""
    for text, place in _texts(data, spans):
        for found in _OPEN.finditer(text):
            help = f"write {found.group()}}}"
            yield Diagnostic(
                place.part(text, found.start(), found.end()), "PG018", f"'{found.group()[:60]}' is not closed", help
            )


def _texts(data: Data, spans: SpanTree) -> Iterator[tuple[str, SpanTree]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _texts(value, spans.at(key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _texts(value, spans.at(index))
    elif isinstance(data, str):
        yield data, spans


def references(data: Data, spans: SpanTree) -> Iterator[tuple[str, Span]]:
    """Every reference inside a value, without `${` and `}`, and where it stands."""
    for text, place in _texts(data, spans):
        for found in REFERENCE.finditer(text):
            yield found.group(1), place.value


def _check(draft: Draft, name: str, reference: str, span: Span) -> list[Diagnostic]:
    root, *path = reference.split(".")
    items = draft.blocks.items_inside(name)
    if root == FAILURE:
        return _check_failure(path, span)
    if root == "steps" and path and _may_not_have_run(draft, name, path[0]):
        message = f"'{name}' runs after any failure, when '{path[0]}' may not have run"
        return [Diagnostic(span, "PG105", message, "use ${failure.cause}, ${run.date} or a parameter")]
    if root in items or root.removesuffix("_index") in items:
        return _check_item(draft, name, root, path, span)
    if root == "run" and reference in RUN_VALUES:
        return []
    if root == "parameters" and len(path) == 1:
        if path[0] in draft.spec.parameters:
            return []
        return [_unknown(span, f"there is no parameter '{path[0]}'", path[0], draft.spec.parameters, "parameters")]
    if root == "datasets" and len(path) == 1:
        if path[0] in draft.spec.datasets:
            return []
        return [_unknown(span, f"there is no dataset '{path[0]}'", path[0], draft.spec.datasets, "datasets")]
    if root == "steps" and len(path) >= 2:
        return _check_step(draft, path[0], span) or _check_output(draft, path[0], ".".join(path[1:]), span)
    help = "write ${steps.<step>.<output>}, ${datasets.<name>}, ${parameters.<name>}, ${run.date} or ${run.id}"
    return [Diagnostic(span, "PG018", f"'${{{reference[:60]}}}' is no reference", help)]


def _may_not_have_run(draft: Draft, name: str, other: str) -> bool:
    is_other = other in draft.raw_steps and not draft.blocks.in_handlers_of_run(other)
    return is_other and draft.blocks.in_handlers_of_run(name)


def _check_failure(path: list[str], span: Span) -> list[Diagnostic]:
    if len(path) == 1 and path[0] in FAILURE_PARTS:
        return []
    return [_unknown(span, f"a failure has no '{'.'.join(path)}'", ".".join(path), FAILURE_PARTS, "it has")]


def _check_item(draft: Draft, name: str, item: str, path: list[str], span: Span) -> list[Diagnostic]:
    """A fault for a part that an item of a loop is not known to have: by its loop, or by `of:`."""
    known = parts_of_item(draft, name, item) if path else {}
    if not path or (path[0] in known and len(path) == 1):
        return []
    if path[0] in known:
        return [Diagnostic(span, "PG012", f"of '{item}.{path[0]}' no parts are known", "have a step give the part")]
    message = f"not every '{item}' has a '{path[0]}'"
    if not known and may_be_declared(draft, name, item):
        help = f"say with `of: {{{path[0]}: string}}` of the loop what parts each item has, if it has any"
        return [Diagnostic(span, "PG012", f"{message}, as far as the spec says", help)]
    return [_unknown(span, message, path[0], list(known), "they have")]


def _check_step(draft: Draft, name: str, span: Span) -> list[Diagnostic]:
    if name in draft.raw_steps:
        return []
    if name in draft.removed:
        message = f"step '{name}' is not in environment '{draft.environment}'"
        note = Note(draft.removed[name], "it is removed here")
        return [Diagnostic(span, "PG012", message, "remove what refers to it there, too", (note,))]
    if name in draft.left_out:
        message = f"step '{name}' is not in environment '{draft.environment}'"
        return [Diagnostic(span, "PG012", message, "give both steps the same `only_in:`")]
    return [_unknown(span, f"there is no step '{name}'", name, draft.raw_steps, "steps")]


def _check_output(draft: Draft, name: str, output: str, span: Span) -> list[Diagnostic]:
    typed = draft.typed.get(name)
    if typed is None:
        return []
    given = typed.kind.gives(typed.spec)
    if output in given:
        return []
    label = f"a {typed.kind.name} step gives"
    return [_unknown(span, f"step '{name}' gives no '{output}'", output, given, label)]


def _unknown(span: Span, message: str, word: str, known: object, label: str) -> Diagnostic:
    words = list(known) if isinstance(known, (list, tuple, dict)) else []
    return Diagnostic(span, "PG012", message, suggest(word, words, label))


def _check_cycle(draft: Draft, needs: dict[str, tuple[str, ...]]) -> list[Diagnostic]:
    cycle = find_cycle(needs)
    if cycle is None:
        return []
    if len(set(cycle)) == 1:
        needed = draft.spans.at("steps", cycle[0], "needs")
        return [Diagnostic(needed.label, "PG015", f"'{cycle[0]}' needs itself", "refer to another step")]
    span = draft.spans.at("steps", cycle[0]).label
    return [Diagnostic(span, "PG015", f"steps need each other: {' -> '.join(cycle)}", "remove one of these references")]

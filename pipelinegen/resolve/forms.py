"""Steps of kinds that have several forms: the keys choose the form first, then only that form's model judges."""

from collections.abc import Iterator, Sequence
from typing import Any

from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.source import Data, SpanTree
from pipelinegen.spec.load import load_model
from pipelinegen.steps.base import StepKind, StepSpec

_QUOTED, _KEY = "'{}'", "`{}:`"


def typed_form(kind: StepKind, raw: Data, spans: SpanTree, owner: str) -> tuple[StepKind, StepSpec]:
    """The form that a step has, and the step as its model. Raises: SpecError with PG010, PG011, PG013 or PG016–18."""
    if not kind.forms or not isinstance(raw, dict):
        return kind, load_model(kind.spec, raw, spans, owner)
    form = kind.form_of(raw)
    if form is kind and not _keys_of_none_but(kind, kind) & set(raw):
        raise SpecError([_undecided(kind, spans, owner)])
    strangers = dict(_of_other_forms(kind, form, raw, spans))
    try:
        found = load_model(form.spec, {key: item for key, item in raw.items() if key not in strangers}, spans, owner)
    except SpecError as error:
        raise SpecError((*strangers.values(), *error.diagnostics)) from None
    if strangers:
        raise SpecError(strangers.values())
    return form, found


def _undecided(kind: StepKind, spans: SpanTree, owner: str) -> Diagnostic:
    """The one fault of a step without any key by which a form is known: what else it lacks, nobody can say."""
    fields = kind.spec.model_fields
    wanted = [key for key in sorted(_keys_of_none_but(kind, kind)) if key in fields and fields[key].is_required()]
    chosen = [key for form in kind.forms for key in form.chosen_by]
    words = [f"{_listed(wanted, _KEY)} for {kind.form}"]
    words += [f"{_listed(form.chosen_by, _KEY)} for {form.kind.form}" for form in kind.forms]
    lacking = _listed([*wanted, *chosen], _QUOTED)
    return Diagnostic(spans.label, "PG011", f"{owner} lacks {lacking}", f"add {', '.join(words)}")


def _of_other_forms(
    kind: StepKind, form: StepKind, raw: dict[str, Data], spans: SpanTree
) -> Iterator[tuple[str, Diagnostic]]:
    """Keys that the step's form does not have, and another one does."""
    for key in raw:
        other = next((item for item in _forms(kind) if key in _keys(item) and key not in _keys(form)), None)
        if other is None:
            continue
        chooser = [name for item in kind.forms for name in item.chosen_by if name in raw]
        if other is kind:
            message = f"'{key}' belongs to {other.form}, but with '{chooser[0]}' the step is {form.form}"
            help = f"remove `{key}:`, or `{chooser[0]}:`"
        else:
            keys = next(item.chosen_by for item in kind.forms if item.kind is other)
            message = f"'{key}' belongs to {other.form}, but without {_listed(keys, _QUOTED)} the step is {form.form}"
            help = f"remove `{key}:`, or add {_listed(keys, _KEY)}"
        yield key, Diagnostic(spans.at(key).label, "PG010", message, help)


def _forms(kind: StepKind) -> list[StepKind]:
    return [kind, *(form.kind for form in kind.forms)]


def _keys(form: StepKind) -> set[str]:
    return {field.alias or name for name, field in form.spec.model_fields.items()}


def _keys_of_none_but(form: StepKind, kind: StepKind) -> set[str]:
    return _keys(form).difference(*(_keys(other) for other in _forms(kind) if other is not form))


def _listed(words: Sequence[Any], each: str) -> str:
    """Words in one style, as a sentence has them: a, b or c."""
    styled = [each.format(word) for word in words]
    return " or ".join([", ".join(styled[:-1]), styled[-1]] if len(styled) > 1 else styled)

"""Triggers: from the spec's events to patterns of EventBridge, and what a run takes over from an event."""

import re
from collections.abc import Mapping
from dataclasses import replace

from pipelinegen.errors import Diagnostic, Span
from pipelinegen.ir.expressions import concatenate
from pipelinegen.ir.model import Json, Jsonata, Trigger
from pipelinegen.resolve.draft import Draft
from pipelinegen.resolve.event_fields import check_field
from pipelinegen.resolve.parameters import misfit, unknown_parameter
from pipelinegen.spec.pipeline import ParameterSpec
from pipelinegen.spec.triggers import NewObjectSpec, TriggerSpec

_EVENT = re.compile(r"\$\{event\.([^{}]*)\}")
#: Folders of the data bucket that no step is named after.
_SHARED_FOLDERS = ("bookmarks/", "reports/")


def lower_triggers(draft: Draft) -> Draft:
    """The draft with its triggers. Reports PG012 and PG013 for what they give, PG103 for one that starts itself."""
    faults = [fault for name, spec in draft.spec.triggers.items() for fault in _faults(draft, name, spec)]
    if faults:
        return draft.reporting(faults)
    return replace(draft, triggers=tuple(_lower(draft, name, spec) for name, spec in draft.spec.triggers.items()))


def _lower(draft: Draft, name: str, spec: TriggerSpec) -> Trigger:
    pattern: Mapping[str, Json] = _object_pattern(draft, spec.s3) if spec.s3 else dict(spec.event.pattern)  # type: ignore[union-attr]
    return Trigger(
        label=name,
        bus=spec.event.bus if spec.event else "default",
        pattern=pattern,
        parameters={key: _value(value) for key, value in spec.parameters.items()},
        date=_path(spec.date[len("${event.") : -1]) if spec.date else None,
        foreign_bucket=spec.s3.bucket if spec.s3 and spec.s3.bucket != draft.names.bucket("data") else None,
    )


def _object_pattern(draft: Draft, spec: NewObjectSpec) -> Mapping[str, Json]:
    bucket = spec.bucket or draft.names.bucket("data")
    detail: dict[str, Json] = {"bucket": {"name": [bucket]}}
    if spec.prefix and spec.suffix:
        detail["object"] = {"key": [{"wildcard": f"{spec.prefix}*{spec.suffix}"}]}
    elif spec.prefix or spec.suffix:
        detail["object"] = {"key": [{"prefix": spec.prefix} if spec.prefix else {"suffix": spec.suffix}]}
    return {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}


def _value(value: Json) -> Json:
    """A text that is one reference keeps the type of what it refers to."""
    if not isinstance(value, str):
        return value
    whole = _EVENT.fullmatch(value)
    if whole:
        return _path(whole.group(1))
    parts: list[Json] = []
    end = 0
    for found in _EVENT.finditer(value):
        parts.extend((value[end : found.start()], _path(found.group(1))))
        end = found.end()
    return concatenate([*parts, value[end:]])


def _path(dotted: str) -> Jsonata:
    names = [f"`{name}`" if "-" in name else name for name in dotted.split(".")]
    return Jsonata(".".join(("$states.input.event", *names)))


def _faults(draft: Draft, name: str, spec: TriggerSpec) -> list[Diagnostic]:
    spans, known = draft.spans.at("triggers", name), draft.spec.parameters
    faults = []
    for parameter, value in spec.parameters.items():
        tree = spans.at("parameters", parameter)
        if parameter not in known:
            faults.append(unknown_parameter(parameter, known, tree.label))
        else:
            faults.extend(_value_faults(parameter, value, known[parameter], spec.s3 is not None, tree.value))
    if spec.date:
        told = check_field(spec.date[len("${event.") : -1], "text", spec.s3 is not None, spans.at("date").value)
        faults.extend([told] if told else [])
    if spec.s3 and spec.s3.bucket in (None, draft.names.bucket("data")):
        faults.extend(_starts_itself(draft, name, spec.s3))
    return faults


def _value_faults(name: str, value: Json, known: ParameterSpec, is_new_object: bool, span: Span) -> list[Diagnostic]:
    """Faults of a parameter's value; of one with parts of the event, what is known of those."""
    if not isinstance(value, str) or not _EVENT.search(value):
        return [] if known.takes(value) else [misfit(name, known, value, span)]
    is_whole = _EVENT.fullmatch(value) is not None
    if not is_whole and known.type in ("boolean", "double", "int", "list"):
        return [misfit(name, known, value, span, "write one reference and nothing beside it")]
    # Within a text, anything becomes text.
    wanted = known.type if is_whole else None
    found = (check_field(item.group(1), wanted, is_new_object, span) for item in _EVENT.finditer(value))
    return [fault for fault in found if fault]


def _starts_itself(draft: Draft, name: str, spec: NewObjectSpec) -> list[Diagnostic]:
    """A fault if runs write objects that would start the next run, and so on without an end."""
    prefix = spec.prefix or ""
    written = [*(f"{step}/" for step in draft.raw_steps), *_SHARED_FOLDERS]
    hit = next((folder for folder in written if folder.startswith(prefix) or prefix.startswith(folder)), None)
    if hit is None:
        return []
    tree = draft.spans.at("triggers", name, "s3")
    message = f"'{name}' waits for objects below '{prefix}', where runs themselves write '{hit}'"
    help = "give a `prefix:` that no step is named after, such as incoming/"
    return [Diagnostic(tree.at("prefix").label if spec.prefix else tree.label, "PG103", message, help)]

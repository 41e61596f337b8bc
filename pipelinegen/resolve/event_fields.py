"""What is known of events before any comes: the fields around every one, and those of a new object in S3."""

from collections.abc import Mapping
from typing import Final

from pipelinegen.errors import Diagnostic, Span, suggest
from pipelinegen.steps.declared import TYPE_NOUNS, VALUE_TYPES

Shape = Mapping[str, "Shape"] | str

_ANY: Final = "anything"
#: Around every event (EventBridge user guide, "AWS service event metadata").
_ENVELOPE: Final[Mapping[str, Shape]] = {
    "account": "text",
    "detail": _ANY,
    "detail-type": "text",
    "id": "text",
    "region": "text",
    "resources": "list",
    "source": "text",
    "time": "text",
    "version": "text",
}
#: `Object Created` (S3 user guide, "EventBridge event message structure").
_NEW_OBJECT: Final[Mapping[str, Shape]] = {
    **_ENVELOPE,
    "detail": {
        "bucket": {"name": "text"},
        "object": {"etag": "text", "key": "text", "sequencer": "text", "size": "number", "version-id": "text"},
        "reason": "text",
        "request-id": "text",
        "requester": "text",
        "source-ip-address": "text",
        "version": "text",
    },
}
_NOUNS: Final = {**TYPE_NOUNS, "mapping": "a mapping"}


def check_field(dotted: str, wanted: str | None, is_new_object: bool, span: Span) -> Diagnostic | None:
    """The fault of `${event.<dotted>}` where a parameter's type is wanted, or None any: PG012, PG013 or none."""
    shape: Shape = _NEW_OBJECT if is_new_object else _ENVELOPE
    done = "event"
    for name in dotted.split("."):
        if shape == _ANY:
            return None
        if isinstance(shape, str):
            message = f"'${{{done}}}' is {_NOUNS[shape]}, which has no '{name}'"
            return Diagnostic(span, "PG012", message, f"write ${{{done}}}")
        if name not in shape:
            return Diagnostic(span, "PG012", f"'{done}' has no '{name}'", suggest(name, shape, "it has"))
        done, shape = f"{done}.{name}", shape[name]
    found = shape if isinstance(shape, str) else "mapping"
    if wanted is None or found in (_ANY, VALUE_TYPES.get(wanted, "text")):
        return None
    message = f"'${{{done}}}' is {_NOUNS[found]}, and {wanted} is wanted"
    return Diagnostic(span, "PG013", message, "refer to another part of the event, or declare another type")

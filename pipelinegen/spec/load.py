"""From a source to a spec; the one place that turns a pydantic error path into a span."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipelinegen.errors import Diagnostic, SpecError, choices, did_you_mean, suggest
from pipelinegen.source import Data, Source, SpanTree
from pipelinegen.spec.fields import SpecValueError
from pipelinegen.spec.pattern_words import PATTERN_WORDS
from pipelinegen.spec.pipeline import PipelineSpec
from pipelinegen.spec.unions import TYPE_NAMES, UNION, without_unions

ModelT = TypeVar("ModelT", bound=BaseModel)


def load_pipeline(source: Source) -> PipelineSpec:
    """The pipeline a source describes. Raises: SpecError with PG004, PG010, PG011, PG013, PG016."""
    return load_model(PipelineSpec, source.data, source.spans)


def load_model(model: type[ModelT], data: Data, spans: SpanTree, owner: str = "the spec") -> ModelT:
    """`data` as `model`, which messages call `owner`. Raises: SpecError with every fault, each at its own place."""
    if not isinstance(data, dict):
        found = describe(data)
        raise SpecError(
            [Diagnostic(spans.value, "PG013", f"expected a mapping, found {found}", "write it as `key: value` lines")]
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise SpecError(
            diagnose(model, item, spans, owner) for item in without_unions(errors_of(error), data)
        ) from None


def errors_of(error: ValidationError) -> Iterator[ErrorDetails]:
    """Every error; one of a deferred part stands for those its own model found."""
    for item in error.errors():
        inner = item.get("ctx", {}).get("error")
        if isinstance(inner, ValidationError):
            for part in errors_of(inner):
                yield {**part, "loc": (*item["loc"], *part["loc"])}
        else:
            yield item


def diagnose(model: type[BaseModel], error: ErrorDetails, spans: SpanTree, owner: str) -> Diagnostic:
    """The diagnostic of one pydantic error; an unknown key is underlined itself, a missing one at its parent."""
    path = [part for part in error["loc"] if part != "[key]"]
    own = error.get("ctx", {}).get("error")
    tree = spans.at(*path)
    is_key = bool(error["loc"]) and error["loc"][-1] == "[key]"
    if is_key:
        tree = SpanTree(tree.label)
    if isinstance(own, SpecValueError):
        return Diagnostic(tree.at(*own.path).value, own.id, str(own), own.help)
    name = str(path[-1]) if path else ""
    if error["type"] == "extra_forbidden":
        return Diagnostic(tree.label, "PG010", f"unknown key '{name}'", _known_keys(model, path[:-1], name))
    if error["type"] == "missing":
        parent = spans.at(*path[:-1])
        lacking = _owner(path[:-1]) or owner
        return Diagnostic(parent.label, "PG011", f"{lacking} lacks '{name}'", f"add `{name}:`")
    if path and isinstance(path[-1], int):
        name = _owner(path) or name
    if is_key and error["type"] in _KEY_FAULTS:
        return Diagnostic(tree.value, "PG013", *_key_message(error, _owner(path[:-1]) or owner))
    keys = _keys(model, path) if error["type"] in _WANTS_MAPPING else []
    return Diagnostic(tree.value, "PG013", *_value_message(error, name, keys))


def _owner(path: Sequence[str | int]) -> str | None:
    """What lies at a path, in words; None for the whole."""
    if not path:
        return None
    if isinstance(path[-1], int):
        return f"item {path[-1] + 1}" + (f" of '{path[-2]}'" if len(path) > 1 else "")
    return f"'{path[-1]}'"


def describe(value: object) -> str:
    """A value in the reader's words, short enough for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value if len(value) <= 40 else value[:37] + '...'}'"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, Sequence) else f"{value}"[:40]


def _key_message(error: ErrorDetails, owner: str) -> tuple[str, str]:
    """What is wrong with the name of a key whose names are the reader's, and what to do."""
    message, context = f"a key of {owner} may not be {describe(error['input'])}", error.get("ctx", {})
    if error["type"] == "literal_error":
        return message, suggest(str(error["input"]), _allowed(context), "choose from")
    return message, _form(context["pattern"])


def _form(pattern: str) -> str:
    """What to write, in words where there are some."""
    words = PATTERN_WORDS.get(pattern)
    return f"write {words}" if words else f"write it so that it matches {pattern}"


def _allowed(context: Mapping[str, Any]) -> list[str]:
    """The words of a fault `literal_error`."""
    return [word.strip() for word in str(context["expected"]).replace(" or ", ", ").replace("'", "").split(",")]


def _nearest_number(number: float, words: Sequence[str]) -> str | None:
    """The help text where all that is allowed are numbers: the nearest first, then all in their order."""
    if len(words) < 2 or not all(word.isdecimal() for word in words):
        return None
    known = sorted(map(int, words))
    nearest = min(known, key=lambda item: abs(item - number))
    return f"the nearest is {nearest}; choose from: {', '.join(map(str, known))}"


def _value_message(error: ErrorDetails, name: str, keys: Sequence[str]) -> tuple[str, str]:
    """What is wrong with a value, and what to do; `keys` are those that a mapping in its place would have."""
    name = name if name.startswith("item ") else f"'{name}'"
    expected = TYPE_NAMES.get(error["type"])
    found = describe(error["input"])
    context = error.get("ctx", {})
    if error["type"] == "literal_error":
        allowed, given = _allowed(context), error["input"]
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        near = _nearest_number(given, allowed) if is_number else None
        return f"{name} may not be {found}", near or suggest(str(given), allowed, "choose from")
    if error["type"] == UNION:
        return f"{name} wants {context['wanted']}, found {found}", f"write {context['wanted']} here"
    if expected:
        return f"{name} wants {expected}, found {found}", _type_help(error["type"], error["input"], keys)
    if "min_length" in context:
        held = context.get("actual_length") or 0
        fact = f"has {held} of the {context['min_length']} that it needs" if held else "is empty"
        return f"{name} {fact}", f"give at least {context['min_length']}"
    for limit, bound in _LIMITS.items():
        if error["type"] == limit:
            wanted = next(value for key, value in context.items() if key in ("ge", "gt", "le", "lt"))
            return f"{name} is {found}, and must be {bound} {wanted:g}", "give a value within the limit"
    if "max_length" in context:
        is_text = isinstance(error["input"], str)
        unit = "characters" if is_text else "entries"
        fact = f"{name} has {len(error['input'])} {unit}, and may have {context['max_length']} at most"
        return fact, "shorten it" if is_text else "remove some"
    if error["type"] == "string_pattern_mismatch":
        return f"{name} may not be {found}", _form(context["pattern"])
    message = error["msg"]
    return f"{name} is {found}: {message[:1].lower()}{message[1:]}", "give a value within the limit"


#: What a number must be, by pydantic's name of the fault.
_LIMITS = {
    "greater_than": "above",
    "greater_than_equal": "at least",
    "less_than": "below",
    "less_than_equal": "at most",
}
#: Faults of keys that say nothing when they are told as those of a value.
_KEY_FAULTS = frozenset({"literal_error", "string_pattern_mismatch"})
_WANTS_MAPPING = frozenset({"dict_type", "model_attributes_type", "model_type"})


def _type_help(kind: str, value: Any, keys: Sequence[str]) -> str:
    if kind == "string_type" and isinstance(value, (int, float)):
        return "put it in quotes"
    if kind.startswith("bool"):
        return "write true or false (YAML 1.2: not yes, no, on, off)"
    if kind == "list_type" and isinstance(value, (str, int, float)):
        return f"write it as a list: [{value}]"[:100]
    if keys:
        return f"write a mapping here; its keys: {choices(keys)}"
    return f"write {TYPE_NAMES[kind]} here"


def _known_keys(model: Any, path: Iterable[str | int], unknown: str) -> str:
    """The nearest known key, then those of the model itself; what it shares with others is only mentioned."""
    found = _model_at(model, path)
    keys = _keys_of(found)
    own = [name for name in keys if found and name in found.__annotations__ and name != "kind"]
    if not own or not {"kind", "needs"} <= set(keys):
        return suggest(unknown, keys, "known keys")
    listed = f"keys beside those of every step: {choices(own)}"
    return f"{hint} {listed}" if (hint := did_you_mean(unknown, sorted(keys))) else listed


def _keys(model: Any, path: Iterable[str | int]) -> list[str]:
    """The keys that are known at `path` below a model."""
    return _keys_of(_model_at(model, path))


def _keys_of(model: type[BaseModel] | None) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model_at(model: Any, path: Iterable[str | int]) -> type[BaseModel] | None:
    current: Any = model
    for part in path:
        current = _step_into(current, part)
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _step_into(annotation: Any, part: str | int) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if part in (name, field.alias):
                return _plain(field.annotation)
        return None
    arguments = getattr(annotation, "__args__", ())
    return _plain(arguments[-1]) if arguments else None


def _plain(annotation: Any) -> Any:
    """The annotation without `Annotated` and `| None`."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    options = [item for item in getattr(annotation, "__args__", ()) if item is not type(None)]
    is_union = type(None) in getattr(annotation, "__args__", ())
    return _plain(options[0]) if is_union and len(options) == 1 else annotation

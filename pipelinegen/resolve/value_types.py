"""Types of what conditions compare: JSONata fails the run where a text is held against a number."""

from collections.abc import Iterator

from pipelinegen.errors import SpecError, suggest
from pipelinegen.spec.conditions import ConditionSpec
from pipelinegen.spec.load import describe
from pipelinegen.steps.base import Scope
from pipelinegen.steps.declared import TYPE_NOUNS

_ENVIRONMENT = "${run.environment}"
_OF_NUMBERS = ("at_least", "at_most", "above", "below")
#: Made of the text of a list, and of anything.
_OF_ANY = ("contains", "matches")
#: Comparisons that JSONata fails at other values, where equality is just not there.
_STRICT = (*_OF_NUMBERS, "starts_with", "ends_with")
_OF_TEXT = ("starts_with", "ends_with", "contains", "matches")


def check_condition(spec: ConditionSpec, scope: Scope, *path: str | int) -> None:
    """Raises: SpecError with PG135 for a comparison that a value of its type does not take, or of none; PG012."""
    if spec.is_:
        type = scope.value_type(spec.is_[2:-1], *path, "is")
        if type not in (None, "boolean"):
            raise _fault(scope, spec.is_, type, "true or false", *path, "is")
    if spec.value is None:
        return
    if spec.value == _ENVIRONMENT:
        _check_environments(spec, scope, *path)
    type = scope.value_type(spec.value[2:-1], *path, "value")
    for key, wanted in _wanted(spec):
        if type is None:
            if key in _STRICT:
                raise scope.undeclared(spec.value[2:-1], wanted, *path, "value")
        elif wanted != type and not (type == "list" and key in _OF_ANY):
            raise _fault(scope, spec.value, type, f"compared as {TYPE_NOUNS[wanted]}", *path, key)


def _check_environments(spec: ConditionSpec, scope: Scope, *path: str | int) -> None:
    """Raises: SpecError with PG012 for the name of an environment that there is not."""
    named = [(getattr(spec, key), (key,)) for key in ("equals", "differs_from")]
    listed = [(name, ("one_of", index)) for index, name in enumerate(spec.one_of or ())]
    known = scope.around.environments
    for name, place in (*named, *listed):
        if isinstance(name, str) and name not in known:
            help = suggest(name, known, "environments")
            raise scope.fault("PG012", f"there is no environment '{name}'", help, *path, *place)


def _wanted(spec: ConditionSpec) -> Iterator[tuple[str, str]]:
    """Each comparison, and the type of value that it is made for."""
    yield from ((key, "number") for key in _OF_NUMBERS if getattr(spec, key) is not None)
    yield from ((key, "text") for key in _OF_TEXT if getattr(spec, key) is not None)
    for key in ("equals", "differs_from"):
        if getattr(spec, key) is not None:
            yield key, _type(getattr(spec, key))
    for item in spec.one_of or ():
        yield "one_of", _type(item)


def _type(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def _fault(scope: Scope, reference: str, type: str, done: str, *path: str | int) -> SpecError:
    help = "compare it with a value of its own type, or refer to something else"
    message = f"{describe(reference)} is {TYPE_NOUNS[type]}, and cannot be {done}"
    return scope.fault("PG135", message, help, *path)

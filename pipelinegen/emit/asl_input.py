"""What a run was given, held against what the spec declares, before anything is done with it."""

from collections.abc import Iterator
from typing import Final

from pipelinegen.emit.asl_failure import FAILS
from pipelinegen.emit.asl_fragments import Fragment, State
from pipelinegen.ir.expressions import FAILURE, expression, quote
from pipelinegen.ir.model import Json, Jsonata, ParameterType, Pipeline
from pipelinegen.render.literals import plain_json
from pipelinegen.spec.fields import DAY, MOMENT

TITLE, _FITS = "Start run: check input", "Start run: fits?"
#: The variable that holds what is wrong with the input, and empty texts.
FAULTS: Final = "input_faults"
_ERROR: Final = "WrongInput"
#: Characters of a value that are told.
_SHOWN: Final = 60
#: When a value is not of a type, by the type's name in the language.
_MISFITS: Final = {
    "boolean": "$type({0}) != 'boolean'",
    "double": "$type({0}) != 'number'",
    "int": "($type({0}) = 'number' ? {0} != $floor({0}) : true)",
    "list": "$type({0}) != 'array'",
    "string": "$type({0}) != 'string'",
}


def check_of_input(pipeline: Pipeline) -> Fragment:
    """Two states: what is wrong is gathered, and ends the run with an error that says it."""
    faults: Json = [Jsonata(f"{condition} ? {told} : ''") for condition, told in _wrong(pipeline)]
    gather: State = {"Type": "Pass", "Assign": {FAULTS: plain_json(faults)}, "Next": _FITS}
    told = Jsonata(f"$join(${FAULTS}[$ != ''], '; ')")
    failure: Json = {"step": None, "state": TITLE, "error": _ERROR, "cause": told}
    condition = plain_json(Jsonata(f"$join(${FAULTS}) != ''"))
    choice: State = {
        "Comment": "Ends the run at once where it was given what it cannot take.",
        "Type": "Choice",
        "Choices": [{"Condition": condition, "Assign": {FAILURE: plain_json(failure)}, "Next": FAILS}],
    }
    return Fragment(TITLE, {TITLE: gather, _FITS: choice}, (_FITS,))


def _wrong(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Conditions under which something is wrong, and how that is told; both are expressions."""
    yield _lacks("$run_date", DAY), _found("the date", "a day such as 2026-01-31", "$run_date")
    names: list[Json] = list(pipeline.parameter_types)
    if not names:
        return
    given = "$states.input.parameters"
    is_other = f"($exists({given}) ? $type({given}) != 'object' : false)"
    yield is_other, _found("'parameters'", "a mapping", given)
    unknown = f"$keys($parameters)[$not($ in {expression(names)})]"
    yield f"$exists({unknown})", f"'there is no parameter ' & $join({unknown}, ', ')"
    for name, type in pipeline.parameter_types.items():
        value = f"$parameters.{name}"
        yield _misfit(value, type), _found(f"the parameter '{name}'", type.words, value)


def _misfit(value: str, type: ParameterType) -> str:
    """An expression that is true when a value is not of a type; what would fail is not evaluated."""
    if type.within:
        is_below = f"$substring({value}, 0, {len(type.within)}) = {quote(type.within)}"
        return f"($type({value}) = 'string' ? $not({is_below} and $not('..' in $split({value}, '/'))) : true)"
    return _lacks(value, MOMENT) if type.name == "timestamp" else _MISFITS[type.name].format(value)


def _lacks(value: str, pattern: str) -> str:
    return f"($type({value}) = 'string' ? $not($contains({value}, /^{pattern}$/)) : true)"


def _found(what: str, wanted: str, value: str) -> str:
    return f"{quote(f'{what} wants {wanted}, found ')} & $substring($string({value}), 0, {_SHOWN})"

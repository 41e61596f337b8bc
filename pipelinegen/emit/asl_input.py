"""What a run was given, held against what the spec declares, before anything is done with it."""

from collections.abc import Iterator
from typing import Final

from pipelinegen.emit.asl_failure import FAILS
from pipelinegen.emit.asl_fragments import Fragment, State
from pipelinegen.ir.expressions import FAILURE, expression
from pipelinegen.ir.model import Json, Jsonata, Pipeline
from pipelinegen.render.literals import plain_json
from pipelinegen.spec.fields import DAY
from pipelinegen.steps.declared import found_instead, lacks, misfit

TITLE, _FITS = "Start run: check input", "Start run: fits?"
#: The variable that holds what is wrong with the input, and empty texts.
FAULTS: Final = "input_faults"
WRONG_INPUT: Final = "WrongInput"


def check_of_input(pipeline: Pipeline) -> Fragment:
    """Two states: what is wrong is gathered, and ends the run with an error that says it."""
    faults: Json = [Jsonata(f"{condition} ? {told} : ''") for condition, told in _wrong(pipeline)]
    gather: State = {"Type": "Pass", "Assign": {FAULTS: plain_json(faults)}, "Next": _FITS}
    told = Jsonata(f"$join(${FAULTS}[$ != ''], '; ')")
    failure: Json = {"step": None, "state": TITLE, "error": WRONG_INPUT, "cause": told}
    condition = plain_json(Jsonata(f"$join(${FAULTS}) != ''"))
    choice: State = {
        "Comment": "Ends the run at once where it was given what it cannot take.",
        "Type": "Choice",
        "Choices": [{"Condition": condition, "Assign": {FAILURE: plain_json(failure)}, "Next": FAILS}],
    }
    return Fragment(TITLE, {TITLE: gather, _FITS: choice}, (_FITS,))


def _wrong(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Conditions under which something is wrong, and how that is told; both are expressions."""
    yield lacks("$run_date", DAY), found_instead("the date", "a day such as 2026-01-31", "$run_date")
    names: list[Json] = list(pipeline.parameter_types)
    if not names:
        return
    given = "$states.input.parameters"
    is_other = f"($exists({given}) ? $type({given}) != 'object' : false)"
    yield is_other, found_instead("'parameters'", "a mapping", given)
    unknown = f"$keys($parameters)[$not($ in {expression(names)})]"
    yield f"$exists({unknown})", f"'there is no parameter ' & $join({unknown}, ', ')"
    for name, type in pipeline.parameter_types.items():
        value = f"$parameters.{name}"
        yield misfit(value, type), found_instead(f"the parameter '{name}'", type.words, value)

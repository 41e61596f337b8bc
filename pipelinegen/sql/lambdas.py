"""Variables of lambda functions: which function they belong to, and where they stand in it."""

from dataclasses import dataclass

from sqlglot import exp

from pipelinegen.sql.dialect import Call, call_of


@dataclass(frozen=True, slots=True)
class Place:
    """The call around a lambda, which of its arguments the lambda is, and which of its variables is meant."""

    call: Call
    argument: int
    variable: int


def variable_place(name: exp.Expression) -> Place | None:
    """Where a name that is a lambda's variable was bound; None if it is none."""
    around = name.parent
    while around is not None and not isinstance(around, exp.Query):
        if isinstance(around, exp.Lambda):
            names = [item.name.lower() for item in around.expressions]
            if name.name.lower() in names:
                return _place(around, names.index(name.name.lower()))
        around = around.parent
    return None


def _place(around: exp.Lambda, variable: int) -> Place | None:
    call = call_of(around.parent) if around.parent is not None else None
    if call is None or call.arguments is None:
        return None
    found = [place for place, item in enumerate(call.arguments) if item is around]
    return Place(call, found[0], variable) if found else None

"""What a `rollback_model` step is in the spec and in the IR."""

from dataclasses import dataclass
from typing import Literal

from pipelinegen.ir.model import Json, Jsonata, OutputFile, Step, Value
from pipelinegen.steps.base import Scope, StepSpec
from pipelinegen.steps.rollback_model.permissions import rollback_permissions


class RollbackModelSpec(StepSpec):
    """Keys of a `rollback_model` step."""

    kind: Literal["rollback_model"]


@dataclass(frozen=True, slots=True)
class RollbackStateContext:
    """The states: read every version of the pointer, find the one before, write it."""

    title: str
    start_title: str
    read_title: str
    more_title: str
    choose_title: str
    found_title: str
    none_title: str
    parameter: str
    nothing: Json
    request: Json
    page: Json
    more: Json
    chosen: Json
    found: Json
    pointer: Json


def lower(spec: RollbackModelSpec, scope: Scope) -> Step:
    """The step as a search in the pointer's history and a write."""
    parameter, variable = scope.names.promoted_parameter(), f"{scope.step}_pointer"
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or "Points the pipeline at the model before the promoted one",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"version": Value(Jsonata(f"$parse(${variable}).version"), "text")},
        permissions=rollback_permissions(parameter),
        state=OutputFile(scope.title, "steps/rollback_model/state.asl.json.j2", _context(scope, parameter, variable)),
        assigns=(variable,),
        otherwise={variable: "{}"},
    )


def _context(scope: Scope, parameter: str, variable: str) -> RollbackStateContext:
    history, token = f"{scope.step}_history", f"{scope.step}_token"
    request = f"{{'Name': '{parameter}', 'MaxResults': 50}}"
    following = "$exists($states.result.NextToken) ? $states.result.NextToken : ''"
    return RollbackStateContext(
        title=scope.title,
        start_title=f"{scope.title}: start",
        read_title=f"{scope.title}: read the history",
        more_title=f"{scope.title}: is there more?",
        choose_title=f"{scope.title}: choose",
        found_title=f"{scope.title}: found one?",
        none_title=f"{scope.title}: none",
        parameter=parameter,
        nothing={history: [], token: ""},
        request=Jsonata(f"$merge([{request}, ${token} = '' ? {{}} : {{'NextToken': ${token}}}])"),
        page={history: Jsonata(f"$append(${history}, $states.result.Parameters.Value)"), token: Jsonata(following)},
        more=Jsonata(f"${token} != ''"),
        chosen={variable: Jsonata(previous_pointer(f"${history}"))},
        found=Jsonata(f"${variable} != ''"),
        pointer=Jsonata(f"${variable}"),
    )


def previous_pointer(history: str) -> str:
    """JSONata: of the pointer's versions, oldest first, the last one before the promoted model first was; else ''.

    Not the version before the last: that one may be the very model that an earlier rollback removed.
    """
    return (
        f"($all := [{history}.$parse($)]; $now := $all[-1].model; "
        "$first := $min([$map($all, function($item, $place) { $item.model = $now ? $place : 1000 })]); "
        "$before := [$filter($all, function($item, $place) { $place < $first and $item.model != null })]; "
        "$count($before) = 0 ? '' : $string($before[-1]))"
    )

"""What an `asl` step is in the spec and in the IR."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, model_validator

from pipelinegen.errors import Diagnostic, Span, SpecError
from pipelinegen.ir.expressions import FAILURE, RUN_VARIABLES, index_variable, item_variable
from pipelinegen.ir.model import Json, Jsonata, OutputFile, Permission, Step
from pipelinegen.source import SpanTree, parse
from pipelinegen.spec.fields import Identifier, SpecValueError, StrictModel, exactly_one
from pipelinegen.steps.asl.calls import call_faults
from pipelinegen.steps.asl.machine import MachineCheck, prefixed
from pipelinegen.steps.asl.permissions import Declared, declared_permissions
from pipelinegen.steps.asl.reading import Reading
from pipelinegen.steps.base import REFERENCE, Scope, StepSpec
from pipelinegen.steps.declared import ResultKeys, declared_value, one_checked, result_types
from pipelinegen.steps.statements import leaks_of_machine
from pipelinegen.steps.unseen import SensitiveData

#: A file below the spec's folder: no segment starts with a dot, so none leads out.
_FILE = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$"
Scalar = str | int | float | bool


class AslPermissionSpec(StrictModel):
    """What the states do in AWS, and on what."""

    actions: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z0-9-]+:[A-Za-z0-9]+$", max_length=128)]],
        Field(min_length=1, max_length=50, description="IAM actions, such as dynamodb:PutItem"),
    ]
    resources: Annotated[
        list[Annotated[str, Field(pattern=r"^[A-Za-z0-9:/_.*@+=,?-]+$", max_length=1000)]],
        Field(min_length=1, max_length=50, description="Whole ARNs, or what follows the account in one"),
    ]
    passed_to: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z0-9.-]+\.amazonaws\.com$", max_length=128)]],
        Field(max_length=5, description="With iam:PassRole: the services that may take the role"),
    ] = []
    why_every_resource: Annotated[
        str | None, Field(min_length=1, max_length=300, description="Why `*` is among the resources")
    ] = None


class AslSpec(StepSpec):
    """Keys of an `asl` step."""

    model_config = exactly_one("states", "file")

    kind: Literal["asl"]
    language: Annotated[Literal["jsonata", "jsonpath"], Field(description="Query language of the states")] = "jsonata"
    start_at: Annotated[str | None, Field(min_length=1, max_length=80, description="With `states:`: the first one")] = (
        None
    )
    states: Annotated[dict[str, JsonValue] | None, Field(min_length=1, description="The states by their names")] = None
    file: Annotated[
        str | None,
        Field(
            pattern=_FILE,
            max_length=200,
            description="JSON or YAML with StartAt and States, in a folder beside the spec",
        ),
    ] = None
    inputs: Annotated[
        dict[Identifier, Scalar], Field(description="What the first state gets as its input; texts may hold references")
    ] = {}
    result: Annotated[
        ResultKeys,
        Field(
            description="Keys of the last state's output, for ${steps.<step>.result.<key>}, with their types where "
            "conditions, loops or API calls use them"
        ),
    ] = []
    sensitive_data: SensitiveData = None
    permissions: Annotated[
        list[AslPermissionSpec], Field(max_length=20, description="What the states may do; nothing else is allowed")
    ] = []

    @model_validator(mode="after")
    def _one_source(self) -> "AslSpec":
        if (self.states is None) == (self.file is None):
            raise SpecValueError("the states stand in one place", "give either `states:` or `file:`")
        return self


@dataclass(frozen=True, slots=True)
class RawStateContext:
    """The state around the raw ones, which keeps their variables and names apart from the pipeline's.

    Around JSONPath there are two more, in JSONata: AWS takes no JSONPath inside of a state in JSONata.
    """

    title: str
    run_title: str
    keep_title: str
    given: Json
    handed_on: Json
    inputs: Json
    machine: Json
    assign: Json


def lower(spec: AslSpec, scope: Scope) -> Step:
    """The step as one state with the raw ones inside.

    Raises: SpecError with PG017, PG062, PG121, PG125, PG126, PG134.
    """
    machine, spans, place = _machine(spec, scope)
    jsonpath = spec.language == "jsonpath"
    own_variables = _check(spec, scope, machine, spans, place)
    variable = f"{scope.step}_result"
    result = "$states.input.result[0]" if jsonpath else "$states.result[0]"
    types = result_types(spec.result)
    kept = {key: _kept(f"{result}.{key}", key, type) for key, type in types.items()}
    inputs: Json = {key: _value(value, scope, key) for key, value in spec.inputs.items()}
    context = RawStateContext(
        title=scope.title,
        run_title=f"{scope.title}: run states",
        keep_title=f"{scope.title}: keep result",
        given={"given": inputs, "handed_on": Jsonata("$states.input")},
        handed_on=Jsonata("$states.input.handed_on"),
        inputs=inputs,
        machine=prefixed(machine, scope.title, jsonpath=jsonpath),
        assign={variable: kept} if kept else {},
    )
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or "States of the Amazon States Language",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={f"result.{key}": declared_value(Jsonata(f"${variable}.{key}"), type) for key, type in types.items()},
        permissions=_permissions(spec, scope),
        state=OutputFile(scope.title, f"steps/asl/{'jsonpath' if jsonpath else 'state'}.asl.json.j2", context),
        assigns=(variable,) if kept else (),
        runs_alone=jsonpath,
        own_variables=own_variables,
        summary={"result": Jsonata(f"${variable}")} if kept else {},
    )


def _kept(value: str, key: str, type: str) -> Jsonata:
    """A key of the result; null where the states gave none."""
    return Jsonata(f"$exists({value}) ? {one_checked(value, f'{key} in the result', type)} : null")


def _check(
    spec: AslSpec, scope: Scope, machine: Mapping[str, Any], spans: SpanTree, place: tuple[str, ...]
) -> tuple[str, ...]:
    """The variables that the states set. Raises: SpecError with whatever is wrong with them, names in sound ones."""
    jsonpath = spec.language == "jsonpath"
    check = MachineCheck(spans, jsonpath)
    check.check(machine, place)
    faults = [*check.faults, *leaks_of_machine(scope, machine, spans.at(*place), spec.sensitive_data)]
    if not faults:
        by_hand = [action for extra in (spec.iam.extra if spec.iam else ()) for action in extra.actions]
        declared = [action for entry in spec.permissions for action in entry.actions]
        faults += call_faults(machine, spans, place, {*declared, *by_hand, *scope.around.allowed})
        faults += [] if jsonpath else _reading(spec, scope, spans, machine, place)
    if faults:
        raise SpecError(faults)
    return tuple(sorted(check.variables))


def _reading(
    spec: AslSpec, scope: Scope, spans: SpanTree, machine: Mapping[str, Any], place: tuple[str, ...]
) -> Iterator[Diagnostic]:
    """What is wrong with the names that the states read, and with those that they give."""
    items = [variable for item in scope.items for variable in (item_variable(item), index_variable(item))]
    reading = Reading(
        spans=spans,
        inputs=tuple(spec.inputs),
        around=frozenset({*RUN_VARIABLES, FAILURE, *items}),
        prefixes=tuple(f"{step}_" for step in scope.outputs),
        result=_places(spec.result, scope.spans.at("result")),
    )
    return reading.faults(machine, place)


def _places(keys: ResultKeys, spans: SpanTree) -> dict[str, Span]:
    """Where each key of the result is named."""
    if isinstance(keys, dict):
        return {key: spans.at(key).label for key in keys}
    return {key: spans.at(index).value for index, key in enumerate(keys)}


def _permissions(spec: AslSpec, scope: Scope) -> tuple[Permission, ...]:
    entries = spec.permissions
    return declared_permissions(
        scope, [Declared(item.actions, item.resources, item.passed_to, item.why_every_resource) for item in entries]
    )


def _machine(spec: AslSpec, scope: Scope) -> tuple[Mapping[str, Any], SpanTree, tuple[str, ...]]:
    """The machine, and where its parts stand: `StartAt` and `States` below a path in a tree of places."""
    if spec.states is not None:
        label = scope.spans.at("states")
        tree = SpanTree(label.value, label.key, {"StartAt": scope.spans.at("start_at"), "States": label})
        first = next(iter(spec.states))
        return {"StartAt": spec.start_at or first, "States": spec.states}, tree, ()
    assert spec.file is not None
    if spec.start_at is not None:
        raise scope.fault("PG125", "a file says itself where it starts", "remove `start_at:`", "start_at")
    folder, _, name = spec.file.rpartition("/")
    files = scope.code(folder, "file")
    if name not in files:
        raise scope.fault("PG062", f"there is no file '{spec.file}' beside the spec", "write its path", "file")
    base = scope.around.source.rpartition("/")[0]
    source = parse(files[name], f"{base}/{spec.file}" if base else spec.file)
    if not isinstance(source.data, dict):
        raise scope.fault("PG125", f"'{spec.file}' is no machine", "write StartAt and States there", "file")
    return source.data, source.spans, ()


def _value(value: Scalar, scope: Scope, key: str) -> Json:
    """A text that is one reference keeps the type of what it refers to."""
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    return scope.value(whole.group(1), "inputs", key) if whole else scope.text(value, "inputs", key)

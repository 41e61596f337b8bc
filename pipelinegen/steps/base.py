"""What a step kind is, and what it sees of the pipeline while it lowers a step."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Annotated, Any, TypeVar

from pydantic import Field, WithJsonSchema
from pydantic.functional_validators import AfterValidator

from pipelinegen.code_folders import CodeError, CodeReader, syntax_faults
from pipelinegen.errors import Diagnostic, SpecError, suggest
from pipelinegen.ir.expressions import (
    DAY_BEFORE,
    FAILURE,
    FAILURE_SAID,
    RUN_DATE,
    RUN_ID,
    concatenate,
    index_variable,
    item_variable,
    quote,
)
from pipelinegen.ir.model import (
    Artifact,
    Dataset,
    GivenFiles,
    Json,
    Jsonata,
    Location,
    Metric,
    Model,
    PerItem,
    Permission,
    RoleKey,
    Step,
    StoredFiles,
    Value,
    Warehouse,
)
from pipelinegen.ir.names import Names
from pipelinegen.source import SpanTree
from pipelinegen.spec.conditions import ConditionSpec, RetrySpec, StepFailureSpec, WhenSpec
from pipelinegen.spec.deferred import Deferred
from pipelinegen.spec.fields import EnvironmentName, FreeText, SpecValueError, StepName, StrictModel
from pipelinegen.spec.iam import IamSpec
from pipelinegen.spec.kind_shape import KindShape
from pipelinegen.steps.declared import ANY, DECLARED_AS, TYPE_NOUNS, HeldTypes, declared_value

ArtifactT = TypeVar("ArtifactT", bound=Artifact)

REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_REFERENCE_PATH = re.compile(
    r"(datasets\.[a-z][a-z0-9_]*|steps(\.[a-z][a-z0-9_]*){2,3}|parameters\.[a-z][a-z0-9_]*|run\.(date|id))"
)

#: Values of the run itself, by the name the user gives; the environment's name is known when it is compiled.
RUN_VALUES: Mapping[str, Jsonata] = {
    "run.date": RUN_DATE,
    "run.id": RUN_ID,
    "run.window.start": DAY_BEFORE,
    "run.window.end": RUN_DATE,
    "run.environment": Jsonata("''"),
}
#: What a failure is made of, where it is handled.
FAILURE_PARTS = ("step", "state", "error", "cause")


def _reference(value: str) -> str:
    found = REFERENCE.fullmatch(value)
    if found is None or not _REFERENCE_PATH.fullmatch(found.group(1)):
        help = "write ${steps.<step>.<output>} or ${datasets.<name>}"
        raise SpecValueError(f"'{value[:60]}' is no reference", help, "PG018")
    return value


Reference = Annotated[
    str,
    AfterValidator(_reference),
    WithJsonSchema({"type": "string", "pattern": r"^\$\{(steps|datasets|parameters)\.[a-z0-9_.]+\}$"}),
]


class StepSpec(StrictModel):
    """Keys that every kind of step has."""

    kind: str
    description: Annotated[FreeText | None, Field(description="One sentence for readers of the generated files")] = None
    needs: Annotated[list[StepName], Field(description="Steps that must come first, beside those referred to")] = []
    only_in: Annotated[
        list[EnvironmentName] | None, Field(min_length=1, description="Environments that have this step")
    ] = None
    if_: Annotated[
        ConditionSpec | None,
        Deferred(ConditionSpec),
        Field(alias="if", description="The step is skipped unless this holds"),
    ] = None
    when: Annotated[WhenSpec | None, Deferred(WhenSpec), Field(description="The step is skipped on other dates")] = None
    retry: Annotated[RetrySpec | None, Deferred(RetrySpec), Field(description="Further attempts after a failure")] = (
        None
    )
    iam: Annotated[
        IamSpec | None,
        Deferred(IamSpec),
        Field(description="Permissions by hand, added to what is derived, or taken from it"),
    ] = None
    continue_on_failure: Annotated[
        bool, Field(description="The run goes on without this step, and without those that need its results")
    ] = False
    on_failure: Annotated[
        StepFailureSpec | None, Field(description="What is done when the step has failed, after its retries")
    ] = None


SpecT = TypeVar("SpecT", bound=StepSpec)


@dataclass(frozen=True, slots=True)
class StepKind:
    """A kind: its model, what its steps give to others, and how one of them becomes IR."""

    name: str
    summary: str
    spec: type[StepSpec]
    outputs: tuple[str, ...]
    lower: Callable[[Any, "Scope"], Step]
    #: What its steps are, in words, where the kind has several forms; `forms` are those beside this one.
    form: str = ""
    forms: tuple["StepForm", ...] = ()

    def form_of(self, keys: Iterable[str]) -> "StepKind":
        """The form that a step with these keys has."""
        given = set(keys)
        return next((form.kind for form in self.forms if given & set(form.chosen_by)), self)

    @property
    def shape(self) -> KindShape:
        """What schema and reference are made from."""
        forms = {form.name: (form.chosen_by, form.kind.spec, form.kind.summary) for form in self.forms}
        return KindShape(self.spec, self.summary, forms)

    def gives(self, spec: StepSpec) -> list[str]:
        """The outputs of a step of this kind, where `metrics.*` and `<outputs>` stand for names in the step itself."""
        found: list[str] = []
        for output in self.outputs:
            key = output.removesuffix(".*").strip("<>")
            names = None if key == output else getattr(spec, key, None)
            prefix = f"{key}." if output.endswith(".*") else ""
            found.extend([output] if names is None else [f"{prefix}{name}" for name in names])
        return [output for output in found if output not in getattr(spec, "lacks", ())]


@dataclass(frozen=True, slots=True)
class StepForm:
    """Another form of a kind, which a step has if it has one of some keys; its module has a KIND of its own."""

    name: str
    chosen_by: tuple[str, ...]
    module: str

    @property
    def kind(self) -> StepKind:
        """The form, imported when it is asked for, since most specs have no such step."""
        kind: StepKind = import_module(self.module).KIND
        return kind


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all steps of a pipeline in one environment share; `parameters` have the type of each by its name."""

    names: Names
    environment: str
    environments: tuple[str, ...]
    region: str
    #: What the private subnets are called, e.g. ("a", "b").
    subnets: tuple[str, ...]
    source: str
    warehouse: Warehouse | None
    protection_secret: str | None
    notifies: bool
    parameters: Mapping[str, str]
    #: Actions that the pipeline's own `iam:` allows.
    allowed: frozenset[str]
    #: What the items of lists among their defaults are, or what parts these have.
    listed: Mapping[str, HeldTypes]
    datasets: Mapping[str, Dataset]
    dataset_spans: SpanTree
    given_files: Mapping[str, Location]
    read_code: CodeReader


@dataclass(frozen=True, slots=True)
class Scope:
    """One step's view: its name and spans, and what the steps before it give."""

    step: str
    kind: str
    spans: SpanTree
    around: Surroundings
    outputs: Mapping[str, Mapping[str, Artifact]]
    needs: tuple[str, ...]
    items: tuple[str, ...] = ()
    #: Of items and their parts, by names such as `item.uri`, where the spec itself tells what they are.
    item_types: Mapping[str, str] = field(default_factory=dict)
    #: What is wrong although the step can be made, so that the rest of it, and the steps after it, are looked at, too.
    faults: list[Diagnostic] = field(default_factory=list)

    @property
    def names(self) -> Names:
        """The names of AWS resources."""
        return self.around.names

    @property
    def title(self) -> str:
        """The step's name as a state's name."""
        return self.step.replace("_", " ").capitalize()

    @property
    def data(self) -> Location:
        """Where the step's own data lies."""
        return Location(self.names.bucket("data"), f"{self.step}/", self._part)

    @property
    def models(self) -> Location:
        """Where the step's own models lie."""
        return Location(self.names.bucket("models"), f"{self.step}/")

    @property
    def _part(self) -> str | None:
        """What tells the rounds of the loops around the step apart."""
        loops = [item for item in self.items if item != FAILURE]
        return " & '-' & ".join(f"$string(${index_variable(item)})" for item in loops) or None

    def artifact(self, reference: str, wanted: type[ArtifactT], *path: str | int) -> ArtifactT:
        """What a reference stands for. Raises: SpecError with PG017 if it is not what is wanted at `path`."""
        found = self._find(reference[2:-1].split("."), *path)
        if isinstance(found, PerItem):
            raise self._per_item(reference[2:-1], found, *path)
        if not isinstance(found, wanted):
            message = f"'{reference}' is a {_noun(type(found))}, but '{path[-1]}' wants a {_noun(wanted)}"
            raise self.fault("PG017", message, f"refer to a {_noun(wanted)}", *path)
        return found

    def text(self, template: str, *path: str | int) -> Json:
        """Free text with references in it, as a JSON value for a state's arguments.

        Notes PG017 if one refers to something that is no text or number; the text stands at `path`.
        """
        parts: list[Json] = []
        end = 0
        for found in REFERENCE.finditer(template):
            parts.append(template[end : found.start()])
            parts.append(self.value(found.group(1), *path))
            end = found.end()
        return concatenate([*parts, template[end:]])

    def code(self, folder: str, key: str, python: tuple[int, int] = (3, 11)) -> Mapping[str, str]:
        """The user's files of a folder beside the spec, which the step names at `key`; `python` will run them.

        Raises: SpecError with PG062 if it cannot be taken, with PG065 for each file that is no Python.
        """
        try:
            files = self.around.read_code(folder)
        except CodeError as error:
            raise self.fault("PG062", str(error), error.help, key) from None
        span, root = self.spans.at(key).value, f"{folder}/" if folder else ""
        faults = [
            Diagnostic(span, "PG065", f"{root}{path}, line {line}: {message}", "mend the program")
            for path, line, message in syntax_faults(files, python)
        ]
        if faults:
            raise SpecError(faults)
        return files

    def fault(self, id: str, message: str, help: str, *path: str | int) -> SpecError:
        """A diagnostic at the value at `path` below this step."""
        return SpecError([Diagnostic(self.spans.at(*path).value, id, message, help)])

    def permission(self, role: RoleKey, sid: str, actions: tuple[str, ...], *resources: str) -> Permission:
        """Actions on resources, without conditions."""
        return Permission(role, sid, actions, resources)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Notes the faults that the block raises, and goes on after it."""
        try:
            yield
        except SpecError as error:
            self.faults.extend(error.diagnostics)

    def value(self, dotted: str, *path: str | int) -> Jsonata:
        """The expression of a reference, given without `${` and `}`; notes PG017, and gives null, if it has none."""
        try:
            return self._value(dotted, *path)
        except SpecError as error:
            self.faults.extend(error.diagnostics)
            return Jsonata("null")

    def _value(self, dotted: str, *path: str | int) -> Jsonata:
        found = self._find(dotted.split("."), *path)
        if isinstance(found, PerItem):
            raise self._per_item(dotted, found, *path)
        text = getattr(found, "text", None) or getattr(found, "value", None) or getattr(found, "uri", None)
        if isinstance(text, Jsonata):
            return text
        message = f"'${{{dotted}}}' is a {_noun(type(found))}, which has no value that a text could hold"
        raise self.fault("PG017", message, "refer to a number, a model, a table or the run", *path)

    def value_type(self, dotted: str, *path: str | int) -> str | None:
        """Whether a reference stands for text, a number, a boolean or a list; None where only the run knows."""
        found = self._find(dotted.split("."), *path)
        if isinstance(found, Value):
            return found.type
        if isinstance(found, Metric):
            return "number"
        return "text" if isinstance(found, (Model, StoredFiles)) else None  # the address of a model or of files

    def declared_type(self, dotted: str) -> str | None:
        """The name of a reference's type in the language where one was declared: int rather than a number."""
        found = self._find(dotted.split("."))
        return found.declared if isinstance(found, Value) else None

    def held_types(self, dotted: str) -> HeldTypes | None:
        """What the items of a list are known to be, or to have as parts."""
        found = self._find(dotted.split("."))
        return found.holds if isinstance(found, Value) else None

    def undeclared(self, dotted: str, wanted: str, *path: str | int) -> SpecError:
        """The fault of a reference whose type only the run knows, where a text, a number or a list is `wanted`."""
        found = self._find(dotted.split("."))
        if isinstance(found, PerItem):
            return self._per_item(dotted, found, *path)
        message = f"of '${{{dotted}}}' no type is declared, and {TYPE_NOUNS[wanted]} is wanted"
        root, *names = dotted.split(".")
        name = DECLARED_AS[wanted]
        help = f"have a step give the part that is meant, and declare it there: `result: {{<key>: {name}}}`"
        if root in self.items:
            help = "say what each item is with `of:` of the loop"
        elif root == "steps" and names[1:2] == ["result"] and len(names) == 3:
            help = f"declare it in step '{names[0]}': `result: {{{names[2]}: {name}}}`"
        return self.fault("PG135", message, help, *path)

    def _per_item(self, dotted: str, found: PerItem, *path: str | int) -> SpecError:
        if dotted.startswith(f"{FAILURE}."):
            message = f"'${{{dotted}}}' is known only where a failure is handled"
            return self.fault("PG104", message, "use it inside `on_failure:`", *path)
        message = f"'${{{dotted}}}' is there once for each item of '{found.loop}', and not outside of it"
        help = f"name it in `collect:` of '{found.loop}', and refer to ${{steps.{found.loop}.results}}"
        return self.fault("PG101", message, help, *path)

    def found(self, template: str) -> list[Artifact]:
        """What the references in a text stand for."""
        return [self._find(found.group(1).split(".")) for found in REFERENCE.finditer(template)]

    def _find(self, path: list[str], *at: str | int) -> Artifact:
        if path[0] == "datasets":
            return self.around.datasets[path[1]]
        if path == ["run", "environment"]:
            return Value(Jsonata(quote(self.around.environment)), "text")
        if path[0] == "run":
            return Value(RUN_VALUES[".".join(path)], "text")
        if path[0] == "parameters":
            given, place = Jsonata("$" + ".".join(path)), self.around.given_files.get(path[1])
            type = self.around.parameters.get(path[1], ANY)
            return GivenFiles(place, given) if place else declared_value(given, type, self.around.listed.get(path[1]))
        return self._output(path[1], ".".join(path[2:]), *at) if path[0] == "steps" else self._item(path)

    def _output(self, step: str, name: str, *at: str | int) -> Artifact:
        """What a step gives. Raises: SpecError with PG012 if it gives that only when it is written otherwise."""
        given = self.outputs[step]
        if name not in given:
            message = f"step '{step}' gives no '{name}' as it is written"
            raise self.fault("PG012", message, suggest(name, given, "it gives"), *at)
        return given[name]

    def _item(self, path: list[str]) -> Artifact:
        """An item of a loop around the step, a part of it, or its number."""
        if path[0] == FAILURE and FAILURE in self.items:
            said = FAILURE_SAID if path[1:] == ["cause"] else Jsonata("$" + ".".join(path))
            return Value(said, None if path[1:] == ["step"] else "text")
        for item in self.items:
            if path == [f"{item}_index"]:
                return Value(Jsonata(f"${index_variable(item)}"), "number")
            if path[0] == item:
                text = Jsonata(".".join((f"${item_variable(item)}", *path[1:])))
                return declared_value(text, self.item_types.get(".".join(path), ANY))
        return PerItem(self.step)


def _noun(artifact: type[Artifact]) -> str:
    names = {"DatedFiles": "folder of files", "RedisHashes": "Redis table", "StoredFiles": "folder of files"}
    return (names | {"Predictions": "set of predictions"}).get(artifact.__name__, artifact.__name__.lower())

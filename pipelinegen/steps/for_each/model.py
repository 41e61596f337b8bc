"""What a `for_each` step is in the spec and in the IR."""

import re
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, WithJsonSchema, model_validator

from pipelinegen.ir.expressions import concatenate, index_variable, item_variable
from pipelinegen.ir.model import (
    Artifact,
    DatedFiles,
    Json,
    Jsonata,
    Location,
    Loop,
    OutputFile,
    Permission,
    Step,
    Table,
    Value,
)
from pipelinegen.spec.fields import Identifier, RawStep, SpecValueError, StepName, exactly_one, given
from pipelinegen.steps.base import REFERENCE, Scope, StepSpec
from pipelinegen.steps.declared import TYPE_NOUNS, ItemTypes, declared_value
from pipelinegen.steps.for_each.items import check_of, held_by, item_of, listed, page_of
from pipelinegen.steps.for_each.permissions import list_objects, start_rounds, store_results

Scalar = str | int | float | bool
#: Rounds of an inline Map that run at the same time (Step Functions guide, 'Map state processing modes').
MOST_INLINE = 40
#: A round's states count as those of the execution, of whose history there are at most 25,000 events.
MOST_LITERAL = 1000
#: Roots of references, which an item cannot be called.
_ROOTS = frozenset({"datasets", "environment", "event", "failure", "parameters", "run", "steps"})
_S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<prefix>([A-Za-z0-9!_.=-]+/)*)")


def _item_name(value: str) -> str:
    if value in _ROOTS:
        raise SpecValueError(f"'{value}' is what other references start with", "call the item something else")
    return value


def _items(value: Any) -> Any:
    if isinstance(value, str) and not REFERENCE.fullmatch(value):
        raise SpecValueError(f"'{value[:60]}' is no list", "write a list, or refer to one: ${parameters.<name>}")
    return value


def _files(value: str) -> str:
    if not REFERENCE.fullmatch(value) and not _S3.fullmatch(value):
        help = "write ${steps.<step>.output} or s3://bucket/prefix/ with a final slash"
        raise SpecValueError(f"'{value[:60]}' is no folder", help)
    return value


Item = Scalar | dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], Scalar]
Folder = Annotated[
    str,
    AfterValidator(_files),
    WithJsonSchema({"type": "string", "pattern": rf"^(\$\{{[^{{}}]*\}}|{re.sub('[?]P<[a-z]+>', '', _S3.pattern)})$"}),
]
Items = Annotated[
    list[Item] | str,
    Field(min_length=1, max_length=MOST_LITERAL),
    AfterValidator(_items),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MOST_LITERAL,
                    "items": {
                        "anyOf": [
                            {"type": ["string", "number", "boolean"]},
                            {
                                "type": "object",
                                "patternProperties": {
                                    "^[A-Za-z_][A-Za-z0-9_]*$": {"type": ["string", "number", "boolean"]}
                                },
                                "additionalProperties": False,
                            },
                        ]
                    },
                },
                {"type": "string", "pattern": r"^\$\{[^{}]*\}$"},
            ]
        }
    ),
]


class ForEachSpec(StepSpec):
    """Keys of a `for_each` step: items, files or partitions, and the steps that each of them goes through."""

    model_config = ConfigDict(
        json_schema_extra={
            **cast(dict[str, JsonValue], exactly_one("items", "files", "partitions")["json_schema_extra"]),
            "if": given("of"),
            "then": {
                "properties": {"files": {"type": "null"}, "batch_size": {"type": "null"}},
                "anyOf": [
                    {"required": ["items"], "properties": {"items": {"type": "string"}}},
                    {
                        "required": ["partitions"],
                        "properties": {
                            "partitions": {"type": "string"},
                            "of": {"type": "object", "additionalProperties": {"const": "string"}},
                        },
                    },
                ],
            },
        }
    )

    kind: Literal["for_each"]
    items: Annotated[
        Items | None, Field(description="A list, a parameter of type list, or a step's result that is one")
    ] = None
    files: Annotated[Folder | None, Field(description="Each file below: a step's output, or s3://bucket/prefix/")] = (
        None
    )
    partitions: Annotated[
        Folder | None,
        Field(description="Each folder key=value directly below: a step's output, or s3://bucket/prefix/"),
    ] = None
    as_: Annotated[
        Identifier,
        AfterValidator(_item_name),
        Field(alias="as", description="What ${…} calls the item inside; ${<name>_index} counts from 0"),
    ] = "item"
    of: Annotated[
        ItemTypes | None,
        Field(description="What each item is, or what its parts are, where `items:` or `partitions:` do not say it"),
    ] = None
    max_parallel: Annotated[int, Field(ge=1, le=10000, description="Rounds at the same time")] = 10
    tolerated_failure_percentage: Annotated[
        int | None, Field(ge=1, le=100, description="The loop succeeds although so many rounds fail; runs distributed")
    ] = None
    batch_size: Annotated[
        int | None, Field(ge=2, le=1000, description="Items a round, which then is about a list of them")
    ] = None
    store_results: Annotated[
        bool,
        Field(
            description="What rounds give is written to the data bucket, where it is more than 256 KiB: "
            "${steps.<step>.manifest} then stands in the place of results and count; runs distributed"
        ),
    ] = False
    steps: Annotated[dict[StepName, RawStep], Field(min_length=1, description="What is done with each item")]
    collect: Annotated[
        Scalar | dict[Identifier, Scalar] | None,
        Field(description="What each round gives to ${steps.<step>.results}; true without"),
    ] = None

    @model_validator(mode="after")
    def _one_source(self) -> "ForEachSpec":
        if sum(source is not None for source in (self.items, self.files, self.partitions)) != 1:
            raise SpecValueError("a loop goes over one thing", "give one of `items:`, `files:`, `partitions:`")
        return self

    @model_validator(mode="after")
    def _of_what_is_unknown(self) -> "ForEachSpec":
        if self.of is None:
            return self
        if self.files is not None or isinstance(self.items, list) or self.batch_size is not None:
            message = "`of:` says what items are that only the run knows, one a round"
            raise SpecValueError(message, "leave it out: what these are is known")
        if self.partitions is not None and (isinstance(self.of, str) or set(self.of.values()) != {"string"}):
            message = "what the names of folders say is text"
            raise SpecValueError(message, "name the keys of the folders: `of: {day: string}`")
        return self

    @property
    def lacks(self) -> tuple[str, ...]:
        """The outputs of the kind that this step does not give."""
        return ("results", "count") if self.store_results else ("manifest",)

    @property
    def distributed(self) -> bool:
        """Whether each round is an execution of its own: for files, and for what an inline Map cannot do."""
        asked = self.tolerated_failure_percentage is not None or self.batch_size is not None
        return self.files is not None or asked or self.store_results or self.max_parallel > MOST_INLINE


@dataclass(frozen=True, slots=True)
class MapStateContext:
    """The Map state without its rounds, and the state that lists partitions before it, where there are any."""

    title: str
    start_title: str
    lists: bool
    list_title: str
    more_title: str
    nothing_listed: Json
    listing: Json
    partitions: Json
    more: Json
    items: Json
    distributed: bool
    reader: Json
    selector: Json
    max_parallel: int
    label: str
    tolerates: bool
    tolerated_failure_percentage: int | None
    batched: bool
    batch_size: int | None
    writer: Json
    assign: Json


def lower(spec: ForEachSpec, scope: Scope) -> Step:
    """The step as a Map over its steps, inline or distributed. Raises: SpecError with PG017, PG102, PG138."""
    _refuse_item_name(spec, scope)
    inside = replace(scope, items=(*scope.items, spec.as_))
    location = _location(spec, scope)
    label = scope.step.replace("_", "-")
    permissions: tuple[Permission, ...] = start_rounds(scope.names, label) if spec.distributed else ()
    if location:
        permissions = (*permissions, list_objects(location))
    found = _found(spec, scope, inside)
    if spec.store_results:
        permissions = (*permissions, *store_results(scope.data))
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"Each {spec.as_}: {', '.join(spec.steps)}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs=found.outputs,
        permissions=permissions,
        state=OutputFile(
            scope.title, "steps/for_each/state.asl.json.j2", _context(spec, scope, location, label, found.assign)
        ),
        assigns=tuple(found.assign),
        loop=Loop(
            item_variable(spec.as_), index_variable(spec.as_), spec.distributed, _collected(spec.collect, inside)
        ),
        summary=found.summary,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What a loop leaves: the variables of its Map state, and what other steps may refer to."""

    assign: dict[str, Json]
    outputs: dict[str, Artifact]
    summary: dict[str, Json]


def _found(spec: ForEachSpec, scope: Scope, inside: Scope) -> _Found:
    """The rounds' results and how many there are, or the address of the list of files that they were written to."""
    if spec.store_results:
        manifest = f"{scope.step}_manifest"
        written = "$states.result.ResultWriterDetails"
        assign: dict[str, Json] = {manifest: Jsonata(f"'s3://' & {written}.Bucket & '/' & {written}.Key")}
        value = Jsonata(f"${manifest}")
        return _Found(assign, {"manifest": Value(value, "text")}, {"manifest": value})
    results, count = f"{scope.step}_results", f"{scope.step}_count"
    return _Found(
        {results: Jsonata("[$states.result]"), count: Jsonata("$count($states.result)")},
        {
            "results": declared_value(Jsonata(f"${results}"), "list", held_by(spec.collect, inside)),
            "count": declared_value(Jsonata(f"${count}"), "int"),
        },
        {"count": Jsonata(f"${count}")},
    )


def _refuse_item_name(spec: ForEachSpec, scope: Scope) -> None:
    taken = {name for item in scope.items for name in (item, f"{item}_index")}
    if spec.as_ in taken or f"{spec.as_}_index" in taken:
        message = f"a loop around this one calls its item '{spec.as_}', too"
        raise scope.fault("PG102", message, "give the inner loop another `as:`", "as")


def _location(spec: ForEachSpec, scope: Scope) -> Location | None:
    """The folder that is gone through; None for a list."""
    key, given = ("files", spec.files) if spec.files else ("partitions", spec.partitions)
    if given is None:
        return None
    plain = _S3.fullmatch(given)
    if plain:
        return Location(plain["bucket"], plain["prefix"])
    found = scope.artifact(given, DatedFiles, key)
    if spec.partitions and isinstance(found, Table) and not found.dataset.partitions:
        message = f"'{given}' is a table without partitions, and the loop would have no rounds"
        help = f"give dataset '{found.dataset.name}' `partitions:`, or go through `files:`"
        raise scope.fault("PG138", message, help, key)
    return found.location


def _prefix(given: str, location: Location) -> Json:
    """Of a step's output only what this run wrote."""
    return location.prefix if _S3.fullmatch(given) else location.dated_prefix()


def _context(
    spec: ForEachSpec, scope: Scope, location: Location | None, label: str, assign: dict[str, Json]
) -> MapStateContext:
    listing: Json = None
    if location:
        listing = {"Bucket": location.bucket, "Prefix": _prefix(spec.files or spec.partitions or "", location)}
    found, page = f"{scope.step}_partitions", f"{scope.step}_page"
    items: Json = Jsonata(f"${found}") if spec.partitions else _given_items(spec, scope)
    return MapStateContext(
        title=scope.title,
        start_title=f"{scope.title}: begin list" if spec.partitions else scope.title,
        lists=spec.partitions is not None,
        list_title=f"{scope.title}: list",
        more_title=f"{scope.title}: more?",
        nothing_listed={found: [], page: ""},
        listing=page_of({**listing, "Delimiter": "/"}, page) if spec.partitions and isinstance(listing, dict) else None,
        partitions=listed(found, page),
        more=Jsonata(f"${page} != ''"),
        items=items,
        distributed=spec.distributed,
        reader={"Resource": "arn:${partition}:states:::s3:listObjectsV2", "Arguments": listing} if spec.files else None,
        selector={
            "item": item_of(spec.as_, spec.of, location, is_file=spec.files is not None),
            "index": Jsonata("$states.context.Map.Item.Index"),
        },
        max_parallel=spec.max_parallel,
        label=label,
        tolerates=spec.tolerated_failure_percentage is not None,
        tolerated_failure_percentage=spec.tolerated_failure_percentage,
        batched=spec.batch_size is not None,
        batch_size=spec.batch_size,
        writer=_writer(scope.data) if spec.store_results else None,
        assign=assign,
    )


def _given_items(spec: ForEachSpec, scope: Scope) -> Json:
    if isinstance(spec.items, str):
        type = scope.value_type(spec.items[2:-1], "items")
        if type is None:
            raise scope.undeclared(spec.items[2:-1], "list", "items")
        if type != "list":
            help = "refer to a list: a parameter of type list, or a step's result that is one"
            raise scope.fault("PG135", f"'{spec.items}' is {TYPE_NOUNS[type]}, and no list", help, "items")
        check_of(scope, spec.of, spec.items)
        value = scope.value(spec.items[2:-1], "items").text
        # One item alone would not be a list: JSONata makes no difference between the two.
        return Jsonata(f"[{value}]")
    return [_literal(item) for item in spec.items or ()]


def _literal(item: object) -> Json:
    """An item as it was written: no text of it is an expression."""
    if isinstance(item, dict):
        return {key: _literal(value) for key, value in item.items()}
    return concatenate([item]) if isinstance(item, str) else cast(Json, item)


def _writer(location: Location) -> Json:
    """Where the rounds' results are written: below the date, as a list of what each gave."""
    part = f" & '/part=' & {location.part}" if location.part else ""
    return {
        "Resource": "arn:${partition}:states:::s3:putObject",
        "Arguments": {"Bucket": location.bucket, "Prefix": Jsonata(f"'{location.prefix}date=' & $run_date{part}")},
        "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"},
    }


def _collected(collect: Scalar | dict[str, Scalar] | None, inside: Scope) -> Json:
    if collect is None:
        return True
    if isinstance(collect, dict):
        return {key: _value(value, inside, "collect", key) for key, value in collect.items()}
    return _value(collect, inside, "collect")


def _value(value: Scalar, scope: Scope, *path: str) -> Json:
    """A text that is one reference keeps the type of what it refers to; what was not made is null."""
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    if whole is None:
        return scope.text(value, *path)
    text = scope.value(whole.group(1), *path).text
    return Jsonata(f"$exists({text}) ? {text} : null")

"""One statement in Athena: where it runs, what it may touch, and the states that run it and count its rows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from pipelinegen.errors import suggest
from pipelinegen.ir import arns
from pipelinegen.ir.expressions import concatenate, expression
from pipelinegen.ir.model import Json, Jsonata, Location, Permission
from pipelinegen.spec.fields import StrictModel
from pipelinegen.steps.base import Scope
from pipelinegen.steps.permissions import STATES, use_key, write

Scalar = str | int | float | bool

#: What is no parameter though it looks like one, then a parameter.
_WORDS = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$\$.*?\$\$|(?<![:\w]):([a-z][a-z0-9_]*)", re.DOTALL
)
_READ = ("glue:BatchGetPartition", "glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable")
_WRITE = (
    "glue:BatchCreatePartition",
    "glue:CreatePartition",
    "glue:CreateTable",
    "glue:DeleteTable",
    "glue:UpdatePartition",
    "glue:UpdateTable",
)


class AthenaTableSpec(StrictModel):
    """A table of the Glue catalog, and where its files lie."""

    table: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,255}$", description="Name in the database")]
    location: Annotated[
        str,
        Field(
            pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([A-Za-z0-9._=/-]*/)?$",
            max_length=1000,
            description="Folder of its files, such as s3://bucket/folder/",
        ),
    ]


class AthenaSpec(StrictModel):
    """Where the statement runs, and on which tables."""

    workgroup: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$", description="Workgroup of Athena")] = "primary"
    database: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,255}$", description="Database of the Glue catalog")]
    reads: Annotated[list[AthenaTableSpec], Field(max_length=50, description="Tables that it reads")] = []
    writes: Annotated[
        list[AthenaTableSpec], Field(max_length=20, description="Tables that it makes, fills or drops")
    ] = []
    lake_formation: Annotated[bool, Field(description="Lake Formation grants the access to the tables' files")] = False


@dataclass(frozen=True, slots=True)
class AthenaStateContext:
    """The states: run the statement, then ask how many rows it wrote."""

    title: str
    count_title: str
    statement: Json
    started: Json
    id: Json
    counted: Json
    timeout_seconds: int


def athena_states(
    place: AthenaSpec, scope: Scope, sql: str, parameters: Mapping[str, Scalar], minutes: int
) -> AthenaStateContext:
    """What the states are rendered from. Raises: SpecError with PG017, PG086 for a parameter that is not given."""
    id, rows = f"{scope.step}_statement", f"{scope.step}_rows"
    text, names = _positional(scope, sql, parameters)
    output = scope.data.below("athena")
    statement: dict[str, Json] = {
        "QueryString": concatenate([text]),
        "QueryExecutionContext": {"Catalog": "AwsDataCatalog", "Database": place.database},
        "WorkGroup": place.workgroup,
        "ResultConfiguration": {
            "OutputLocation": output.dated(),
            "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "${data_key_arn}"},
        },
    }
    if names:
        statement["ExecutionParameters"] = [_literal(scope, name, parameters[name]) for name in names]
    return AthenaStateContext(
        title=scope.title,
        count_title=f"{scope.title}: count rows",
        statement=statement,
        started={id: Jsonata("$states.result.QueryExecution.QueryExecutionId")},
        id=Jsonata(f"${id}"),
        counted={rows: Jsonata("$exists($states.result.UpdateCount) ? $states.result.UpdateCount : 0")},
        timeout_seconds=minutes * 60,
    )


def athena_permissions(place: AthenaSpec, scope: Scope) -> tuple[Permission, ...]:
    """Running statements in one workgroup, on some tables and their files, with results in the pipeline's bucket."""
    title = scope.title.replace(" ", "")
    catalog = arns.arn("athena", "datacatalog/AwsDataCatalog")
    calls = ("GetQueryExecution", "GetQueryResults", "StartQueryExecution", "StopQueryExecution")
    found = [
        Permission(
            STATES,
            f"RunSql{title}",
            tuple(f"athena:{call}" for call in calls),
            (arns.arn("athena", f"workgroup/{place.workgroup}"),),
        ),
        Permission(
            STATES,
            f"ReadCatalog{title}",
            ("athena:GetDataCatalog",),
            (catalog,),
        ),
        Permission(STATES, f"ReadTables{title}", _READ, _tables(place, [*place.reads, *place.writes])),
        *write(STATES, f"KeepResults{title}", scope.data.below("athena")),
        Permission(STATES, f"FindBucket{title}", ("s3:GetBucketLocation",), (arns.bucket(scope.data.bucket),)),
        use_key(STATES),
    ]
    if place.writes:
        found.append(Permission(STATES, f"WriteTables{title}", _WRITE, _tables(place, place.writes)))
    for word, tables in (("Read", place.reads), ("Write", place.writes)):
        found.extend(_files(f"{word}Files{title}", tables, writes=word == "Write"))
    if place.lake_formation:
        why = "lakeformation:GetDataAccess takes no resource (service authorization reference)"
        found.append(Permission(STATES, f"AskLake{title}", ("lakeformation:GetDataAccess",), ("*",), (), why))
    return tuple(found)


def _tables(place: AthenaSpec, tables: list[AthenaTableSpec]) -> tuple[str, ...]:
    names = dict.fromkeys(item.table for item in tables)
    return (
        arns.arn("glue", "catalog"),
        arns.arn("glue", f"database/{place.database}"),
        *(arns.arn("glue", f"table/{place.database}/{name}") for name in names),
    )


def _files(sid: str, tables: list[AthenaTableSpec], *, writes: bool) -> list[Permission]:
    found = []
    for item in tables:
        bucket, _, prefix = item.location.removeprefix("s3://").partition("/")
        location = Location(bucket, prefix)
        actions = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")
        found.append(Permission(STATES, sid, actions if writes else actions[:1], (arns.objects(location),)))
        condition = (("StringLike", "s3:prefix", (f"{prefix}*",)),)
        found.append(Permission(STATES, f"{sid}List", ("s3:ListBucket",), (arns.bucket(bucket),), condition))
    return found


def _positional(scope: Scope, sql: str, parameters: Mapping[str, Scalar]) -> tuple[str, list[str]]:
    """The statement with `?` for each `:name`, and the names in that order; texts and comments are left alone."""
    names = bound_names(scope, sql, parameters)
    return _WORDS.sub(lambda found: "?" if found.group(1) else found.group(0), sql), names


def bound_names(scope: Scope, sql: str, parameters: Mapping[str, Scalar]) -> list[str]:
    """The names after `:` in a statement, in their order. Raises: SpecError with PG086 if one is not given."""
    names = [found.group(1) for found in _WORDS.finditer(sql) if found.group(1)]
    for name in names:
        if name not in parameters:
            help = suggest(name, parameters, "parameters")
            raise scope.fault("PG086", f"the SQL has a parameter ':{name}' that is not given", help, "sql")
    for name in parameters:
        if name not in names:
            fact = f"the SQL has no parameter ':{name}'"
            with scope.going_on():
                raise scope.fault("PG086", fact, suggest(name, names, "it has"), "parameters", name)
    return names


def _literal(scope: Scope, name: str, value: Scalar) -> Json:
    """A parameter as Athena reads it: as a literal of SQL, so that text stands in quotes, its own ones doubled."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    text = expression(scope.text(value, "parameters", name))
    return Jsonata(f'"\'" & $replace({text}, "\'", "\'\'") & "\'"')

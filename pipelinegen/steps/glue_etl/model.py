"""What a `glue_etl` step is in the spec and in the IR."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.ir.expressions import RUN_DATE
from pipelinegen.ir.model import Artifact, Dataset, GlueJob, Json, Location, OutputFile, RoleKey, Service, Step, Table
from pipelinegen.source import SpanTree
from pipelinegen.spec.fields import Identifier, SpecValueError, StrictModel, TimeoutMinutes
from pipelinegen.steps.base import REFERENCE, Reference, Scope, StepSpec
from pipelinegen.steps.glue_etl.contracts import input_settings, output_settings
from pipelinegen.steps.glue_etl.parameters import parameters_argument, used_parameters
from pipelinegen.steps.glue_etl.permissions import glue_permissions
from pipelinegen.steps.glue_etl.sql import check_program, check_sql
from pipelinegen.steps.glue_etl.terraform import glue_resources
from pipelinegen.steps.glue_etl.warehouse import file_permissions, warehouse_settings
from pipelinegen.steps.protection import PROTECTED, missing_keys
from pipelinegen.steps.unseen import SensitiveData

#: Runs of a job at a time; those of a loop come together.
_RUNS, _RUNS_IN_LOOPS = 3, 50
Inputs = Mapping[str, Dataset | Table]

JOB_ARGUMENTS: Mapping[str, str] = {
    "--enable-metrics": "true",
    "--enable-observability-metrics": "true",
    "--job-language": "python",
}


class WorkersSpec(StrictModel):
    """The Spark cluster of the job."""

    type: Annotated[
        Literal["G.1X", "G.2X", "G.4X", "G.8X"], Field(description="A worker's size; G.1X has 4 vCPU and 16 GiB")
    ] = "G.1X"
    count: Annotated[int, Field(ge=2, le=299, description="Workers, the driver included")] = 2
    autoscale: Annotated[
        bool, Field(description="Glue adds and removes workers as the job needs them; `count` is the most")
    ] = False


_SQL_OR_SCRIPT = ConfigDict(
    json_schema_extra={
        "oneOf": [{"required": [key], "properties": {key: {"type": "string"}}} for key in ("sql", "script")],
        "if": {"required": ["arguments"], "properties": {"arguments": {"minProperties": 1}}},
        "then": {"required": ["script"], "properties": {"script": {"type": "string"}}},
    }
)


class GlueEtlSpec(StepSpec):
    """Keys of a `glue_etl` step."""

    model_config = _SQL_OR_SCRIPT

    kind: Literal["glue_etl"]
    inputs: Annotated[
        dict[Identifier, Reference], Field(min_length=1, description="Tables by the name that the SQL or script uses")
    ]
    sql: Annotated[
        str | None, Field(min_length=1, description="Spark SQL; `:run_date` is the run's date, `:<name>` a parameter")
    ] = None
    script: Annotated[
        str | None,
        Field(
            pattern=r"^([A-Za-z0-9_][A-Za-z0-9_.-]*/)+[a-z_][a-z0-9_]*\.py$",
            max_length=200,
            description="Own code beside the spec, with transform(spark, tables, run_date, arguments) -> DataFrame",
        ),
    ] = None
    arguments: Annotated[
        dict[Identifier, str | int | float | bool],
        Field(max_length=50, description="What `script:` gets as arguments, all as text; may hold references"),
    ] = {}
    output: Annotated[Reference, Field(description="The dataset whose columns and checks the result must meet")]
    workers: WorkersSpec = WorkersSpec()
    spark: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^spark\.[A-Za-z0-9._-]+$", max_length=200)],
            Annotated[str, Field(pattern=r"^[^\s\x00-\x1f]+$", max_length=200)],
        ],
        Field(max_length=50, description="Further settings of Spark, such as spark.sql.shuffle.partitions"),
    ] = {}
    sensitive_data: SensitiveData = None
    timeout_minutes: TimeoutMinutes = 30

    @model_validator(mode="after")
    def _sql_or_script(self) -> "GlueEtlSpec":
        if (self.sql is None) == (self.script is None):
            raise SpecValueError("a job has SQL or a script", "give either `sql:` or `script:`")
        if self.arguments and self.script is None:
            raise SpecValueError("SQL takes no arguments but :run_date", "remove `arguments:`, or give `script:`")
        return self


@dataclass(frozen=True, slots=True)
class GlueScriptContext:
    """Constants of the generated script; where in the spec its SQL stands, if any, and what only Spark can judge."""

    title: str
    settings: Mapping[str, Any]
    written: SpanTree | None = field(default=None, compare=False, repr=False)
    doubts: tuple[Diagnostic, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class GlueStateContext:
    """The state that runs the job."""

    job_name: str
    arguments: Json
    timeout_seconds: int


def lower(spec: GlueEtlSpec, scope: Scope) -> Step:
    """The step with its job, script, state and roles.

    Raises: SpecError with PG017, PG018, PG019, PG023, PG062, PG080 to PG087, PG130, PG134.
    """
    inputs = {name: _input(scope, name, reference) for name, reference in spec.inputs.items()}
    wanted = scope.artifact(spec.output, Dataset, "output")
    if spec.sql is None:
        result, module, copies = check_program(scope, inputs, wanted, spec.sensitive_data), *_own_code(spec, scope)
    else:
        _refuse_references(scope, spec.sql)
        result, module, copies = check_sql(scope, spec.sql, inputs, wanted, spec.spark), None, {}
    output = result.output
    table = Table(output, scope.data, is_checked=True, ways=result.ways)
    report = Location(scope.names.bucket("data"), f"reports/{scope.step}/", scope.data.part)
    bookmarks = _bookmarks(scope, inputs)
    job = _job(spec, scope, report, inputs, has_code=bool(copies), has_bookmark=bookmarks is not None)
    settings = _settings(scope, spec, inputs, output, module)
    arguments = {
        **_arguments(inputs, table, report, settings.get("parameters", {}), bookmarks),
        **_own_arguments(spec, scope),
    }
    state = GlueStateContext(job.name, arguments, (spec.timeout_minutes + 10) * 60)
    sources = tuple(item.location for item in inputs.values() if isinstance(item, Table))
    permissions = glue_permissions(job, scope, sources, scope.data, report, _secrets(settings), bookmarks)
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"Glue job: {', '.join(inputs)} to {output.name}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"output": table},
        permissions=(*permissions, *file_permissions(job.role, scope.around.warehouse, _read(inputs))),
        resources=(job,),
        files=(_script(job, spec, scope, settings, result.doubts),),
        state=OutputFile(scope.title, "steps/glue_etl/state.asl.json.j2", state),
        copies=copies,
        resources_file=glue_resources(job, scope.names),
    )


def _script(
    job: GlueJob, spec: GlueEtlSpec, scope: Scope, settings: Mapping[str, Any], doubts: tuple[Diagnostic, ...]
) -> OutputFile:
    written = scope.spans.at("sql") if spec.sql else None
    context = GlueScriptContext(scope.title, settings, written, doubts)
    return OutputFile(job.script, "steps/glue_etl/script.py.j2", context)


def _bookmarks(scope: Scope, inputs: Inputs) -> Location | None:
    """Where the step keeps what it has read of its inputs. Raises: SpecError with PG138 for one in a loop."""
    marked = next((name for name, item in inputs.items() if isinstance(item, Dataset) and item.bookmark), None)
    if marked is None:
        return None
    if scope.items:
        message = f"'{marked}' is read from a bookmark, of which rounds of a loop would each keep their own"
        help = "read it in a step before the loop, or by a `window:`"
        raise scope.fault("PG138", message, help, "inputs", marked)
    return Location(scope.names.bucket("data"), f"bookmarks/{scope.step}/")


def _read(inputs: Inputs) -> list[Dataset]:
    """What is read from the warehouse."""
    return [item for item in inputs.values() if isinstance(item, Dataset)]


def _reads_database(scope: Scope, inputs: Inputs) -> bool:
    warehouse = scope.around.warehouse
    return bool(_read(inputs)) and warehouse is not None and warehouse.is_database


def _job(
    spec: GlueEtlSpec, scope: Scope, report: Location, inputs: Inputs, *, has_code: bool, has_bookmark: bool
) -> GlueJob:
    scaling = {"--enable-auto-scaling": "true"} if spec.workers.autoscale else {}
    return GlueJob(
        name=scope.names.glue_job(scope.step),
        step=scope.step,
        role=RoleKey(Service.GLUE, scope.step),
        script=f"glue/{scope.step}.py",
        worker_type=spec.workers.type,
        workers=spec.workers.count,
        timeout_minutes=spec.timeout_minutes,
        reads_warehouse=_reads_database(scope, inputs),
        arguments={**JOB_ARGUMENTS, **scaling},
        report=report,
        code=f"glue/{scope.step}" if has_code else None,
        concurrent_runs=1 if has_bookmark else _RUNS_IN_LOOPS if scope.items else _RUNS,
    )


def _own_code(spec: GlueEtlSpec, scope: Scope) -> tuple[str, Mapping[str, str]]:
    """The module of the user's script, and every file of its folder by its generated path."""
    assert spec.script is not None
    folder, _, name = spec.script.rpartition("/")
    files = scope.code(folder, "script")
    if name not in files:
        message = f"the folder '{folder}' has no {name}"
        raise scope.fault("PG062", message, "name a file that is there", "script")
    if any(path.split("/")[0] in ("runtime", "runtime.py", "pyspark", "boto3") for path in files):
        message = f"the folder '{folder}' would hide what the job itself imports"
        raise scope.fault("PG062", message, "rename what is called runtime, pyspark or boto3", "script")
    return name.removesuffix(".py"), {f"glue/{scope.step}/{path}": text for path, text in files.items()}


def _own_arguments(spec: GlueEtlSpec, scope: Scope) -> dict[str, Json]:
    """The arguments of the user's script; Glue takes text only."""
    texts = {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in spec.arguments.items()
    }
    return {f"--with_{name}": scope.text(text, "arguments", name) for name, text in texts.items()}


def _refuse_references(scope: Scope, sql: str) -> None:
    faults = [
        Diagnostic(
            scope.spans.at("sql").part(sql, found.start(), found.end()),
            "PG018",
            "references are not replaced inside SQL",
            "use :run_date and :<parameter>, and name tables under `inputs:`",
        )
        for found in REFERENCE.finditer(sql)
    ]
    if faults:
        raise SpecError(faults)


def _input(scope: Scope, name: str, reference: str) -> Dataset | Table:
    found = scope.artifact(reference, Artifact, "inputs", name)
    if isinstance(found, Table):
        return found
    if not isinstance(found, Dataset):
        raise scope.fault(
            "PG017", f"'{reference}' is no table", "refer to a dataset or to a step's output", "inputs", name
        )
    if found.table is None:
        message = f"dataset '{found.name}' has no `from:`, so nothing can be read from it"
        raise scope.fault("PG017", message, "refer to the output of the step that makes it", "inputs", name)
    if scope.around.warehouse is None:
        raise scope.fault(
            "PG023",
            f"dataset '{found.name}' is read from a warehouse, but the spec names none",
            "add `warehouse:`",
            "inputs",
            name,
        )
    without_key = list(missing_keys(scope, name, found))
    if without_key:
        raise SpecError(without_key)
    return found


def _settings(scope: Scope, spec: GlueEtlSpec, inputs: Inputs, output: Dataset, module: str | None) -> dict[str, Any]:
    read = _read(inputs)
    warehouse = scope.around.warehouse if read else None
    hides = any(column.protect in PROTECTED for item in read for column in item.columns)
    parameters = used_parameters(scope, spec.sql or "", inputs)
    return {
        "schema_version": 1,
        "step": scope.step,
        **({"parameters": parameters} if parameters else {}),
        "warehouse": warehouse and warehouse_settings(warehouse),
        "protection": {"secret": scope.around.protection_secret} if hides else None,
        "inputs": input_settings(scope, inputs),
        **({"sql": spec.sql.strip()} if spec.sql else {"script": module, "arguments": sorted(spec.arguments)}),
        **({"spark": dict(sorted(spec.spark.items()))} if spec.spark else {}),
        "output": output_settings(scope, output, inputs),
    }


def _secrets(settings: Mapping[str, Any]) -> tuple[str, ...]:
    given = [settings[key] for key in ("warehouse", "protection") if settings[key]]
    return tuple(item["secret"] for item in given if "secret" in item)


def _arguments(
    inputs: Inputs,
    output: Table,
    report: Location,
    parameters: Mapping[str, str],
    bookmarks: Location | None,
) -> dict[str, Json]:
    arguments: dict[str, Json] = {"--run_date": RUN_DATE, **parameters_argument(parameters), "--output": output.uri}
    arguments["--report"] = report.dated_file(".json")
    if bookmarks:
        arguments["--bookmarks"] = bookmarks.uri
    arguments.update({f"--input_{name}": item.uri for name, item in inputs.items() if isinstance(item, Table)})
    return arguments

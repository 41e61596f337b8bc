"""What a `glue_etl` step is in the spec and in the IR."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from pipelinegen.errors import SpecError
from pipelinegen.ir.expressions import RUN_DATE
from pipelinegen.ir.model import Artifact, Dataset, GlueJob, Json, Location, OutputFile, RoleKey, Service, Step, Table
from pipelinegen.spec.fields import Identifier, StrictModel, TimeoutMinutes
from pipelinegen.steps.base import REFERENCE, Reference, Scope, StepSpec
from pipelinegen.steps.glue_etl.contracts import input_settings, output_settings
from pipelinegen.steps.glue_etl.parameters import parameters_argument, used_parameters
from pipelinegen.steps.glue_etl.permissions import glue_permissions
from pipelinegen.steps.glue_etl.sql import check_sql
from pipelinegen.steps.glue_etl.terraform import glue_resources
from pipelinegen.steps.protection import PROTECTED, missing_keys

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


class GlueEtlSpec(StepSpec):
    """Keys of a `glue_etl` step."""

    kind: Literal["glue_etl"]
    inputs: Annotated[dict[Identifier, Reference], Field(min_length=1, description="Tables by the name the SQL uses")]
    sql: Annotated[
        str, Field(min_length=1, description="Spark SQL; `:run_date` is the run's date, `:<name>` a parameter")
    ]
    output: Annotated[Reference, Field(description="The dataset whose columns and checks the result must meet")]
    workers: WorkersSpec = WorkersSpec()
    timeout_minutes: TimeoutMinutes = 30


@dataclass(frozen=True, slots=True)
class GlueScriptContext:
    """Constants of the generated script."""

    title: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GlueStateContext:
    """The state that runs the job."""

    job_name: str
    arguments: Json
    timeout_seconds: int


def lower(spec: GlueEtlSpec, scope: Scope) -> Step:
    """The step with its job, script, state and roles. Raises: SpecError with PG017, PG018, PG019, PG023, PG130."""
    _refuse_references(scope, spec.sql)
    inputs = {name: _input(scope, name, reference) for name, reference in spec.inputs.items()}
    result = check_sql(scope, spec.sql, inputs, scope.artifact(spec.output, Dataset, "output"))
    output = result.output
    table = Table(output, scope.data, is_checked=True, ways=result.ways)
    role = RoleKey(Service.GLUE, scope.step)
    report = Location(scope.names.bucket("data"), f"reports/{scope.step}/", scope.data.part)
    reads_warehouse = any(isinstance(item, Dataset) for item in inputs.values())
    job = GlueJob(
        name=scope.names.glue_job(scope.step),
        step=scope.step,
        role=role,
        script=f"glue/{scope.step}.py",
        worker_type=spec.workers.type,
        workers=spec.workers.count,
        timeout_minutes=spec.timeout_minutes,
        reads_warehouse=reads_warehouse,
        arguments=JOB_ARGUMENTS,
        report=report,
    )
    settings = _settings(scope, spec, inputs, output)
    arguments = _arguments(inputs, table, report, settings.get("parameters", {}))
    state = GlueStateContext(job.name, arguments, (spec.timeout_minutes + 10) * 60)
    sources = tuple(item.location for item in inputs.values() if isinstance(item, Table))
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"Glue job: {', '.join(inputs)} to {output.name}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"output": table},
        permissions=glue_permissions(job, scope.names, sources, scope.data, report, _secrets(settings)),
        resources=(job,),
        files=(OutputFile(job.script, "steps/glue_etl/script.py.j2", GlueScriptContext(scope.title, settings)),),
        state=OutputFile(scope.title, "steps/glue_etl/state.asl.json.j2", state),
        resources_file=glue_resources(job, scope.names),
    )


def _refuse_references(scope: Scope, sql: str) -> None:
    if REFERENCE.search(sql):
        help = "use :run_date and :<parameter>, and name tables under `inputs:`"
        raise scope.fault("PG018", "references are not replaced inside SQL", help, "sql")


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


def _settings(
    scope: Scope, spec: GlueEtlSpec, inputs: Mapping[str, Dataset | Table], output: Dataset
) -> dict[str, Any]:
    warehouse = scope.around.warehouse if any(isinstance(item, Dataset) for item in inputs.values()) else None
    read = [column for item in inputs.values() if isinstance(item, Dataset) for column in item.columns]
    hides = any(column.protect in PROTECTED for column in read)
    parameters = used_parameters(scope, spec.sql, inputs)
    return {
        "schema_version": 1,
        "step": scope.step,
        **({"parameters": parameters} if parameters else {}),
        "warehouse": warehouse and {"kind": warehouse.kind, "secret": warehouse.secret, "database": warehouse.database},
        "protection": {"secret": scope.around.protection_secret} if hides else None,
        "inputs": input_settings(scope, inputs),
        "sql": spec.sql.strip(),
        "output": output_settings(scope, output, inputs),
    }


def _secrets(settings: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(settings[key]["secret"] for key in ("warehouse", "protection") if settings[key])


def _arguments(
    inputs: Mapping[str, Dataset | Table], output: Table, report: Location, parameters: Mapping[str, str]
) -> Json:
    arguments: dict[str, Json] = {"--run_date": RUN_DATE, **parameters_argument(parameters), "--output": output.uri}
    arguments["--report"] = report.dated_file(".json")
    arguments.update({f"--input_{name}": item.uri for name, item in inputs.items() if isinstance(item, Table)})
    return arguments

"""What an `sql` step is in the spec and in the IR."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from pipelinegen.errors import SpecError
from pipelinegen.ir.expressions import concatenate
from pipelinegen.ir.model import Json, Jsonata, OutputFile, ResourcesFile, Step, Value
from pipelinegen.spec.fields import Identifier, SecretName, SpecValueError, StrictModel, exactly_one
from pipelinegen.steps.base import REFERENCE, Scope, StepSpec
from pipelinegen.steps.sql.athena import AthenaSpec, athena_permissions, athena_states, bound_names
from pipelinegen.steps.sql.permissions import cluster_arn, statement_permissions, workgroup_arn
from pipelinegen.steps.sql.tables import second_statement, table_faults
from pipelinegen.steps.sql.terraform import WorkgroupContext, workgroup_resources
from pipelinegen.steps.statements import leaks_of_statement
from pipelinegen.steps.unseen import SensitiveData

Scalar = str | int | float | bool
INTERVAL_SECONDS = 10


class RedshiftSpec(StrictModel):
    """Where the statement runs: a serverless workgroup or a provisioned cluster."""

    model_config = exactly_one("workgroup", "cluster")

    workgroup: Annotated[
        str | None, Field(pattern=r"^[a-z0-9-]{3,64}$", description="Name of the serverless workgroup")
    ] = None
    cluster: Annotated[
        str | None, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$", description="Name of the provisioned cluster")
    ] = None
    database: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$", description="Database")]
    secret: Annotated[SecretName, Field(description="Secrets Manager name; holds username and password")]

    @model_validator(mode="after")
    def _one_place(self) -> "RedshiftSpec":
        if (self.workgroup is None) == (self.cluster is None):
            raise SpecValueError("a statement runs in one place", "give either `workgroup:` or `cluster:`")
        return self


class SqlSpec(StepSpec):
    """Keys of an `sql` step."""

    model_config = exactly_one("redshift", "athena")

    kind: Literal["sql"]
    redshift: Annotated[RedshiftSpec | None, Field(description="It runs in Redshift, through its Data API")] = None
    athena: Annotated[AthenaSpec | None, Field(description="It runs in Athena, on tables of the Glue catalog")] = None
    sql: Annotated[str, Field(min_length=1, max_length=50000, description="One statement, with parameters as :name")]
    parameters: Annotated[
        dict[Identifier, Scalar], Field(max_length=100, description="Values of :name; texts may hold references")
    ] = {}
    sensitive_data: SensitiveData = None
    timeout_minutes: Annotated[
        int, Field(ge=1, le=1440, description="At most 24 hours (Redshift Data API); it is cancelled then")
    ] = 60

    @model_validator(mode="after")
    def _one_engine(self) -> "SqlSpec":
        if (self.redshift is None) == (self.athena is None):
            raise SpecValueError("SQL is run by one engine", "give either `redshift:` or `athena:`")
        return self

    @field_validator("sql")
    @classmethod
    def _without_references(cls, value: str) -> str:
        if REFERENCE.search(value):
            raise SpecValueError("SQL holds no references", "write :name, and give it in `parameters:`", "PG018")
        return value


@dataclass(frozen=True, slots=True)
class SqlTitles:
    """Names of the states behind the first."""

    wait: str
    look: str
    over: str
    failed: str
    cancel: str
    timeout: str
    done: str


@dataclass(frozen=True, slots=True)
class SqlStateContext:
    """The states: start, look again and again, then done, failed or cancelled."""

    title: str
    titles: SqlTitles
    statement: Json
    started: Json
    id: Json
    seen: Json
    finished: Json
    broken: Json
    late: Json
    error: Json
    timeout_cause: str
    interval_seconds: int


def lower(spec: SqlSpec, scope: Scope) -> Step:
    """The step as a loop of states. Raises: SpecError with PG017, PG086, PG134."""
    place_of_sql, said = scope.spans.at("sql").value, spec.sensitive_data
    leaking = list(leaks_of_statement(scope, spec.sql, place_of_sql, said, always=spec.athena is not None))
    if leaking:
        raise SpecError(leaking)
    scope.faults.extend(second_statement(scope, spec.sql))
    id, rows = f"{scope.step}_statement", f"{scope.step}_rows"
    secrets: tuple[str, ...] = ()
    if spec.athena:
        scope.faults.extend(table_faults(spec.athena, scope, spec.sql))
        states = athena_states(spec.athena, scope, spec.sql, spec.parameters, spec.timeout_minutes)
        about, place = f"Athena database {spec.athena.database}", None
        permissions = athena_permissions(spec.athena, scope)
        state = OutputFile(scope.title, "steps/sql/athena.asl.json.j2", states)
    else:
        assert spec.redshift is not None
        redshift = spec.redshift
        bound_names(scope, spec.sql, spec.parameters)
        arn, place = _place(redshift, scope)
        about, secrets = f"Redshift database {redshift.database}", (redshift.secret,)
        permissions = statement_permissions(arn, redshift.secret)
        state = OutputFile(scope.title, "steps/sql/state.asl.json.j2", _context(spec, redshift, scope, id, rows))
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"SQL in the {about}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={"rows": Value(Jsonata(f"${rows}"), "number"), "statement_id": Value(Jsonata(f"${id}"), "text")},
        permissions=permissions,
        resources_file=place,
        secrets=secrets,
        state=state,
        assigns=(id, rows),
        summary={"rows": Jsonata(f"${rows}")},
    )


def _place(redshift: RedshiftSpec, scope: Scope) -> tuple[str, ResourcesFile | None]:
    """The ARN of the cluster or workgroup, and what Terraform has to look up for it."""
    if redshift.cluster:
        return cluster_arn(redshift.cluster), None
    variable = f"workgroup_{scope.step}"
    context = WorkgroupContext(scope.step, redshift.workgroup or "")
    return workgroup_arn(variable), workgroup_resources(context, variable)


def _context(spec: SqlSpec, redshift: RedshiftSpec, scope: Scope, id: str, rows: str) -> SqlStateContext:
    status, error, looks = (f"{scope.step}_{name}" for name in ("status", "error", "looks"))
    most = spec.timeout_minutes * 60 // INTERVAL_SECONDS
    names = ("wait", "look", "over?", "failed", "cancel", "too late", "done")
    return SqlStateContext(
        title=scope.title,
        titles=SqlTitles(*(f"{scope.title}: {name}" for name in names)),
        statement=_statement(spec, redshift, scope),
        started={id: Jsonata("$states.result.Id"), looks: 0},
        id=Jsonata(f"${id}"),
        seen={
            status: Jsonata("$states.result.Status"),
            error: Jsonata("$exists($states.result.Error) ? $states.result.Error : $states.result.Status"),
            rows: Jsonata("$exists($states.result.ResultRows) ? $states.result.ResultRows : 0"),
            looks: Jsonata(f"${looks} + 1"),
        },
        finished=Jsonata(f"${status} = 'FINISHED'"),
        broken=Jsonata(f"${status} in ['FAILED', 'ABORTED']"),
        late=Jsonata(f"${looks} >= {most}"),
        error=Jsonata(f"${error}"),
        timeout_cause=f"The statement took longer than {spec.timeout_minutes} minutes.",
        interval_seconds=INTERVAL_SECONDS,
    )


def _statement(spec: SqlSpec, place: RedshiftSpec, scope: Scope) -> Json:
    statement: dict[str, Json] = {
        "Sql": concatenate([spec.sql]),
        "Database": place.database,
        "SecretArn": place.secret,
        "StatementName": f"{scope.names.stem}-{scope.step}",
    }
    if place.cluster:
        statement["ClusterIdentifier"] = place.cluster
    if place.workgroup:
        statement["WorkgroupName"] = place.workgroup
    if spec.parameters:
        statement["Parameters"] = [
            {"Name": name, "Value": _text(value, scope, name)} for name, value in spec.parameters.items()
        ]
    return statement


def _text(value: Scalar, scope: Scope, name: str) -> Json:
    """A parameter's value, which the Data API takes as text only."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return scope.text(str(value), "parameters", name)

"""What a Glue job's role, and the state machine on its behalf, may do."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import GlueJob, Location, Permission
from pipelinegen.steps.base import Scope
from pipelinegen.steps.permissions import (
    STATES,
    attach_network,
    put,
    read,
    read_secrets,
    use_key,
    write,
    write_logs,
)


def glue_permissions(
    job: GlueJob,
    scope: Scope,
    sources: tuple[Location, ...],
    output: Location,
    report: Location,
    secrets: tuple[str, ...],
    bookmarks: Location | None,
) -> tuple[Permission, ...]:
    """The job reads code, inputs and secrets, and writes its output and report; the state machine runs and stops it."""
    role = job.role
    job_calls = ("glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun")
    permissions = [
        Permission(STATES, f"Run{_camel(job.step)}", job_calls, (arns.arn("glue", f"job/{job.name}"),)),
        *read(role, "ReadCode", Location(scope.names.bucket("code"), "glue/")),
        *write(role, "WriteOutput", output),
        put(role, "WriteReport", report),
        use_key(role),
        write_logs(role, "/aws-glue/jobs/*", "logs:AssociateKmsKey", "logs:CreateLogGroup"),
    ]
    if sources:
        permissions.extend(read(role, "ReadInputs", *sources))
    if bookmarks:
        permissions.extend((*read(role, "ReadBookmarks", bookmarks), put(role, "WriteBookmarks", bookmarks)))
    if secrets:
        permissions.append(read_secrets(role, *secrets))
    if job.reads_warehouse:
        connection = arns.arn("glue", f"connection/{scope.names.stem}-warehouse")
        permissions.append(
            Permission(role, "ReadConnection", ("glue:GetConnection",), (arns.arn("glue", "catalog"), connection))
        )
        permissions.extend(attach_network(role, "security_group_glue", scope.around.subnets))
    return tuple(permissions)


def _camel(step: str) -> str:
    return "".join(part.capitalize() for part in step.split("_"))

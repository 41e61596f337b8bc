"""The Terraform of a Glue job."""

from dataclasses import dataclass

from pipelinegen.ir.model import ContentKeys, GlueJob, ResourcesFile
from pipelinegen.ir.names import Names, role_label


@dataclass(frozen=True, slots=True)
class GlueResourcesContext:
    """One job and its security configuration."""

    label: str
    name: str
    role: str
    script_location: str
    worker_type: str
    workers: int
    timeout_minutes: int
    in_vpc: bool
    library_key: str
    arguments: tuple[tuple[str, str], ...]
    concurrent_runs: int


def glue_resources(job: GlueJob, names: Names) -> ResourcesFile:
    """terraform/step_<step>.tf."""

    def context(keys: ContentKeys) -> GlueResourcesContext:
        arguments = dict(keys.glue_arguments(job))
        library = arguments.pop("--extra-py-files")
        return GlueResourcesContext(
            label=job.step,
            name=job.name,
            role=role_label(job.role),
            script_location=f"s3://{names.bucket('code')}/{keys.script_key(job.script)}",
            worker_type=job.worker_type,
            workers=job.workers,
            timeout_minutes=job.timeout_minutes,
            in_vpc=job.reads_warehouse,
            library_key=library.split("/", 3)[3],
            arguments=tuple(arguments.items()),
            concurrent_runs=job.concurrent_runs,
        )

    return ResourcesFile("steps/glue_etl/resources.tf.j2", context)

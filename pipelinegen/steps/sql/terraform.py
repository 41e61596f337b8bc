"""The Terraform of a statement: ARNs of workgroups hold an id, which is looked up by the name."""

from dataclasses import dataclass

from pipelinegen.ir.model import ContentKeys, ResourcesFile


@dataclass(frozen=True, slots=True)
class WorkgroupContext:
    """A workgroup that exists already."""

    label: str
    workgroup: str


def workgroup_resources(context: WorkgroupContext, variable: str) -> ResourcesFile:
    """terraform/step_<step>.tf, which gives the workgroup's id to the policies."""

    def made(keys: ContentKeys) -> WorkgroupContext:
        del keys  # no content of ours is in it
        return context

    expression = f"data.aws_redshiftserverless_workgroup.{context.label}.workgroup_id"
    return ResourcesFile("steps/sql/resources.tf.j2", made, {variable: expression})

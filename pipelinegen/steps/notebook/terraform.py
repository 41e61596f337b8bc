"""The Terraform of a notebook instance."""

from dataclasses import dataclass

from pipelinegen.ir.model import ContentKeys, ResourcesFile, RoleKey
from pipelinegen.ir.names import role_label
from pipelinegen.steps.base import Scope


@dataclass(frozen=True, slots=True)
class NotebookResourcesContext:
    """One instance."""

    label: str
    name: str
    role: str
    instance_type: str
    volume_gib: int


def notebook_resources(scope: Scope, role: RoleKey, instance_type: str, volume_gib: int) -> ResourcesFile:
    """terraform/step_<step>.tf."""
    name = scope.names.job_prefix(scope.step)
    context = NotebookResourcesContext(scope.step, name, role_label(role), instance_type, volume_gib)

    def made(keys: ContentKeys) -> NotebookResourcesContext:
        del keys  # nothing in it is named by content
        return context

    return ResourcesFile("steps/notebook/resources.tf.j2", made)

"""What a `notebook` step is in the spec and in the IR."""

from typing import Annotated, Literal

from pydantic import Field

from pipelinegen.ir.model import RoleKey, SagemakerJob, Service, Step
from pipelinegen.spec.fields import StrictModel
from pipelinegen.steps.base import Reference, Scope, StepSpec
from pipelinegen.steps.notebook.permissions import notebook_permissions
from pipelinegen.steps.notebook.terraform import notebook_resources
from pipelinegen.steps.processing import stored
from pipelinegen.steps.sagemaker_instances import NotebookInstanceType


class NotebookInstanceSpec(StrictModel):
    """The machine of a notebook."""

    type: Annotated[NotebookInstanceType, Field(description="Instance type")] = "ml.t3.medium"
    volume_gib: Annotated[int, Field(ge=5, le=16384, description="Disk of the machine")] = 20


class NotebookSpec(StepSpec):
    """Keys of a `notebook` step."""

    kind: Literal["notebook"]
    reads: Annotated[
        list[Reference], Field(description="Tables, models and folders that it may read, those of every run")
    ] = []
    instance: Annotated[NotebookInstanceSpec, Field(description="The machine")] = NotebookInstanceSpec()


def lower(spec: NotebookSpec, scope: Scope) -> Step:
    """The step as an instance; it has no state, for it is there all the time. Raises: SpecError with PG017."""
    role = RoleKey(Service.SAGEMAKER, scope.step)
    found = [stored(scope, reference, "reads", index) for index, reference in enumerate(spec.reads)]
    sources = tuple(dict.fromkeys(location for location, _ in found))
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or "SageMaker notebook without internet",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={},
        permissions=notebook_permissions(scope, role, sources),
        resources=(SagemakerJob(scope.step, role, spec.instance.type),),
        resources_file=notebook_resources(scope, role, spec.instance.type, spec.instance.volume_gib),
    )

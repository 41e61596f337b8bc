"""The Terraform of the API's service."""

import re
from dataclasses import dataclass

from pipelinegen.ir.model import Api, ContentKeys, ResourcesFile
from pipelinegen.ir.names import role_label
from pipelinegen.steps.terraform import Variable, variables


@dataclass(frozen=True, slots=True)
class SecretVariable:
    """An environment variable that ECS reads from a field of a secret."""

    key: str
    label: str
    field: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that exists already, under its label in the Terraform files."""

    label: str
    name: str


@dataclass(frozen=True, slots=True)
class ApiResourcesContext:
    """Cluster, service, task, load balancer, certificate and logs."""

    label: str
    name: str
    front: str
    role: str
    image: str
    domain: str
    cpu_units: int
    memory_mib: int
    tasks: int
    log_group: str
    environment: tuple[Variable, ...]
    secrets: tuple[SecretVariable, ...]
    secret_names: tuple[Secret, ...]


def api_resources(api: Api) -> ResourcesFile:
    """terraform/step_<step>.tf."""
    names = sorted({secret for secret, _ in api.secrets.values()})
    labels = {name: f"{api.step}_{re.sub('[^a-z0-9]+', '_', name.lower())}" for name in names}
    context = ApiResourcesContext(
        label=api.step,
        name=api.name,
        front=api.front,
        role=role_label(api.role),
        image=api.image,
        domain=api.domain,
        cpu_units=api.cpu_units,
        memory_mib=api.memory_mib,
        tasks=api.tasks,
        log_group=f"/ecs/{api.name}",
        environment=variables(api.environment),
        secrets=tuple(SecretVariable(key, labels[name], part) for key, (name, part) in sorted(api.secrets.items())),
        secret_names=tuple(Secret(label, name) for name, label in labels.items()),
    )

    def made(keys: ContentKeys) -> ApiResourcesContext:
        del keys  # the image is named by a template variable
        return context

    exports = {f"load_balancer_{api.step}": f"aws_lb.{api.step}.arn_suffix"}
    return ResourcesFile("steps/api/resources.tf.j2", made, exports)

"""The Terraform of the API's service."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelinegen.ir.model import Api, ContentKeys, ResourcesFile
from pipelinegen.ir.names import role_label
from pipelinegen.steps.terraform import Variable, variables

if TYPE_CHECKING:
    from pipelinegen.steps.api.model import ApiSpec


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
    max_tasks: int | None
    cpu_percent: int | None
    requests_per_5_minutes: int | None


def api_resources(api: Api, spec: "ApiSpec", redis_secret: str) -> ResourcesFile:
    """terraform/step_<step>.tf for the tasks, terraform/step_<step>_front.tf for the way to them."""
    names = sorted({secret for secret, _ in api.secrets.values()} - {redis_secret})
    labels = {name: f"{api.step}_{re.sub('[^a-z0-9]+', '_', name.lower())}" for name in names}
    own = tuple(Secret(label, name) for name, label in labels.items())
    # The secret of Redis is made by the same apply, so that it is looked up where it is made.
    labels[redis_secret] = "redis"
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
        secret_names=own,
        max_tasks=spec.scaling.max_tasks if spec.scaling else None,
        cpu_percent=spec.scaling.cpu_percent if spec.scaling else None,
        requests_per_5_minutes=spec.firewall.requests_per_5_minutes if spec.firewall else None,
    )

    def made(keys: ContentKeys) -> ApiResourcesContext:
        del keys  # the image is named by a template variable
        return context

    exports = {f"load_balancer_{api.step}": f"aws_lb.{api.step}.arn_suffix"}
    return ResourcesFile("steps/api/resources.tf.j2", made, exports, parts=(("front", "steps/api/front.tf.j2"),))

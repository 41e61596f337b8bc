"""The Terraform of an endpoint: its log group, and the alarms that take an update back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelinegen.ir.model import ContentKeys, ResourcesFile
from pipelinegen.steps.base import Scope

if TYPE_CHECKING:
    from pipelinegen.steps.endpoint.model import EndpointSpec

_MICROSECONDS = 1000


@dataclass(frozen=True, slots=True)
class EndpointAlarm:
    """One metric of the endpoint, and its bound over a minute."""

    label: str
    name: str
    description: str
    metric: str
    statistic: str
    threshold: int


@dataclass(frozen=True, slots=True)
class EndpointResourcesContext:
    """Log group, alarms."""

    label: str
    name: str
    alarms: tuple[EndpointAlarm, ...]


def alarms(spec: "EndpointSpec", scope: Scope) -> tuple[EndpointAlarm, ...]:
    """The alarms of an endpoint on instances; a serverless one has none."""
    if spec.instance is None:
        return ()
    stem, given = scope.names.job_prefix(scope.step), spec.rollback
    errors = EndpointAlarm(
        label=f"{scope.step}_errors",
        name=f"{stem}-errors",
        description=f"Endpoint {stem} answers with errors of its own.",
        metric="Invocation5XXErrors",
        statistic="Sum",
        threshold=given.max_errors_per_minute if given else 0,
    )
    if given is None or given.max_latency_ms is None:
        return (errors,)
    slow = f"Endpoint {stem} takes longer than {given.max_latency_ms} ms."
    bound = given.max_latency_ms * _MICROSECONDS
    return (errors, EndpointAlarm(f"{scope.step}_latency", f"{stem}-latency", slow, "ModelLatency", "Average", bound))


def endpoint_resources(spec: "EndpointSpec", scope: Scope, name: str) -> ResourcesFile:
    """terraform/step_<step>.tf."""
    context = EndpointResourcesContext(scope.step, name, alarms(spec, scope))

    def made(keys: ContentKeys) -> EndpointResourcesContext:
        del keys  # nothing in it is named by content
        return context

    return ResourcesFile("steps/endpoint/resources.tf.j2", made)

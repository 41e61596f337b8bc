"""Security groups, one a service, and who may open connections to whom."""

from dataclasses import dataclass

from pipelinegen.emit.base import Workbench
from pipelinegen.emit.terraform_network import GATEWAYS, Network, called_services, functions
from pipelinegen.ir.model import Api, GlueJob, RedisCache, SagemakerJob

HTTPS, REDIS_PORT, API_PORT = 443, 6379, 8080
WAREHOUSE_PORTS = {"redshift": 5439, "postgresql": 5432, "mysql": 3306}
ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A service's place in the network."""

    label: str
    name: str
    description: str
    reaches_s3: bool
    attached_at_run_time: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """One service may open connections to another; `target_id` is the other's group in Terraform."""

    source: str
    target: str
    target_id: str
    port: int
    description: str


@dataclass(frozen=True, slots=True)
class OutsideEdge:
    """A service may open connections to addresses outside of the VPC."""

    source: str
    label: str
    cidr: str
    port: int
    description: str


def security_groups(bench: Workbench, network: Network | None) -> tuple[SecurityGroup, ...]:
    """One group a service that the pipeline has in its network."""
    if network is None:
        return ()
    found: dict[str, tuple[str, bool]] = {}
    if network.interface_endpoints:
        found["endpoints"] = ("Interface endpoints of AWS services", False)
    if _glue_in_network(bench):
        found["glue"] = ("Glue jobs", True)
    if bench.resources(SagemakerJob):
        found["sagemaker"] = ("SageMaker jobs", True)
    if bench.resources(RedisCache):
        found["redis"] = ("Redis", False)
    for function in functions(bench):
        found[function.step] = (f"Function {function.name}", True)
    for api in bench.resources(Api):
        found[f"{api.step}_front"] = (f"Load balancer of {api.name}", False)
        found[api.step] = (f"Tasks of {api.name}", True)
    return tuple(
        SecurityGroup(
            label, f"{bench.names.stem}-{label.replace('_', '-')}", text, reaches_s3, label in ("glue", "sagemaker")
        )
        for label, (text, reaches_s3) in found.items()
    )


def edges(bench: Workbench, network: Network | None) -> tuple[Edge, ...]:
    """Who may open connections to whom inside the VPC."""
    if network is None:
        return ()
    found: list[tuple[str, str, int, str]] = []
    if _glue_in_network(bench):
        found.append(("glue", "endpoints", HTTPS, "AWS services"))
    for function in functions(bench):
        found.append((function.step, "endpoints", HTTPS, "AWS services"))
        if function.reaches_redis:
            found.append((function.step, "redis", REDIS_PORT, "Predictions in Redis"))
    for api in bench.resources(Api):
        found.append((f"{api.step}_front", api.step, API_PORT, "Requests"))
        found.append((api.step, "endpoints", HTTPS, "AWS services"))
        found.append((api.step, "redis", REDIS_PORT, "Reads predictions"))
    has_endpoints = bool(called_services(bench) - set(GATEWAYS))
    return tuple(
        Edge(source, target, _group_id(target, network), port, text)
        for source, target, port, text in found
        if target != "endpoints" or has_endpoints
    )


def self_edges(bench: Workbench) -> tuple[str, ...]:
    """Groups whose members talk to each other on any port: Spark's driver and workers, hosts that train together."""
    together = any(job.hosts > 1 for job in bench.resources(SagemakerJob))
    return (*(("glue",) if _glue_in_network(bench) else ()), *(("sagemaker",) if together else ()))


def outside_edges(bench: Workbench) -> tuple[OutsideEdge, ...]:
    """The ways out: Glue jobs to the warehouse, by private addresses, and functions that ask for the internet."""
    warehouse = bench.pipeline.warehouse
    found = []
    if warehouse and warehouse.kind in WAREHOUSE_PORTS and _glue_in_network(bench):
        cidr, port = bench.pipeline.infrastructure.warehouse_cidr, WAREHOUSE_PORTS[warehouse.kind]
        found.append(OutsideEdge("glue", "warehouse", cidr, port, f"The {warehouse.kind} warehouse"))
    found.extend(
        OutsideEdge(function.step, "internet", ANYWHERE, HTTPS, "The internet, which the step asks for")
        for function in functions(bench)
        if function.internet
    )
    return tuple(found)


def _glue_in_network(bench: Workbench) -> bool:
    return any(job.reads_warehouse for job in bench.resources(GlueJob))


def _group_id(target: str, network: Network) -> str:
    return network.endpoints_group if target == "endpoints" else f"aws_security_group.{target}.id"

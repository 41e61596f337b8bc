"""The network of one environment: a VPC without a way to the internet, and who in it may talk to whom."""

from dataclasses import dataclass

from pipelinegen.emit.base import Workbench
from pipelinegen.ir.model import Api, GlueJob, LambdaFunction, RedisCache, SagemakerJob

CIDR = "10.20.0.0/16"
SUBNETS = {"a": "10.20.0.0/20", "b": "10.20.16.0/20"}
HTTPS, REDIS_PORT, API_PORT = 443, 6379, 8080
WAREHOUSE_PORTS = {"redshift": 5439, "postgresql": 5432, "mysql": 3306}
#: Where warehouses are reached: private addresses by peering or a transit gateway, never the internet.
PRIVATE_ADDRESSES = "10.0.0.0/8"


@dataclass(frozen=True, slots=True)
class Subnet:
    """A private subnet in one zone."""

    label: str
    zone: str
    cidr: str
    name: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An interface endpoint of an AWS service."""

    label: str
    service_name: str


@dataclass(frozen=True, slots=True)
class Network:
    """The VPC."""

    cidr: str
    s3_service_name: str
    subnets: tuple[Subnet, ...]
    interface_endpoints: tuple[Endpoint, ...]
    flow_log_role: str | None = None


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A service's place in the network."""

    label: str
    name: str
    description: str
    reaches_s3: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """One service may open connections to another."""

    source: str
    target: str
    from_port: int
    to_port: int
    description: str


@dataclass(frozen=True, slots=True)
class OutsideEdge:
    """A service may open connections to addresses outside of the VPC."""

    source: str
    label: str
    cidr: str
    port: int
    description: str


def network(bench: Workbench) -> Network | None:
    """The VPC with the interface endpoints that its services need, and no others."""
    region, stem = bench.pipeline.region, bench.names.stem
    subnets = tuple(Subnet(zone, f"{region}{zone}", cidr, f"{stem}-private-{zone}") for zone, cidr in SUBNETS.items())
    prefix = f"com.amazonaws.{region}"
    endpoints = tuple(Endpoint(name.replace(".", "_"), f"{prefix}.{name}") for name in _endpoints(bench))
    return Network(CIDR, f"{prefix}.s3", subnets, endpoints)


def _endpoints(bench: Workbench) -> list[str]:
    wanted = {"logs"}
    if bench.resources(GlueJob):
        wanted |= {"glue", "kms", "secretsmanager"}
    if _functions(bench):
        wanted |= {"kms", "secretsmanager"}
    if bench.resources(Api):
        wanted |= {"ecr.api", "ecr.dkr", "secretsmanager"}
    return sorted(wanted)


def _functions(bench: Workbench) -> list[LambdaFunction]:
    return [function for function in bench.resources(LambdaFunction) if function.in_vpc]


def security_groups(bench: Workbench) -> tuple[SecurityGroup, ...]:
    """One group a service that the pipeline has."""
    found: dict[str, tuple[str, bool]] = {"endpoints": ("Interface endpoints of AWS services", False)}
    if bench.resources(GlueJob):
        found["glue"] = ("Glue jobs", True)
    if bench.resources(SagemakerJob):
        found["sagemaker"] = ("SageMaker jobs", True)
    if bench.resources(RedisCache):
        found["redis"] = ("Redis", False)
    for function in _functions(bench):
        found[function.step] = (f"Function {function.name}", True)
    for api in bench.resources(Api):
        found[f"{api.step}_front"] = (f"Load balancer of {api.name}", False)
        found[api.step] = (f"Tasks of {api.name}", True)
    return tuple(
        SecurityGroup(label, f"{bench.names.stem}-{label.replace('_', '-')}", text, reaches_s3)
        for label, (text, reaches_s3) in found.items()
    )


def edges(bench: Workbench) -> tuple[Edge, ...]:
    """Who may open connections to whom inside the VPC."""
    found: list[Edge] = []
    if bench.resources(GlueJob):
        found.append(Edge("glue", "glue", 0, 65535, "Spark driver and workers talk on any port"))
        found.append(Edge("glue", "endpoints", HTTPS, HTTPS, "AWS services"))
    for function in _functions(bench):
        found.append(Edge(function.step, "endpoints", HTTPS, HTTPS, "AWS services"))
        if function.reaches_redis:
            found.append(Edge(function.step, "redis", REDIS_PORT, REDIS_PORT, "Loads predictions"))
    for api in bench.resources(Api):
        found.append(Edge(f"{api.step}_front", api.step, API_PORT, API_PORT, "Requests"))
        found.append(Edge(api.step, "endpoints", HTTPS, HTTPS, "AWS services"))
        found.append(Edge(api.step, "redis", REDIS_PORT, REDIS_PORT, "Reads predictions"))
    return tuple(found)


def outside_edges(bench: Workbench) -> tuple[OutsideEdge, ...]:
    """The one way out: Glue jobs to the warehouse, by private addresses."""
    warehouse = bench.pipeline.warehouse
    if warehouse is None or not any(job.reads_warehouse for job in bench.resources(GlueJob)):
        return ()
    port = WAREHOUSE_PORTS[warehouse.kind]
    return (OutsideEdge("glue", "warehouse", PRIVATE_ADDRESSES, port, f"The {warehouse.kind} warehouse"),)

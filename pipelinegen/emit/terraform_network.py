"""The network of one environment: an own VPC or an existing one, and the endpoints that its services call through."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from pipelinegen.emit.base import Workbench
from pipelinegen.ir.infrastructure import ExistingNetwork, OwnNetwork, Peer
from pipelinegen.ir.model import Api, GlueJob, LambdaFunction, RedisCache, RoleKey, SagemakerJob, Service

#: Calls that a service makes for its job by a way of its own, so that none of them goes through the VPC.
ON_BEHALF: Mapping[Service, frozenset[str]] = {
    Service.ECS: frozenset({"kms"}),
    Service.GLUE: frozenset({"ec2"}),
    Service.LAMBDA: frozenset({"ec2", "kms", "logs", "sqs", "xray"}),
    Service.SAGEMAKER: frozenset({"cloudwatch", "ec2", "ecr", "kms", "logs"}),
}
#: Endpoints that have another name than the prefix of the calls (AWS PrivateLink guide, "Services that integrate").
ENDPOINTS: Mapping[str, tuple[str, ...]] = {
    "cloudwatch": ("monitoring",),
    "ecr": ("ecr.api", "ecr.dkr"),
    "sagemaker": ("sagemaker.api",),
    "ses": ("email",),
}
#: Reached by routes, without an interface and without a price.
GATEWAYS = ("dynamodb", "s3")


@dataclass(frozen=True, slots=True)
class PrivateSubnet:
    """A private subnet: its label, what it is in Terraform, and for an own one where it lies; for another its id."""

    label: str
    reference: str
    name: str = ""
    zone: str = ""
    cidr: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint of an AWS service."""

    label: str
    service_name: str


@dataclass(frozen=True, slots=True)
class Internet:
    """The one way out, for steps that ask for it: a public subnet with a NAT gateway."""

    cidr: str
    zone: str
    name: str


@dataclass(frozen=True, slots=True)
class Network:
    """The VPC; `own` or `existing` is None."""

    own: OwnNetwork | None
    existing: ExistingNetwork | None
    vpc: str
    subnets: tuple[PrivateSubnet, ...]
    peerings: tuple[Peer, ...]
    transit_peers: tuple[Mapping[str, str], ...]
    transit_gateways: tuple[Mapping[str, str], ...]
    gateway_endpoints: tuple[Endpoint, ...]
    interface_endpoints: tuple[Endpoint, ...]
    endpoints_group: str
    route_table_ids: str
    s3_prefix_list: str
    looks_up_s3: bool
    s3_service_name: str
    internet: Internet | None


def network(bench: Workbench) -> Network | None:
    """The VPC with the endpoints that its services need, and no others; None where nothing lies in a VPC."""
    if not roles_in_network(bench) and not bench.resources(RedisCache):
        return None
    found = bench.pipeline.infrastructure.network
    own = found if isinstance(found, OwnNetwork) else None
    existing = found if isinstance(found, ExistingNetwork) else None
    peers = own.peers if own else ()
    services = called_services(bench)
    theirs = existing.endpoints_security_group_id if existing else None
    without_gateway = existing is not None and not existing.route_table_ids
    return Network(
        own=own,
        existing=existing,
        vpc="aws_vpc.main.id" if own else "data.aws_vpc.main.id",
        subnets=_subnets(bench, own, existing),
        peerings=tuple(peer for peer in peers if peer.peering_id),
        transit_peers=_transit_peers(peers),
        transit_gateways=tuple({"id": id, "label": label} for id, label in _transit_gateways(peers).items()),
        gateway_endpoints=() if without_gateway else _endpoints(bench, services, GATEWAYS),
        interface_endpoints=() if theirs else _endpoints(bench, services, services - set(GATEWAYS)),
        endpoints_group=f'"{theirs}"' if theirs else "aws_security_group.endpoints.id",
        route_table_ids=_listed(existing.route_table_ids) if existing else "[aws_route_table.private.id]",
        s3_prefix_list="data.aws_prefix_list.s3.id" if without_gateway else "aws_vpc_endpoint.s3.prefix_list_id",
        looks_up_s3=without_gateway,
        s3_service_name=f"com.amazonaws.{bench.pipeline.region}.s3",
        internet=_internet(bench, own) if own and _wants_internet(bench) else None,
    )


def called_services(bench: Workbench) -> set[str]:
    """The services whose endpoints are needed: what the roles of services in the VPC may call from there, and S3."""
    found = {"s3"}
    roles = roles_in_network(bench)
    for role in bench.pipeline.roles:
        if role.key not in roles:
            continue
        calls = {_service(action) for item in role.permissions for action in item.actions}
        for prefix in calls - ON_BEHALF.get(role.key.service, frozenset()):
            found.update(ENDPOINTS.get(prefix, (prefix,)))
    return found


def _service(action: str) -> str:
    """The prefix of an action; asking an endpoint is a service of its own in the network."""
    return "sagemaker.runtime" if action == "sagemaker:InvokeEndpoint" else action.split(":")[0]


def roles_in_network(bench: Workbench) -> set[RoleKey]:
    """The roles whose code runs in the VPC."""
    return {
        *(job.role for job in bench.resources(GlueJob) if job.reads_warehouse),
        *(function.role for function in functions(bench)),
        *(api.role for api in bench.resources(Api)),
        *(job.role for job in bench.resources(SagemakerJob)),
    }


def functions(bench: Workbench) -> list[LambdaFunction]:
    """The functions in the VPC."""
    return [function for function in bench.resources(LambdaFunction) if function.in_vpc]


def _wants_internet(bench: Workbench) -> bool:
    return any(function.internet for function in functions(bench))


def _subnets(bench: Workbench, own: OwnNetwork | None, existing: ExistingNetwork | None) -> tuple[PrivateSubnet, ...]:
    if own:
        stem = bench.names.stem
        return tuple(
            PrivateSubnet(
                item.label, f"aws_subnet.private_{item.label}", f"{stem}-private-{item.label}", item.zone, item.cidr
            )
            for item in own.subnets
        )
    ids = existing.private_subnet_ids if existing else ()
    return tuple(
        PrivateSubnet(label, f"data.aws_subnet.private_{label}", id=id)
        for label, id in zip("abcdef", ids, strict=False)
    )


def _endpoints(bench: Workbench, wanted: set[str], among: Collection[str]) -> tuple[Endpoint, ...]:
    names = sorted(name for name in wanted if name in among)
    return tuple(
        Endpoint(name.replace(".", "_").replace("-", "_"), f"com.amazonaws.{bench.pipeline.region}.{name}")
        for name in names
    )


def _transit_gateways(peers: tuple[Peer, ...]) -> dict[str, str]:
    """Each transit gateway once, and the name of its first peer, by which its attachment is called."""
    first: dict[str, str] = {}
    for peer in peers:
        if peer.transit_gateway_id:
            first.setdefault(peer.transit_gateway_id, peer.name)
    return first


def _transit_peers(peers: tuple[Peer, ...]) -> tuple[Mapping[str, str], ...]:
    labels = _transit_gateways(peers)
    return tuple(
        {"name": peer.name, "cidr": peer.cidr, "transit_gateway_id": id, "attachment": labels[id]}
        for peer in peers
        if (id := peer.transit_gateway_id)
    )


def _listed(ids: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{id}"' for id in ids) + "]"


def _internet(bench: Workbench, own: OwnNetwork) -> Internet:
    """The last /28 of the VPC: AWS's smallest subnet, and a NAT gateway needs one address."""
    last = list(IPv4Network(own.cidr).subnets(new_prefix=28))[-1]
    return Internet(str(last), own.subnets[0].zone, f"{bench.names.stem}-public")

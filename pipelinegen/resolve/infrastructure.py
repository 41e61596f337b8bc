"""The network and what is around the steps: addresses that fit, and overlap with no others."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from itertools import combinations

from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.ir.infrastructure import Budget, ExistingNetwork, Infrastructure, OwnNetwork, Peer, Subnet
from pipelinegen.ir.model import Pipeline
from pipelinegen.resolve.draft import Draft
from pipelinegen.source import SpanTree
from pipelinegen.spec.infrastructure import NetworkSpec
from pipelinegen.spec.pipeline import PipelineSpec

DEFAULT_CIDR = "10.20.0.0/16"
DEFAULT_ZONES = ("a", "b")
#: Of a VPC: AWS takes /16 to /28; below /24 the subnets would be too small for Glue, SageMaker and Lambda together.
_LARGEST, _SMALLEST = 16, 24
#: A subnet has at most 4096 addresses, so that a large VPC keeps room.
_SUBNET = 20
#: VPC user guide, 'VPC CIDR blocks': "Some AWS services use the 172.17.0.0/16 CIDR range", SageMaker among them.
_TAKEN_BY_AWS = IPv4Network("172.17.0.0/16")
_PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"))


def lay_out_network(draft: Draft) -> Draft:
    """The draft with its infrastructure. Reports PG141 for addresses that do not fit, PG142 for those that overlap."""
    spec = draft.spec
    faults = [*_odd_addresses(draft), *_missing_reader(draft)]
    if not faults:
        faults = _overlaps(draft)
    if faults:
        return draft.reporting(faults)
    found = Infrastructure(
        network=network_of(spec.network, draft.place.region),
        warehouse_cidr=spec.network.warehouse_cidr,
        budget=_budget(spec),
        deadline_minutes=spec.deadline_minutes,
        log_retention_days=spec.log_retention_days,
        destroyable=spec.destroyable,
        permissions_boundary=spec.permissions_boundary,
    )
    return replace(draft, infrastructure=found)


def network_of(spec: NetworkSpec, region: str) -> OwnNetwork | ExistingNetwork:
    """The network that the spec asks for, in a region."""
    if spec.vpc_id:
        tables, subnets = tuple(spec.route_table_ids or ()), tuple(spec.private_subnet_ids or ())
        return ExistingNetwork(spec.vpc_id, subnets, tables, spec.endpoints_security_group_id)
    cidr = spec.cidr or DEFAULT_CIDR
    zones = spec.zones or DEFAULT_ZONES
    peers = tuple(Peer(name, item.cidr, item.peering_id, item.transit_gateway_id) for name, item in spec.peers.items())
    subnets_of = zip(zones, _subnets(IPv4Network(cidr), len(zones)), strict=False)
    return OwnNetwork(cidr, tuple(Subnet(zone, f"{region}{zone}", str(part)) for zone, part in subnets_of), peers)


def _subnets(network: IPv4Network, count: int) -> list[IPv4Network]:
    bits = (count - 1).bit_length()
    return list(network.subnets(new_prefix=max(_SUBNET, network.prefixlen + bits)))[:count]


def _budget(spec: PipelineSpec) -> Budget | None:
    if spec.budget is None:
        return None
    email = spec.budget.notify or (spec.on_failure.notify if spec.on_failure and spec.on_failure.notify else "")
    return Budget(spec.budget.monthly_usd, email)


def _missing_reader(draft: Draft) -> list[Diagnostic]:
    spec = draft.spec
    if spec.budget is None or spec.budget.notify or (spec.on_failure and spec.on_failure.notify):
        return []
    span = draft.spans.at("budget").label
    return [Diagnostic(span, "PG023", "nobody would be told of the budget", "add `notify:` to it")]


def _odd_addresses(draft: Draft) -> list[Diagnostic]:
    """Blocks whose address is not their first, are not private, or have a size that no VPC may have."""
    spec, spans = draft.spec.network, draft.spans.at("network")
    blocks: list[tuple[str, tuple[str, ...]]] = [(spec.cidr, ("cidr",))] if spec.cidr else []
    blocks += [(peer.cidr, ("peers", name, "cidr")) for name, peer in spec.peers.items()]
    blocks.append((spec.warehouse_cidr, ("warehouse_cidr",)))
    faults = []
    for text, path in blocks:
        network = IPv4Network(text, strict=False)
        message, help = _oddity(network, text, is_own=path == ("cidr",))
        if message:
            faults.append(Diagnostic(spans.at(*path).value, "PG141", message, help))
    return faults


def _oddity(network: IPv4Network, text: str, *, is_own: bool) -> tuple[str, str]:
    if str(network) != text:
        return f"'{text}' starts inside of its block", f"write {network}"
    if not any(network.subnet_of(block) for block in _PRIVATE):
        return f"'{text}' is no block of private addresses", "take one of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
    if is_own and network.overlaps(_TAKEN_BY_AWS):
        return f"'{text}' holds addresses that SageMaker uses inside of its machines, {_TAKEN_BY_AWS}", "take others"
    if is_own and network.prefixlen < _LARGEST:
        return f"'{text}' is larger than AWS makes a VPC", f"take /{_LARGEST} to /{_SMALLEST}"
    if is_own and network.prefixlen > _SMALLEST:
        return f"'{text}' has no room for the steps in subnets of two zones", f"take /{_LARGEST} to /{_SMALLEST}"
    return "", ""


def _overlaps(draft: Draft) -> list[Diagnostic]:
    """The own addresses against those of peers, of peers against each other, and of environments that meet at peers."""
    spec, spans = draft.spec.network, draft.spans.at("network")
    if spec.vpc_id:
        return []
    known = {"the VPC": IPv4Network(spec.cidr or DEFAULT_CIDR)}
    faults = []
    for name, peer in spec.peers.items():
        block = IPv4Network(peer.cidr)
        for other, taken in known.items():
            if block.overlaps(taken):
                message = f"the addresses {block} of peer '{name}' overlap those of {other}, {taken}"
                span = spans.at("peers", name, "cidr").value
                faults.append(
                    Diagnostic(span, "PG142", message, "networks that are joined need addresses of their own")
                )
        known[f"peer '{name}'"] = block
    return faults


def refuse_meeting_environments(pipelines: Sequence[Pipeline], spans: SpanTree) -> None:
    """Raises: SpecError with PG142 if two environments with the same addresses have a route to the same network."""
    faults = []
    for first, second in combinations(pipelines, 2):
        one, other = first.infrastructure.network, second.infrastructure.network
        if not (isinstance(one, OwnNetwork) and isinstance(other, OwnNetwork) and _meet(one, other)):
            continue
        if IPv4Network(one.cidr).overlaps(IPv4Network(other.cidr)):
            names = f"'{first.environment}' and '{second.environment}'"
            message = (
                f"environments {names} have overlapping addresses, {one.cidr} and {other.cidr}, and meet at a peer"
            )
            help = f"give '{second.environment}' a `network: {{cidr: …}}` of its own in its `overrides:`"
            faults.append(Diagnostic(spans.at("environments", second.environment).label, "PG142", message, help))
    if faults:
        raise SpecError(faults)


def _meet(one: OwnNetwork, other: OwnNetwork) -> bool:
    """Whether both have a route to one network: by its addresses, or by the transit gateway that joins them."""
    return any(
        IPv4Network(peer.cidr).overlaps(IPv4Network(their.cidr))
        or (peer.transit_gateway_id is not None and peer.transit_gateway_id == their.transit_gateway_id)
        for peer in one.peers
        for their in other.peers
    )

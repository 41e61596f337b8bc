"""Where the pipeline lies: its network, and what is kept, watched and paid for around its steps."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subnet:
    """A private subnet of the own VPC, in one zone."""

    label: str
    zone: str
    cidr: str


@dataclass(frozen=True, slots=True)
class Peer:
    """A network that the own VPC has a route to; one of the two ids is given."""

    name: str
    cidr: str
    peering_id: str | None
    transit_gateway_id: str | None


@dataclass(frozen=True, slots=True)
class OwnNetwork:
    """A VPC that only this pipeline uses."""

    cidr: str
    subnets: tuple[Subnet, ...]
    peers: tuple[Peer, ...]

    @property
    def subnet_labels(self) -> tuple[str, ...]:
        """What the private subnets are called: the letters of their zones."""
        return tuple(subnet.label for subnet in self.subnets)


@dataclass(frozen=True, slots=True)
class ExistingNetwork:
    """A VPC that is there already; without `route_table_ids` it has a gateway endpoint of S3."""

    vpc_id: str
    private_subnet_ids: tuple[str, ...]
    route_table_ids: tuple[str, ...]
    endpoints_security_group_id: str | None

    @property
    def subnet_labels(self) -> tuple[str, ...]:
        """What the private subnets are called: a, b and so on, in the order of the spec."""
        return tuple("abcdef"[: len(self.private_subnet_ids)])


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of one step's own, by which other people than the pipeline's owner are told."""

    step: str
    name: str
    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """US dollars a month, and who is told when they are spent."""

    monthly_usd: int
    email: str


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """Everything about one environment that is no step's."""

    network: OwnNetwork | ExistingNetwork
    warehouse_cidr: str
    budget: Budget | None
    deadline_minutes: int | None
    log_retention_days: int
    destroyable: bool
    permissions_boundary: str | None


@dataclass(frozen=True, slots=True)
class ModelRegistry:
    """The group of a pipeline's model versions in SageMaker; steps that share it declare it equally."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class HttpConnection:
    """A connection of EventBridge: the field of a secret's JSON that is sent in a header."""

    step: str
    name: str
    header: str
    secret: str
    field: str


@dataclass(frozen=True, slots=True)
class ServerlessBounds:
    """What a serverless cache may grow to."""

    storage_gb: int
    ecpu_per_second: int


@dataclass(frozen=True, slots=True)
class RedisCache:
    """The pipeline's Redis; steps that share it declare it equally. A serverless one has bounds instead of nodes."""

    node_type: str
    nodes: int
    serverless: ServerlessBounds | None = None

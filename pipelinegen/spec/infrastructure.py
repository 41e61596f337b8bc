"""Keys about where the pipeline lies: network, peers, money, alarms, how long logs are kept, what may be destroyed."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, model_validator

from pipelinegen.spec.fields import Email, Identifier, PositiveInt, SpecValueError, StrictModel, exactly_one, text_field

_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_ADDRESS = rf"({_OCTET}\.){{3}}{_OCTET}"
#: What CloudWatch Logs takes (PutRetentionPolicy), from a month on.
LogRetentionDays = Literal[30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]

Cidr = Annotated[
    str,
    *text_field(
        rf"{_ADDRESS}/([89]|[12][0-9]|3[0-2])", "block of addresses", "write it like 10.20.0.0/16, from /8 to /32"
    ),
]
PolicyName = Annotated[
    str, *text_field(r"[A-Za-z0-9+=,.@_-]{1,128}", "policy name", "name an IAM policy of the account, without its ARN")
]
VpcId = Annotated[str, *text_field(r"vpc-[0-9a-f]{8,17}", "VPC id", "write it like vpc-0123456789abcdef0")]
SubnetId = Annotated[str, *text_field(r"subnet-[0-9a-f]{8,17}", "subnet id", "write it like subnet-0123456789abcdef0")]
RouteTableId = Annotated[
    str, *text_field(r"rtb-[0-9a-f]{8,17}", "route table id", "write it like rtb-0123456789abcdef0")
]
SecurityGroupId = Annotated[
    str, *text_field(r"sg-[0-9a-f]{8,17}", "security group id", "write it like sg-0123456789abcdef0")
]
PeeringId = Annotated[str, *text_field(r"pcx-[0-9a-f]{8,17}", "peering id", "write it like pcx-0123456789abcdef0")]
TransitGatewayId = Annotated[
    str, *text_field(r"tgw-[0-9a-f]{8,17}", "transit gateway id", "write it like tgw-0123456789abcdef0")
]


def _each_once(values: list[str]) -> list[str]:
    twice = next((value for number, value in enumerate(values) if value in values[:number]), None)
    if twice:
        raise SpecValueError(f"'{twice}' is given twice", "name each once")
    return values


_EACH_ONCE = (AfterValidator(_each_once), Field(json_schema_extra={"uniqueItems": True}))


class PeerSpec(StrictModel):
    """Another network that is reached by private addresses, and the way there."""

    model_config = exactly_one("peering_id", "transit_gateway_id")

    cidr: Annotated[Cidr, Field(description="The other network's addresses")]
    peering_id: Annotated[PeeringId | None, Field(description="An accepted VPC peering connection")] = None
    transit_gateway_id: Annotated[
        TransitGatewayId | None, Field(description="A transit gateway; the VPC is attached to it")
    ] = None

    @model_validator(mode="after")
    def _one_way(self) -> "PeerSpec":
        if (self.peering_id is None) == (self.transit_gateway_id is None):
            raise SpecValueError("a peer is reached by `peering_id` or `transit_gateway_id`", "give one of them")
        return self


_ABSENT: dict[str, JsonValue] = {"type": "null"}
_THEIRS = ("private_subnet_ids", "route_table_ids", "endpoints_security_group_id")
_OURS = ("cidr", "zones", "peers")
#: What the schema says of it; `_own_or_existing` says the same to the compiler.
_OWN_OR_EXISTING: dict[str, JsonValue] = {
    "oneOf": [
        {"properties": dict.fromkeys(("vpc_id", *_THEIRS), _ABSENT)},
        {
            "required": ["vpc_id", "private_subnet_ids"],
            "properties": {
                "vpc_id": {"not": _ABSENT},
                "private_subnet_ids": {"not": _ABSENT},
                "cidr": _ABSENT,
                "zones": _ABSENT,
                "peers": {"maxProperties": 0},
            },
        },
    ]
}


class NetworkSpec(StrictModel):
    """The pipeline's own VPC, or one that exists already, by ids."""

    model_config = ConfigDict(json_schema_extra=_OWN_OR_EXISTING)

    cidr: Annotated[Cidr | None, Field(description="Addresses of the own VPC, /16 to /24; by default 10.20.0.0/16")] = (
        None
    )
    zones: Annotated[
        Annotated[list[Annotated[str, Field(pattern="^[a-f]$")]], *_EACH_ONCE] | None,
        Field(min_length=2, max_length=4, description="Letters of the own VPC's availability zones; by default a, b"),
    ] = None
    peers: Annotated[
        dict[Identifier, PeerSpec], Field(description="Networks that the own VPC has a route to, by name")
    ] = {}
    vpc_id: Annotated[VpcId | None, Field(description="A VPC that exists, instead of an own one")] = None
    private_subnet_ids: Annotated[
        Annotated[list[SubnetId], *_EACH_ONCE] | None,
        Field(min_length=2, max_length=6, description="Private subnets of that VPC, in two zones or more"),
    ] = None
    route_table_ids: Annotated[
        Annotated[list[RouteTableId], *_EACH_ONCE] | None,
        Field(min_length=1, description="Their route tables, where that VPC has no gateway endpoint of S3 yet"),
    ] = None
    endpoints_security_group_id: Annotated[
        SecurityGroupId | None,
        Field(description="Where that VPC has interface endpoints already: the security group that guards them"),
    ] = None
    warehouse_cidr: Annotated[
        Cidr, Field(description="Private addresses of the warehouse, which Glue jobs may connect to")
    ] = "10.0.0.0/8"

    @model_validator(mode="after")
    def _own_or_existing(self) -> "NetworkSpec":
        if self.vpc_id and not self.private_subnet_ids:
            help = "name at least two private subnets in `private_subnet_ids:`"
            raise SpecValueError(f"'{self.vpc_id}' is given without private subnets", help, "PG140")
        mixed = [key for key in (_OURS if self.vpc_id else _THEIRS) if getattr(self, key)]
        if mixed:
            whose = (
                "an own VPC; `vpc_id` names another" if self.vpc_id else "an existing VPC, and no `vpc_id` names one"
            )
            raise SpecValueError(f"`{mixed[0]}` is a key of {whose}", f"remove `{mixed[0]}:`", "PG140")
        return self


class BudgetSpec(StrictModel):
    """When somebody is told that the pipeline costs more than it should."""

    monthly_usd: Annotated[PositiveInt, Field(description="US dollars a month, by the tag `pipeline`")]
    notify: Annotated[
        Email | None, Field(description="Who is told at 80 % and at 100 %; by default whom failures are told")
    ] = None

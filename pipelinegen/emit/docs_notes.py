"""What those who apply a pipeline's Terraform should know of it, a sentence or two each."""

from collections.abc import Iterable

from pipelinegen.emit.base import Workbench
from pipelinegen.emit.terraform_network import network
from pipelinegen.emit.terraform_redis import ROTATION_DAYS
from pipelinegen.ir.model import HttpApi, RedisCache


def notes(bench: Workbench) -> Iterable[str]:
    """The notes, in the order in which they matter."""
    yield from _about_the_network(bench)
    around, names = bench.pipeline.infrastructure, bench.names
    if bench.resources(RedisCache):
        yield (
            f"Redis: the apply makes the secret `{names.redis_secret()}` and has it rotated at once, which gives the "
            f"one user its password; it gets a new one every {ROTATION_DAYS} days, and the one before stays valid "
            "until then. Nobody writes or sees it."
        )
    yield from _about_events(bench)
    for api in bench.resources(HttpApi):
        yield (
            f"The API answers at `{api.domain}` to callers of this account that sign with IAM and may "
            "`execute-api:Invoke`; point the domain at the regional name of its API Gateway domain."
        )
    if around.destroyable:
        yield "`terraform destroy` removes everything, with all data: the spec says `destroyable: true`."
    else:
        yield (
            "Buckets, keys and the promoted pointer are never destroyed: Terraform refuses a plan that would. Where an "
            "environment may go, say `destroyable: true` in the spec."
        )
    if around.budget:
        yield (
            f"{around.budget.email} is told at 80 % of {around.budget.monthly_usd} US dollars a month, and when all of "
            "it is foreseen. AWS counts by the tag `pipeline` once that is activated as a cost allocation tag."
        )


def _about_the_network(bench: Workbench) -> Iterable[str]:
    place = network(bench)
    if place is None:
        return
    services = [item.service_name.split(".", 3)[3] for item in (*place.gateway_endpoints, *place.interface_endpoints)]
    if place.existing:
        owner = f"The VPC `{place.existing.vpc_id}` belongs to others; the pipeline adds security groups"
        yield f"{owner} and endpoints of {', '.join(services)}." if services else f"{owner} and no endpoint."
    elif place.own:
        way = "one NAT gateway for the steps that ask for it" if place.internet else "no way to the internet"
        yield f"Network: {place.own.cidr}, with {way}; AWS is reached by endpoints of {', '.join(services)}."


def _about_events(bench: Workbench) -> Iterable[str]:
    triggers = bench.pipeline.triggers
    for name in sorted({item.foreign_bucket for item in triggers if item.foreign_bucket}):
        yield (
            f"The bucket `{name}` belongs to others: a new object starts this pipeline only once its owner has "
            "switched on the bucket's events to EventBridge (S3 console: Properties, Amazon EventBridge), in this "
            "account and region."
        )
    buses = sorted({item.bus for item in triggers} - {"default"})
    if buses:
        yield f"Event buses that the apply expects to be there: {', '.join(f'`{name}`' for name in buses)}."

"""What those who apply a pipeline's Terraform should know of it, a sentence or two each."""

import re
from collections.abc import Iterable

from pipelinegen.emit.base import Workbench
from pipelinegen.emit.terraform_network import network
from pipelinegen.emit.terraform_redis import ROTATION_DAYS
from pipelinegen.ir.model import Api, GlueJob, HttpApi, ModelRegistry, RedisCache, SagemakerJob


def notes(bench: Workbench) -> Iterable[str]:
    """The notes, in the order in which they matter."""
    yield from _about_the_network(bench)
    yield from _about_quotas(bench)
    yield from _about_redis(bench)
    yield from _about_events(bench)
    yield from _about_apis(bench)
    yield from _about_people(bench)
    for step in bench.pipeline.steps:
        if step.sensitive_data:
            said = " ".join(step.sensitive_data.split())
            yield f"Nobody can look into step `{step.name}`; of sensitive columns the spec says: {said}"
    if any(isinstance(item, GlueJob | SagemakerJob) for step in bench.pipeline.steps for item in step.resources):
        yield (
            "Logs of Glue and SageMaker lie in groups that these services make and share (`/aws-glue/jobs/…`, "
            "`/aws/sagemaker/…`), and that nobody expires: set their retention once an account."
        )
    if bench.pipeline.infrastructure.destroyable:
        yield "`terraform destroy` removes everything, with all data: the spec says `destroyable: true`."
        for group in bench.resources(ModelRegistry):
            yield f"Before it, delete the model versions in the registry's group `{group.name}` by hand."
    else:
        yield (
            "Buckets, keys and the promoted pointer are never destroyed: Terraform refuses a plan that would. Where an "
            "environment may go, say `destroyable: true` in the spec."
        )


def before_the_first_apply(bench: Workbench) -> Iterable[str]:
    """What has to be there besides secrets."""
    yield "the bucket of your Terraform states, versioned and encrypted"
    region = bench.pipeline.region
    domains = [api.domain for api in bench.resources(Api)] + [api.domain for api in bench.resources(HttpApi)]
    for domain in domains:
        yield f"a certificate of ACM in {region}, issued for `{domain}`"


def _about_quotas(bench: Workbench) -> Iterable[str]:
    """Of larger machines a new account has none, and jobs fail for it."""
    texts = [file.text for path, file in bench.files.items() if path.startswith("sagemaker/")]
    found = sorted({name for text in texts for name in re.findall(r'"(ml\.[a-z0-9.]+)"', text)})
    if found:
        yield (
            f"Machines of SageMaker: {', '.join(f'`{name}`' for name in found)}. A new account may have none of them: "
            f"look at SageMaker's quotas for jobs, spot jobs and endpoints in {bench.pipeline.region}, and ask for "
            "what is missing before the first run."
        )


def _about_redis(bench: Workbench) -> Iterable[str]:
    if bench.resources(RedisCache):
        yield (
            f"Redis: the apply makes the secret `{bench.names.redis_secret()}` and has it rotated at once, which gives "
            f"the one user its password; it gets a new one every {ROTATION_DAYS} days, and the one before stays valid "
            "until then. Nobody writes or sees it."
        )


def _about_apis(bench: Workbench) -> Iterable[str]:
    for api in bench.resources(Api):
        yield (
            f"The API answers at `{api.domain}` to private addresses, `var.{api.step}_clients_cidr`; point the domain "
            f"at the output `{api.step}_load_balancer`, in a private zone that the callers' networks ask."
        )
    for http_api in bench.resources(HttpApi):
        yield (
            f"The API answers at `{http_api.domain}` to callers of this account that sign with IAM and may "
            f"`execute-api:Invoke`; point the domain at the output `{http_api.step}_regional_name`."
        )


def _about_people(bench: Workbench) -> Iterable[str]:
    notify, budget = bench.pipeline.notify, bench.pipeline.infrastructure.budget
    if notify:
        yield f"AWS asks {notify} by mail to confirm the subscription; until then nobody hears of failures and alarms."
    if budget:
        yield (
            f"{budget.email} is told at 80 % of {budget.monthly_usd} US dollars a month, and when all of it is "
            "foreseen. AWS counts by the tag `pipeline` once that is activated as a cost allocation tag."
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
    warehouse, around = bench.pipeline.warehouse, bench.pipeline.infrastructure
    if place.own and warehouse and warehouse.secret and not (place.peerings or place.transit_peers):
        yield (
            f"The warehouse has to be reached at private addresses of {around.warehouse_cidr}, and no route leads "
            "there yet: name its network in `network: {peers: …}`, or have it put an endpoint of its own into this VPC."
        )


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

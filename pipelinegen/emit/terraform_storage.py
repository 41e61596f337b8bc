"""The buckets of one environment: what is in them, what is removed when, and which services deliver logs."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelinegen.emit.base import Workbench
from pipelinegen.ir.infrastructure import OwnNetwork
from pipelinegen.ir.model import Api, DatedFiles, Model

OLD_VERSIONS_DAYS = 30
DATA_DAYS = 90
CHECKPOINT_DAYS = 7
LOG_DAYS = 365
DESCRIPTIONS: Mapping[str, str] = {
    "code": "Scripts and bundles, by the hash of their content",
    "data": "Intermediate tables, reports and predictions, by date",
    "logs": "Who read and wrote the other buckets, who connected to whom, who asked the API",
    "models": "Model artifacts and training checkpoints, by job",
}


@dataclass(frozen=True, slots=True)
class ExpiryRule:
    """Objects below a prefix that are removed after some days."""

    id: str
    prefix: str
    days: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A service that puts logs below a prefix; `from_account` where it says for which account it does."""

    sid: str
    service: str
    action: str
    path: str
    from_account: bool = True


@dataclass(frozen=True, slots=True)
class BucketContext:
    """One bucket; `protected` ones are never destroyed, `destroyable` ones with all that is in them."""

    label: str
    name: str
    description: str
    destroyable: bool
    protected: bool
    uses_kms: bool
    is_log_target: bool
    access_logs_prefix: str | None
    old_versions_days: int
    expiry_rules: tuple[ExpiryRule, ...]
    deliveries: tuple[Delivery, ...]


def buckets(bench: Workbench) -> tuple[BucketContext, ...]:
    """Every bucket, by name."""
    rules = {"data": _data_rules(bench), "models": _model_rules(bench), "logs": (ExpiryRule("expire", "", LOG_DAYS),)}
    destroyable = bench.pipeline.infrastructure.destroyable
    return tuple(
        BucketContext(
            label=purpose,
            name=bench.names.bucket(purpose),
            description=description,
            destroyable=destroyable,
            protected=not destroyable,
            uses_kms=purpose != "logs",
            is_log_target=purpose == "logs",
            access_logs_prefix=None if purpose == "logs" else f"s3/{purpose}/",
            old_versions_days=OLD_VERSIONS_DAYS,
            expiry_rules=rules.get(purpose, ()),
            deliveries=_deliveries(bench) if purpose == "logs" else (),
        )
        for purpose, description in DESCRIPTIONS.items()
    )


def _data_rules(bench: Workbench) -> tuple[ExpiryRule, ...]:
    prefixes = dict.fromkeys(
        item.location.prefix
        for step in bench.pipeline.steps
        for item in step.outputs.values()
        if isinstance(item, DatedFiles)
    )
    return tuple(ExpiryRule(f"expire-{prefix.strip('/').replace('/', '-')}", prefix, DATA_DAYS) for prefix in prefixes)


def _model_rules(bench: Workbench) -> tuple[ExpiryRule, ...]:
    own = {
        step.name: item.location.prefix
        for step in bench.pipeline.steps
        for item in step.outputs.values()
        if isinstance(item, Model) and item.location.prefix == f"{step.name}/"
    }
    return tuple(
        ExpiryRule(f"expire-{name}-checkpoints", f"{prefix}checkpoints/", CHECKPOINT_DAYS)
        for name, prefix in own.items()
    )


def _deliveries(bench: Workbench) -> tuple[Delivery, ...]:
    found = [Delivery("AccessLogsOfBuckets", "logging.s3.amazonaws.com", "s3:PutObject", "/s3/*")]
    if isinstance(bench.pipeline.infrastructure.network, OwnNetwork):
        vpc, flow = "delivery.logs.amazonaws.com", "/flow-logs/*"
        found.append(Delivery("FlowLogsOfTheNetwork", vpc, "s3:PutObject", flow))
        found.append(Delivery("FlowLogsLookFirst", vpc, "s3:GetBucketAcl", ""))
    if bench.resources(Api):
        service = "logdelivery.elasticloadbalancing.amazonaws.com"
        path = f"/load-balancer/AWSLogs/{bench.pipeline.account_id}/*"
        found.append(Delivery("AccessLogsOfTheApi", service, "s3:PutObject", path, from_account=False))
    return tuple(found)

"""What must hold for every resource of a type, by the test file that asks it; a term is HCL over one resource."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A term that holds for every resource of a type, or the test says `message`; `word` names the resource in it.

    `exempt` are endings of labels for which it may be otherwise, because the spec asked for it.
    """

    file: str
    type: str
    word: str
    term: str
    message: str
    exempt: tuple[str, ...] = ()


def _and(*terms: str) -> str:
    return " &&\n      ".join(terms)


STORAGE = (
    Rule(
        "storage",
        "aws_s3_bucket_public_access_block",
        "access",
        _and(
            "access.block_public_acls && access.block_public_policy",
            "access.ignore_public_acls && access.restrict_public_buckets",
        ),
        "a bucket can be made public",
    ),
    Rule(
        "storage",
        "aws_s3_bucket_ownership_controls",
        "owner",
        'owner.rule[0].object_ownership == "BucketOwnerEnforced"',
        "a bucket obeys access lists",
    ),
    Rule(
        "storage",
        "aws_s3_bucket_versioning",
        "bucket",
        'bucket.versioning_configuration[0].status == "Enabled"',
        "a bucket keeps no earlier versions",
    ),
    Rule(
        "storage",
        "aws_s3_bucket_server_side_encryption_configuration",
        "bucket",
        'one(bucket.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"',
        "a bucket is not encrypted with the pipeline's key",
        exempt=("logs",),  # S3 and load balancers deliver logs to buckets with keys of S3 only
    ),
    Rule("storage", "aws_kms_key", "key", "key.enable_key_rotation", "a key is never rotated"),
    Rule(
        "storage",
        "aws_ecr_repository",
        "repository",
        _and(
            'repository.image_tag_mutability == "IMMUTABLE"',
            "repository.image_scanning_configuration[0].scan_on_push",
            'repository.encryption_configuration[0].encryption_type == "KMS"',
        ),
        "a repository's tags can be moved, or its images are not scanned or not encrypted",
    ),
    Rule("storage", "aws_cloudwatch_log_group", "group", "group.retention_in_days > 0", "a log is kept for ever"),
    Rule(
        "storage",
        "aws_elasticache_replication_group",
        "redis",
        _and(
            "redis.at_rest_encryption_enabled && redis.transit_encryption_enabled",
            'redis.transit_encryption_mode == "required"',
        ),
        "Redis takes connections without TLS, or is not encrypted",
    ),
)
NETWORK = (
    Rule(
        "network", "aws_subnet", "subnet", "subnet.map_public_ip_on_launch != true", "a subnet gives public addresses"
    ),
    Rule(
        "network",
        "aws_vpc_security_group_ingress_rule",
        "rule",
        'rule.cidr_ipv4 != "0.0.0.0/0" && rule.cidr_ipv6 != "::/0"',
        "the whole internet may call",
        ("_front", "_clients"),
    ),
    Rule(
        "network",
        "aws_vpc_security_group_egress_rule",
        "rule",
        'rule.cidr_ipv4 != "0.0.0.0/0" && rule.cidr_ipv6 != "::/0"',
        "the whole internet may be called",
        ("_internet",),
    ),
    Rule(
        "network",
        "aws_ecs_service",
        "service",
        "service.network_configuration[0].assign_public_ip != true",
        "a task of the API has a public address",
    ),
    Rule(
        "network",
        "aws_sagemaker_notebook_instance",
        "notebook",
        'notebook.direct_internet_access == "Disabled" && notebook.root_access == "Disabled"',
        "a notebook reaches the internet, or its users are root",
    ),
)
SERVICES = (
    Rule(
        "services",
        "aws_lb",
        "front",
        "front.drop_invalid_header_fields",
        "a load balancer passes malformed headers on",
    ),
    Rule(
        "services",
        "aws_lb_listener",
        "listener",
        _and(
            '(listener.protocol == "HTTPS" || listener.default_action[0].type == "redirect")',
            '(listener.protocol != "HTTPS" || startswith(listener.ssl_policy, "ELBSecurityPolicy-TLS13"))',
        ),
        "a load balancer takes requests without TLS 1.2 or newer",
    ),
    Rule(
        "services",
        "aws_sfn_state_machine",
        "machine",
        _and(
            'machine.logging_configuration[0].level != "OFF"',
            "!machine.logging_configuration[0].include_execution_data",
            "machine.tracing_configuration[0].enabled",
        ),
        "the state machine is not traced, or its logs hold nothing or data of the run",
    ),
)
RULES: tuple[Rule, ...] = (*STORAGE, *NETWORK, *SERVICES)

#: What every bucket's policy must deny.
TLS_ONLY = Rule(
    "storage",
    "data.aws_iam_policy_document",
    "policy",
    "anytrue([\n"
    "        for statement in policy.statement :\n"
    '        statement.effect == "Deny" && contains(statement.condition[*].variable, "aws:SecureTransport")\n'
    "      ])",
    "a bucket can be read without TLS",
)

#: Resource type, test file, argument that is as it was generated, message.
SAME: tuple[tuple[str, str, str, str], ...] = (
    ("aws_iam_role", "access", "name", "a role has another name than the policies and the spec say"),
    ("aws_s3_bucket", "storage", "bucket", "a bucket has another name"),
    ("aws_vpc_endpoint", "network", "service_name", "an endpoint is of another service"),
    ("aws_cloudwatch_metric_alarm", "services", "alarm_name", "an alarm is missing, or has another name"),
)

#: Types of which nobody may add or remove one by hand.
COUNTED = (
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_s3_bucket",
    "aws_security_group",
    "aws_vpc_endpoint",
    "aws_vpc_security_group_egress_rule",
    "aws_vpc_security_group_ingress_rule",
)


def tags_rule(tags: Mapping[str, str]) -> Rule:
    """That resources carry the pipeline's tags; names and values as HCL literals."""
    term = _and(*(f'lookup(bucket.tags_all, {key}, "") == {value}' for key, value in tags.items()))
    return Rule("storage", "aws_s3_bucket", "bucket", term, "a resource does not carry the pipeline's tags")

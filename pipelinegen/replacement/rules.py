"""Which arguments cannot be changed in place, and which resources hold something that a replacement would lose."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

#: Resource type to what it is for a person, and what is lost with it. Everything else can be made anew without loss.
STATEFUL: Mapping[str, tuple[str, str]] = {
    "aws_cloudwatch_log_group": ("log group", "its logs"),
    "aws_dynamodb_table": ("table", "its items"),
    "aws_ecr_repository": ("image repository", "its images"),
    "aws_elasticache_replication_group": ("Redis", "what it serves until the next run"),
    "aws_elasticache_serverless_cache": ("Redis", "what it serves until the next run"),
    "aws_glue_catalog_database": ("database of the Data Catalog", "its tables"),
    "aws_glue_catalog_table": ("table of the Data Catalog", "its partitions"),
    "aws_kms_key": ("key", "everything encrypted with it"),
    "aws_s3_bucket": ("bucket", "its objects"),
    "aws_sagemaker_feature_group": ("feature group", "its online records"),
    "aws_sagemaker_model_package_group": ("model registry", "its versions"),
    "aws_secretsmanager_secret": ("secret", "its value"),
    "aws_sns_topic": ("topic", "its confirmed subscriptions"),
    "aws_sqs_queue": ("queue", "its messages"),
    "aws_ssm_parameter": ("parameter", "its value"),
}

#: Of these services everything is global; all else is replaced when the provider's region changes.
_GLOBAL = ("aws_iam_", "aws_budgets_", "aws_cloudfront_", "aws_route53_")


@cache
def unchangeable(type: str) -> tuple[str, ...]:
    """The arguments of a type that force a new resource when they change, by their path such as `vpc_config.vpc_id`."""
    return tuple(_table().get(type, ()))


def is_regional(type: str) -> bool:
    """Whether resources of a type lie in a region, so that a move of it replaces them."""
    return not type.startswith(_GLOBAL)


@cache
def _table() -> Mapping[str, list[str]]:
    text = (Path(__file__).parent / "arguments.json").read_text(encoding="utf-8")
    found: Mapping[str, list[str]] = json.loads(text)["arguments"]
    return found

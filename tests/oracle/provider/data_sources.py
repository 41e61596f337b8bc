"""Answers of the data sources and ephemeral resources: computed where templates depend on them, invented elsewhere."""

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

from tests.oracle.provider.invent import PARTITION, Account, settle
from tests.oracle.provider.policy_document import policy_document
from tests.oracle.provider.schema import Block, Value, mark_computed_as_unknown

Answer = Callable[[Account, Value], Value]


def _caller_identity(account: Account, value: Value) -> Value:
    user = f"arn:{PARTITION}:iam::{account.account_id}:user/oracle"
    return {"account_id": account.account_id, "id": account.account_id, "arn": user, "user_id": "AIDAORACLE"}


def _region(account: Account, value: Value) -> Value:
    return {name: account.region for name in ("name", "region", "id") if name in value}


def _partition(account: Account, value: Value) -> Value:
    return {
        "partition": PARTITION,
        "id": PARTITION,
        "dns_suffix": "amazonaws.com",
        "reverse_dns_prefix": "com.amazonaws",
    }


def _availability_zones(account: Account, value: Value) -> Value:
    names = [f"{account.region}{letter}" for letter in "abc"]
    return {"names": names, "zone_ids": [f"oracle-az{number}" for number in (1, 2, 3)], "id": account.region}


def _policy_document(account: Account, value: Value) -> Value:
    policy = policy_document(value)
    text = json.dumps(policy, indent=2)
    return {
        "json": text,
        "minified_json": json.dumps(policy, separators=(",", ":")),
        "id": hashlib.sha256(text.encode()).hexdigest()[:10],
    }


def _secret(account: Account, value: Value) -> Value:
    if isinstance(value.get("arn"), str):
        return {"id": value["arn"]}
    arn = f"arn:{PARTITION}:secretsmanager:{account.region}:{account.account_id}:secret:{value.get('name')}-AbCdEf"
    return {"arn": arn, "id": arn}


def _secret_version(account: Account, value: Value) -> Value:
    secret = {
        "username": "oracle",
        "password": "a-password-of-the-offline-oracle",
        "key": "a-key-of-the-offline-oracle",
    }
    return {"secret_string": json.dumps(secret)}


def _parameter(account: Account, value: Value) -> Value:
    return {"arn": f"arn:{PARTITION}:ssm:{account.region}:{account.account_id}:parameter{value['name']}"}


def _subnets(account: Account, value: Value) -> Value:
    return {"ids": ["subnet-00000000000000001", "subnet-00000000000000002"]}


def _subnet(account: Account, value: Value) -> Value:
    zone = "ab"[int(str(value.get("id") or "0")[-1], 16) % 2]
    return {"availability_zone": f"{account.region}{zone}"}


def _vpc(account: Account, value: Value) -> Value:
    return {"cidr_block": "10.0.0.0/16", "arn": f"arn:{PARTITION}:ec2:{account.region}:{account.account_id}:vpc/x"}


_ANSWERS: Final[dict[str, Answer]] = {
    "aws_availability_zones": _availability_zones,
    "aws_caller_identity": _caller_identity,
    "aws_iam_policy_document": _policy_document,
    "aws_partition": _partition,
    "aws_region": _region,
    "aws_secretsmanager_secret": _secret,
    "aws_secretsmanager_secret_version": _secret_version,
    "aws_ssm_parameter": _parameter,
    "aws_subnet": _subnet,
    "aws_subnets": _subnets,
    "aws_vpc": _vpc,
}


def read(account: Account, type_name: str, block: Block, config: dict[str, Any]) -> Value:
    """The data source's whole value for a configuration without unknown parts."""
    value = mark_computed_as_unknown(block, config)
    answer = _ANSWERS.get(type_name)
    if answer is not None:
        value |= answer(account, value)
    return settle(account, type_name, block, value)

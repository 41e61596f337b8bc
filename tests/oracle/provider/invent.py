"""Plausible values for what AWS would decide on creation: the same resource always gets the same ones."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from tests.oracle.provider.schema import Block, Value, map_nested_blocks
from tests.oracle.provider.values import UNKNOWN

PARTITION: Final = "aws"

#: Resource type → what follows `arn:aws:`; names in braces are attributes of the resource.
_ARNS: Final = {
    "aws_cloudwatch_event_rule": "events:{region}:{account}:rule/{name}",
    "aws_cloudwatch_log_group": "logs:{region}:{account}:log-group:{name}",
    "aws_cloudwatch_metric_alarm": "cloudwatch:{region}:{account}:alarm:{alarm_name}",
    "aws_dynamodb_table": "dynamodb:{region}:{account}:table/{name}",
    "aws_ecr_repository": "ecr:{region}:{account}:repository/{name}",
    "aws_ecs_cluster": "ecs:{region}:{account}:cluster/{name}",
    "aws_elasticache_replication_group": "elasticache:{region}:{account}:replicationgroup:{replication_group_id}",
    "aws_glue_job": "glue:{region}:{account}:job/{name}",
    "aws_iam_policy": "iam::{account}:policy/{name}",
    "aws_iam_role": "iam::{account}:role/{name}",
    "aws_kms_key": "kms:{region}:{account}:key/{key_id}",
    "aws_lambda_function": "lambda:{region}:{account}:function:{function_name}",
    "aws_s3_bucket": "s3:::{bucket}",
    "aws_sagemaker_endpoint": "sagemaker:{region}:{account}:endpoint/{name}",
    "aws_sagemaker_model": "sagemaker:{region}:{account}:model/{name}",
    "aws_sagemaker_notebook_instance": "sagemaker:{region}:{account}:notebook-instance/{name}",
    "aws_scheduler_schedule": "scheduler:{region}:{account}:schedule/default/{name}",
    "aws_secretsmanager_secret": "secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
    "aws_sfn_state_machine": "states:{region}:{account}:stateMachine:{name}",
    "aws_sns_topic": "sns:{region}:{account}:{name}",
    "aws_sqs_queue": "sqs:{region}:{account}:{name}",
    "aws_ssm_parameter": "ssm:{region}:{account}:parameter{name}",
}
_ID_PREFIXES: Final = {
    "aws_eip": "eipalloc",
    "aws_internet_gateway": "igw",
    "aws_nat_gateway": "nat",
    "aws_route_table": "rtb",
    "aws_security_group": "sg",
    "aws_subnet": "subnet",
    "aws_vpc": "vpc",
    "aws_vpc_endpoint": "vpce",
}
#: Resource type → the attribute whose value AWS uses as the identifier, where that is not `name`.
_ID_ATTRIBUTES: Final = {
    "aws_elasticache_replication_group": "replication_group_id",
    "aws_kms_key": "key_id",
    "aws_lambda_function": "function_name",
    "aws_s3_bucket": "bucket",
    "aws_sfn_state_machine": "arn",
    "aws_sns_topic": "arn",
}
_EMPTY: Final[dict[str, Any]] = {"number": 0, "bool": False, "dynamic": None, "list": [], "set": [], "map": {}}


@dataclass(frozen=True, slots=True)
class Account:
    """Where the pretended resources are."""

    account_id: str
    region: str

    def arn(self, type_name: str, value: Value, digest: str) -> str:
        """The ARN of a resource, or one of the service `stub` if its form is not listed here."""
        known = {name: text for name, text in value.items() if isinstance(text, str)}
        known |= {"region": self.region, "account": self.account_id}
        pattern = _ARNS.get(type_name, "stub:{region}:{account}:" + f"{type_name}/{digest[:12]}")
        try:
            return f"arn:{PARTITION}:{pattern.format(**known)}"
        except KeyError:
            return f"arn:{PARTITION}:stub:{self.region}:{self.account_id}:{type_name}/{digest[:12]}"


def _digest(type_name: str, path: str, value: Value) -> str:
    content = json.dumps(value, default=str, sort_keys=True)
    return hashlib.sha256(f"{type_name}{path}{content}".encode()).hexdigest()


def _identifier(type_name: str, value: Value, digest: str) -> str:
    if type_name in _ID_PREFIXES:
        return f"{_ID_PREFIXES[type_name]}-{digest[:17]}"
    own = value.get(_ID_ATTRIBUTES.get(type_name, "name"))
    return own if isinstance(own, str) else f"stub-{digest[:12]}"


def _text(account: Account, type_name: str, path: str, value: Value) -> str:
    digest = _digest(type_name, path, value)
    name = path.rsplit(".", 1)[-1]
    if name == "key_id":
        return f"00000000-0000-4000-8000-{digest[:12]}"
    if path == "id":
        return _identifier(type_name, value, digest)
    if name.endswith("arn"):
        return account.arn(type_name, value, digest)
    if name in ("owner_id", "account_id", "registry_id"):
        return account.account_id
    return account.region if name == "region" else f"stub-{type_name.removeprefix('aws_')}-{name}"


def _invented(account: Account, kind: Any, type_name: str, path: str, value: Value) -> Any:
    """A value of the cty type `kind`: a name such as "string", or a pair such as ["list", "string"]."""
    if kind == "string":
        return _text(account, type_name, path, value)
    if isinstance(kind, list) and kind[0] == "object":
        return {name: _invented(account, part, type_name, f"{path}.{name}", value) for name, part in kind[1].items()}
    if isinstance(kind, list) and kind[0] == "list" and isinstance(kind[1], list) and kind[1][0] == "object":
        # Such as the one endpoint of a serverless cache: AWS never answers with none of them.
        return [_invented(account, kind[1], type_name, path, value)]
    return _EMPTY[kind if isinstance(kind, str) else kind[0]]


def _settled(account: Account, current: Any, kind: Any, type_name: str, path: str, value: Value) -> Any:
    if current is UNKNOWN:
        return _invented(account, kind, type_name, path, value)
    part = kind[1] if isinstance(kind, list) and kind[0] in ("list", "set", "map") else "string"
    if isinstance(current, list):
        return [_settled(account, item, part, type_name, path, value) for item in current]
    if isinstance(current, dict) and isinstance(kind, list) and kind[0] == "map":
        return {key: _settled(account, item, part, type_name, path, value) for key, item in current.items()}
    return current


def _order(name: str) -> tuple[bool, bool, str]:
    """Identifiers are made of names, and ARNs may be made of key ids: so they come last."""
    return (name == "id", name.endswith("arn"), name)


def settle(account: Account, type_name: str, block: Block, value: Value, path: str = "") -> Value:
    """The value as AWS would answer it: nothing is unknown any more."""
    settled = dict(value)
    attributes = block.get("attributes", {})
    for name in sorted(attributes, key=_order):
        kind = attributes[name]["type"]
        settled[name] = _settled(account, settled.get(name), kind, type_name, f"{path}{name}", settled)
    return map_nested_blocks(
        block, settled, lambda inner, nested: settle(account, type_name, inner, nested, f"{path}block.")
    )

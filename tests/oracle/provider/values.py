"""Terraform's wire values (msgpack) as plain Python values, with one object that stands for "known after apply"."""

import json
from typing import Any, Final

import msgpack

from tests.oracle.provider.protocol import message_class

DynamicValue: Final = message_class("DynamicValue")


class Unknown:
    """A value that terraform will only know after apply."""

    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN: Final = Unknown()


def _extension(code: int, data: bytes) -> Unknown:
    """Terraform has one msgpack extension family: unknown, bare (code 0) or with a refinement (code 12)."""
    return UNKNOWN


def _encode_extension(value: object) -> msgpack.ExtType:
    if value is UNKNOWN:
        return msgpack.ExtType(0, b"\0")
    raise TypeError(f"terraform has no type for {value!r}")


def decode(value: Any) -> Any:
    """Plain dicts, lists, strings, numbers, booleans, None and `UNKNOWN`; sets arrive as lists."""
    if value.msgpack:
        return msgpack.unpackb(value.msgpack, ext_hook=_extension, strict_map_key=False)
    return json.loads(value.json) if value.json else None


def encode(value: object) -> Any:
    """The wire form of a plain value. Raises: TypeError if terraform has no type for it."""
    return DynamicValue(msgpack=msgpack.packb(value, default=_encode_extension))


def contains_unknown(value: object) -> bool:
    """Whether any part of the value is known after apply only."""
    if isinstance(value, dict):
        return any(contains_unknown(part) for part in value.values())
    if isinstance(value, list):
        return any(contains_unknown(part) for part in value)
    return value is UNKNOWN

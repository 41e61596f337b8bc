"""Pseudonyms and tokens of columns, made on Spark's workers; keys travel inside functions, never as literals."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812 - the name all Spark code uses
from pyspark.sql.types import BinaryType, StructField, StructType

from runtime.common.pseudonyms import pseudonymise
from runtime.common.tokens import PREFIX, TokenError, TokenKeys, synthetic_iv, token_keys
from runtime.glue.faults import EtlError

_MATERIAL = StructType([StructField("iv", BinaryType()), StructField("key", BinaryType())])

#: The field of the secret that holds the key of each way to protect.
FIELDS = {"hash": "key", "tokenise": "token_key"}


@dataclass(frozen=True, slots=True)
class ProtectionKeys:
    """What columns are protected with; None where no column is protected so. Its text shows no key."""

    hash: bytes | None = field(default=None, repr=False)
    tokens: TokenKeys | None = field(default=None, repr=False)


def protection_keys(secret: dict[str, Any], name: str, ways: frozenset[str]) -> ProtectionKeys:
    """The keys that the ways to protect need, from the value of the secret `name`.

    Raises: EtlError if a field is missing or its key is too short.
    """
    found: dict[str, str] = {}
    for way in sorted(ways & FIELDS.keys()):
        key = secret.get(FIELDS[way])
        if not isinstance(key, str) or not key:
            raise EtlError(f"secret '{name}' has no field '{FIELDS[way]}'")
        found[way] = key
    try:
        tokens = token_keys(found["tokenise"]) if "tokenise" in found else None
    except TokenError as error:
        raise EtlError(f"secret '{name}': {error}") from None
    return ProtectionKeys(found["hash"].encode() if "hash" in found else None, tokens)


def protected(value: Column, way: str | None, keys: ProtectionKeys) -> Column | None:
    """The column as it may be written; None if the key for it is not there."""
    if way == "hash":
        return F.udf(pseudonymiser(keys.hash), "string")(value.cast("string")) if keys.hash else None
    if way == "tokenise":
        return _token(value.cast("string"), keys.tokens) if keys.tokens else None
    return value


def pseudonymiser(key: bytes) -> Callable[[str | None], str | None]:
    """A function of one value for Spark; plans and logs show only its name."""

    def pseudonym(value: str | None) -> str | None:
        return None if value is None else pseudonymise(value, key)

    return pseudonym


def _token(value: Column, keys: TokenKeys) -> Column:
    """As `runtime.common.tokens.tokenise`; Spark puts the IV before what it encrypts."""
    material = F.udf(_token_material(keys), _MATERIAL)(value)
    body = F.aes_encrypt(value.cast("binary"), material.key, F.lit("CBC"), F.lit("PKCS"), material.iv)
    # Characters without a counterpart are left out: the padding, and line breaks that some versions of Spark make.
    return F.concat(F.lit(PREFIX), F.translate(F.base64(body), "+/=\r\n", "-_"))


def _token_material(keys: TokenKeys) -> Callable[[str | None], tuple[bytes, bytes] | None]:
    def token_material(value: str | None) -> tuple[bytes, bytes] | None:
        return None if value is None else (synthetic_iv(value, keys), keys.cipher)

    return token_material

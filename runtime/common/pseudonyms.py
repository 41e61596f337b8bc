"""Keyed pseudonyms for sensitive columns, the same in Spark and in the API."""

import hmac

#: 32 hexadecimal digits are 128 bits: no collision among any number of users a service will ever have.
PSEUDONYM_DIGITS = 32


def pseudonymise(value: str, key: bytes) -> str:
    """The first 128 bits of HMAC-SHA256(key, value) in hexadecimal; equal values give equal pseudonyms."""
    return hmac.digest(key, value.encode(), "sha256").hex()[:PSEUDONYM_DIGITS]

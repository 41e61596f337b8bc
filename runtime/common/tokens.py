"""Tokens for sensitive values: the same value gives the same token, and whoever holds the key can turn it back.

A token is `t1_` and, in URL-safe base64 without padding, a synthetic IV and what AES-256-CBC (PKCS#7) makes of the
value under it. The IV is HMAC-SHA256(MAC key, value), cut to 16 bytes: the SIV composition of Rogaway and Shrimpton
(Deterministic Authenticated-Encryption, 2006), which AES-SIV (RFC 5297) is an instance of. Here both halves are what
Spark has on every worker (`aes_encrypt`, Python's hmac), so that a Glue job needs no package that it would have to
fetch. Equal values are seen to be equal, and of a value's length the blocks of 16 bytes; nothing else leaks. A token
that was made with another key or altered is refused.
"""

import base64
import hmac
import os
import sys
from dataclasses import dataclass, field

PREFIX = "t1_"
IV_BYTES = 16
#: A key of fewer characters could be guessed.
MIN_KEY_CHARACTERS = 32


class TokenError(ValueError):
    """A key that is too short, or a token that this key did not make."""


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """Two keys of 32 bytes, made from the one that the secret holds; their text shows neither."""

    mac: bytes = field(repr=False)
    cipher: bytes = field(repr=False)


def token_keys(secret: str) -> TokenKeys:
    """The keys of a secret's field `token_key`. Raises: TokenError if it is too short."""
    if len(secret) < MIN_KEY_CHARACTERS:
        raise TokenError(f"the key for tokens has {len(secret)} characters; it needs {MIN_KEY_CHARACTERS}, at random")
    made = [
        hmac.digest(secret.encode(), f"pipelinegen tokens 1: {use}".encode(), "sha256") for use in ("mac", "cipher")
    ]
    return TokenKeys(*made)


def synthetic_iv(value: str, keys: TokenKeys) -> bytes:
    """16 bytes that follow from the value and the MAC key."""
    return hmac.digest(keys.mac, value.encode(), "sha256")[:IV_BYTES]


def tokenise(value: str, keys: TokenKeys) -> str:
    """The token of a value; Spark makes the same one (runtime.glue.protection)."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    iv = synthetic_iv(value, keys)
    padder = PKCS7(128).padder()
    padded = padder.update(value.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES256(keys.cipher), modes.CBC(iv)).encryptor()
    body = iv + encryptor.update(padded) + encryptor.finalize()
    return PREFIX + base64.urlsafe_b64encode(body).decode().rstrip("=")


def detokenise(token: str, keys: TokenKeys) -> str:
    """The value of a token. Raises: TokenError if these keys did not make it."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    try:
        if not token.startswith(PREFIX):
            raise ValueError
        text = token.removeprefix(PREFIX)
        body = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        decryptor = Cipher(algorithms.AES256(keys.cipher), modes.CBC(body[:IV_BYTES])).decryptor()
        padded = decryptor.update(body[IV_BYTES:]) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        value = (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError:
        raise TokenError("not a token of this key") from None
    if not hmac.compare_digest(body[:IV_BYTES], synthetic_iv(value, keys)):
        raise TokenError("not a token of this key")
    return value


def main() -> int:
    """Turns the tokens on standard input, one a line, back into values; the key is read from $TOKEN_KEY."""
    try:
        keys = token_keys(os.environ.get("TOKEN_KEY", ""))
        for line in sys.stdin:
            print(detokenise(line.strip(), keys))
    except TokenError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

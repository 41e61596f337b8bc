"""Where Redis is and how to greet it: the same for the loader (blocking) and the API (asynchronous)."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from runtime.common.settings import SettingsError


def bulk(part: str | bytes) -> bytes:
    """One part of a command in Redis's wire format, e.g. `$4\r\nPING\r\n`."""
    raw = part.encode() if isinstance(part, str) else part
    return b"$%d\r\n%b\r\n" % (len(raw), raw)


def encode_command(*parts: str | bytes) -> bytes:
    """One command in Redis's wire format, e.g. `*1\r\n$4\r\nPING\r\n`."""
    return b"*%d\r\n" % len(parts) + b"".join(map(bulk, parts))


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A Redis endpoint; its text never shows the password."""

    host: str
    port: int
    tls: bool = False
    username: str = ""
    password: str = field(default="", repr=False)

    def greeting(self) -> bytes:
        """The AUTH command that opens a connection, or nothing where there is no password."""
        if not self.password:
            return b""
        return encode_command("AUTH", *([self.username] if self.username else []), self.password)

    def tls_context(self) -> ssl.SSLContext | None:
        """Verifies the server's certificate and name; None without TLS. Own authorities: OpenSSL's SSL_CERT_FILE."""
        return ssl.create_default_context() if self.tls else None


def read_address(environ: Mapping[str, str], *, username: str = "", password: str = "") -> RedisAddress:
    """The endpoint named by REDIS_HOST, REDIS_PORT and REDIS_TLS. Raises: SettingsError if one is missing or odd."""
    host, port, tls = environ.get("REDIS_HOST", ""), environ.get("REDIS_PORT", ""), environ.get("REDIS_TLS", "false")
    if not host:
        raise SettingsError("the environment variable REDIS_HOST is missing")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise SettingsError(f"the environment variable REDIS_PORT is no port number: {port!r}")
    if tls not in ("true", "false"):
        raise SettingsError(f"the environment variable REDIS_TLS is neither 'true' nor 'false': {tls!r}")
    return RedisAddress(host, int(port), tls == "true", username, password)


def plain_reason(reply: str) -> str:
    """A Redis error without what it quotes: Redis repeats arguments, and those name users."""
    return reply.split("'", 1)[0].split("`", 1)[0].removesuffix(", with args beginning with: ").rstrip(" ,:")

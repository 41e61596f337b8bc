"""Servers on this machine that answer instead of other people's: `--stand-in THEIRS=OURS`, two origins."""

import argparse
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_PAIR = re.compile(r"(https://[A-Za-z0-9.:-]+)=(http://(?:127\.0\.0\.1|localhost):[0-9]{1,5})/?")


@dataclass(frozen=True, slots=True)
class StandIns:
    """By the origin that a spec names (https://host[:port]), the one that is asked."""

    origins: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, pairs: Iterable[str]) -> "StandIns":
        """From the command line's words, which `stand_in` has accepted."""
        return cls(dict(pair.split("=", 1) for pair in pairs))

    def address_of(self, endpoint: str) -> str | None:
        """Where an address is asked on this machine; None if nothing stands in for its server."""
        parts = urlsplit(endpoint)
        origin = self.origins.get(f"{parts.scheme}://{parts.netloc}")
        return None if origin is None else f"{origin}{parts.path}"

    def words(self) -> list[str]:
        """The same on a command line."""
        return [word for theirs, ours in self.origins.items() for word in ("--stand-in", f"{theirs}={ours}")]


def stand_in(text: str) -> str:
    """One pair of origins, as an option. Raises: ArgumentTypeError."""
    if _PAIR.fullmatch(text) is None:
        example = "https://partner.example.com=http://127.0.0.1:8000"
        raise argparse.ArgumentTypeError(f"'{text}' does not say who answers for whom, as {example} does")
    return text.rstrip("/")

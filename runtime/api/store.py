"""Finds a user's recommendations in Redis, or what is popular where there are none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_core import from_json

from runtime.api.redis_connection import PING
from runtime.api.redis_pipe import RedisPipe
from runtime.common.names import (
    FALLBACK_USER,
    FIELD_ITEMS,
    FIELD_MODEL_VERSION,
    FIELD_RUN_DATE,
    FIELD_SCORES,
    redis_key,
)
from runtime.common.redis_address import bulk

#: The two ends of `HMGET <key> <fields>` on the wire, encoded once.
_HMGET = b"*6\r\n" + bulk("HMGET")
_FIELDS = b"".join(map(bulk, (FIELD_ITEMS, FIELD_SCORES, FIELD_MODEL_VERSION, FIELD_RUN_DATE)))

Source = Literal["model", "popular"]


class StoredValueError(RuntimeError):
    """A hash in Redis that the loader did not write like this."""


@dataclass(frozen=True, slots=True)
class Recommendations:
    """What is stored for a user, best first; `items` and `scores` are equally long."""

    source: Source
    items: list[str]
    scores: list[float]
    model_version: str
    run_date: str


def decode(values: Sequence[Any], source: Source) -> Recommendations | None:
    """The stored fields as recommendations, None if nothing is stored. Raises: StoredValueError."""
    items, scores, version, run_date = values
    if items is None:
        return None
    try:
        found = Recommendations(source, _list(items), _list(scores), version.decode(), run_date.decode())
    except (ValueError, TypeError, AttributeError):
        raise StoredValueError("stored recommendations are incomplete or no JSON") from None
    if len(found.items) != len(found.scores):
        raise StoredValueError("stored items and scores differ in length")
    return found


def _list(stored: bytes) -> list[Any]:
    """A stored JSON list; pydantic's parser takes a quarter of the standard library's time."""
    values = from_json(stored, allow_inf_nan=False)
    if not isinstance(values, list):
        raise ValueError("stored JSON is no list")
    return values


class RecommendationStore:
    """Reads what the loader wrote; turns user ids into pseudonyms or tokens first where they are stored so."""

    def __init__(self, pipe: RedisPipe, key_pattern: str, stored_id: Callable[[str], str] | None) -> None:
        self._pipe = pipe
        self._key_pattern = key_pattern
        self._stored_id = stored_id
        self._read_fallback = self._command(FALLBACK_USER)

    async def find(self, user_id: str) -> Recommendations | None:
        """The user's recommendations, else the popular ones, else None. Raises: RedisUnavailableError."""
        (values,) = await self._pipe.ask(self._read(user_id))
        return decode(values, self._source(user_id)) or await self._popular()

    async def find_many(self, user_ids: Sequence[str]) -> dict[str, Recommendations | None]:
        """As `find` for every user, in one exchange (two if somebody is unknown)."""
        users = list(dict.fromkeys(user_ids))
        replies = await self._pipe.ask(b"".join(map(self._read, users)), len(users))
        found = {user: decode(values, self._source(user)) for user, values in zip(users, replies, strict=True)}
        if None in found.values():
            popular = await self._popular()
            found = {user: known or popular for user, known in found.items()}
        return found

    async def ping(self) -> None:
        """Returns if Redis answers. Raises: RedisUnavailableError."""
        await self._pipe.ask(PING)

    async def _popular(self) -> Recommendations | None:
        (values,) = await self._pipe.ask(self._read_fallback)
        return decode(values, "popular")

    def _source(self, user_id: str) -> Source:
        """Where a list found for this id comes from: who asks for the fallback by name gets what is popular."""
        return "popular" if user_id == FALLBACK_USER and self._stored_id is None else "model"

    def _read(self, user_id: str) -> bytes:
        return self._command(self._stored_id(user_id) if self._stored_id else user_id)

    def _command(self, stored_id: str) -> bytes:
        return _HMGET + bulk(redis_key(self._key_pattern, stored_id)) + _FIELDS

"""Every error the service answers with, as one kind of JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from runtime.api.redis_connection import RedisUnavailableError

#: Seconds after which to ask again while Redis is away.
RETRY_AFTER_SECONDS = 1


class UnknownUserError(LookupError):
    """There is nothing for this user, not even what is popular."""


class BadKeyError(PermissionError):
    """The API key is missing or wrong."""


class TooLargeError(HTTPException):
    """The body is larger than any valid request; FastAPI passes on nothing but HTTPException while it reads one."""

    def __init__(self) -> None:
        super().__init__(413)


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as the caller sees it."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    details: tuple[Mapping[str, str], ...] = ()

    def response(self, request_id: str) -> Response:
        """The answer; an `ErrorBody`."""
        error = {"code": self.code, "message": self.message, "request_id": request_id, "details": list(self.details)}
        body = json.dumps({"error": error}).encode()
        return Response(body, self.status, {**self.headers, "cache-control": "no-store"}, "application/json")


def describe(error: Exception) -> Fault:
    """The fault that an exception stands for; what we did not foresee says nothing of the inside."""
    match error:
        case RedisUnavailableError():
            retry = {"retry-after": str(RETRY_AFTER_SECONDS)}
            return Fault(503, "store_unavailable", "recommendations cannot be read just now; try again", retry)
        case UnknownUserError():
            return Fault(404, "unknown_user", "there are no recommendations for this user")
        case BadKeyError():
            challenge = {"www-authenticate": "ApiKey"}
            return Fault(401, "bad_api_key", "the header X-API-Key is missing or wrong", challenge)
        case TooLargeError():
            return Fault(413, "too_large", "the body is larger than any valid request")
        case RequestValidationError():
            return Fault(422, "bad_request", "the request is not as described in /openapi.json", {}, _details(error))
        case HTTPException():
            phrase = HTTPStatus(error.status_code).phrase
            return Fault(error.status_code, phrase.lower().replace(" ", "_"), str(error.detail), error.headers or {})
        case _:
            return Fault(500, "internal_error", "the service failed; the request id helps to find out why")


def _details(error: RequestValidationError) -> tuple[Mapping[str, str], ...]:
    """What is wrong and where, without the values: they may be anything, and they are the caller's."""
    return tuple({"where": ".".join(map(str, fault["loc"])), "message": str(fault["msg"])} for fault in error.errors())

"""Calls the endpoint of a plain GET route without FastAPI's machinery, which costs ten times the endpoint.

There is one endpoint and one signature: a request that does not validate here goes the long way, which tells the
caller what is wrong. So both ways give the same answers, and a test compares them.
"""

import inspect
from typing import Any, cast
from urllib.parse import parse_qsl

from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response
from starlette.types import Scope

_MISSING: Any = inspect.Parameter.empty


class Shortcut:
    """The short way to a GET route whose parameters are scalars of path and query, and whose endpoint responds."""

    def __init__(self, route: APIRoute) -> None:
        self.path = route.path_format
        self._endpoint = route.endpoint
        self._pattern = route.path_regex
        parameters = inspect.signature(route.endpoint).parameters.values()
        in_path = route.param_convertors.keys()
        self._from_path = [(each.name, TypeAdapter(each.annotation)) for each in parameters if each.name in in_path]
        self._from_query = [
            (each.name, TypeAdapter(each.annotation), each.default) for each in parameters if each.name not in in_path
        ]

    def arguments(self, scope: Scope) -> dict[str, Any] | None:
        """What to call the endpoint with; None if this request must go the long way."""
        if scope["method"] != "GET" or scope.get("root_path"):
            return None
        match = self._pattern.match(scope["path"])
        if match is None:
            return None
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        arguments: dict[str, Any] = {}
        try:
            for name, adapter in self._from_path:
                arguments[name] = adapter.validate_python(match[name])
            for name, adapter, default in self._from_query:
                if name in query:
                    arguments[name] = adapter.validate_python(query[name])
                elif default is _MISSING:
                    return None
        except ValidationError:
            return None
        return arguments

    async def respond(self, arguments: dict[str, Any]) -> Response:
        """The endpoint's response."""
        return cast(Response, await self._endpoint(**arguments))

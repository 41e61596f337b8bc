"""The application: `create_app` for tests and for embedding, `from_environment` for `uvicorn --factory`."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Security
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from runtime.api.configuration import Configuration, read_configuration
from runtime.api.edge import Edge
from runtime.api.faults import describe
from runtime.api.metrics import Metrics
from runtime.api.redis_connection import PipeLimits
from runtime.api.redis_pipe import RedisPipe
from runtime.api.routes import operation_routes, recommendation_routes
from runtime.api.shortcut import Shortcut
from runtime.api.store import RecommendationStore
from runtime.common.settings import SettingsError

VERSION = "1.0.0"


def create_app(
    configuration: Configuration, *, limits: PipeLimits | None = None, use_shortcuts: bool = True
) -> FastAPI:
    """The service; it connects to Redis when its lifespan starts, and again whenever it must."""
    settings = configuration.settings
    pipe = RedisPipe(configuration.redis, limits)
    store = RecommendationStore(pipe, settings.key, configuration.stored_id())
    metrics = Metrics()
    recommendations = recommendation_routes(store, settings.item_name, settings.max_items, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        pipe.start()
        yield
        await pipe.stop()

    app = FastAPI(title=settings.title, version=VERSION, lifespan=lifespan, redirect_slashes=False)
    # Declares the key to OpenAPI; it is checked at the edge, before anything else is done.
    key_header = APIKeyHeader(name="X-API-Key", auto_error=False)
    app.include_router(recommendations, dependencies=[Security(key_header)] if configuration.api_key else [])
    app.include_router(operation_routes(store, pipe, metrics))
    app.add_exception_handler(HTTPException, _answer_fault)
    app.add_exception_handler(RequestValidationError, _answer_fault)
    hot = [Shortcut(each) for each in recommendations.routes if isinstance(each, APIRoute) and each.methods == {"GET"}]
    app.add_middleware(Edge, api_key=configuration.api_key, metrics=metrics, shortcuts=hot if use_shortcuts else ())
    return app


async def _answer_fault(request: Request, error: Exception) -> Response:
    return describe(error).response(request.scope["request_id"])


def from_environment() -> FastAPI:
    """The service as its environment describes it; ends the process with one line if it does not."""
    try:
        configuration = read_configuration(os.environ)
    except SettingsError as error:
        raise SystemExit(f"the API cannot start: {error}") from None
    _silence_access_log()
    return create_app(configuration)


def _silence_access_log() -> None:
    """Uvicorn would log every path, and paths name users; requests are counted in /metrics instead."""
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False

"""The endpoints. They answer with finished JSON: the models document it, and tests hold it to them."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic_core import to_json
from starlette.responses import PlainTextResponse, Response

from runtime.api.faults import UnknownUserError
from runtime.api.metrics import CONTENT_TYPE, Metrics
from runtime.api.redis_pipe import RedisPipe
from runtime.api.schemas import MAX_USER_ID, ErrorBody, Status, build_models
from runtime.api.store import Recommendations, RecommendationStore

ONE_USER = "/v1/recommendations/{user_id:path}"

_ERRORS: dict[int, str] = {
    401: "The header X-API-Key is missing or wrong.",
    404: "There is nothing for this user, not even what is popular.",
    413: "The body is larger than any valid request.",
    422: "The request is not as described here.",
    503: "Redis cannot be read just now; the header Retry-After says when to try again.",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI describes these errors."""
    return {status: {"model": ErrorBody, "description": _ERRORS[status]} for status in statuses}


def _json(content: object) -> Response:
    headers = {"cache-control": "private, no-store"}
    return Response(to_json(content), headers=headers, media_type="application/json")


class Presenter:
    """Turns what is stored into what is answered, and counts it."""

    def __init__(self, item_name: str, metrics: Metrics) -> None:
        self._item_name = item_name
        self._metrics = metrics

    def present(self, user_id: str, found: Recommendations, limit: int) -> dict[str, object]:
        """The wire model `Recommendations` with at most `limit` items."""
        self._metrics.count_answer(found.source)
        name = self._item_name
        pairs = zip(found.items[:limit], found.scores, strict=False)
        return {
            "user_id": user_id,
            "source": found.source,
            "model_version": found.model_version,
            "run_date": found.run_date,
            "items": [{name: item, "score": score} for item, score in pairs],
        }

    def present_many(
        self, user_ids: Iterable[str], found: dict[str, Recommendations | None], limit: int
    ) -> dict[str, object]:
        """The wire model `BatchRecommendations`, in the order of `user_ids`."""
        answers: list[dict[str, object]] = []
        not_found: list[str] = []
        for user_id in user_ids:
            if known := found[user_id]:
                answers.append(self.present(user_id, known, limit))
            else:
                self.count_nothing()
                not_found.append(user_id)
        return {"recommendations": answers, "not_found": not_found}

    def count_nothing(self) -> None:
        """Counts a user for whom there is nothing."""
        self._metrics.count_answer("none")


def recommendation_routes(store: RecommendationStore, item_name: str, max_items: int, metrics: Metrics) -> APIRouter:
    """GET for one user and POST for many."""
    router = APIRouter(tags=["recommendations"])
    models = build_models(item_name, max_items)
    presenter = Presenter(item_name, metrics)

    @router.get(ONE_USER, response_model=models.recommendations, responses=errors(401, 404, 422, 503))
    async def recommend(
        user_id: Annotated[str, Path(min_length=1, max_length=MAX_USER_ID)],
        limit: Annotated[int | None, Query(ge=1, le=max_items, description="At most so many items.")] = None,
    ) -> Response:
        """The user's recommendations, or what is popular for a user we do not know."""
        found = await store.find(user_id)
        if found is None:
            presenter.count_nothing()
            raise UnknownUserError
        return _json(presenter.present(user_id, found, limit or max_items))

    @router.post("/v1/recommendations", response_model=models.batch, responses=errors(401, 413, 422, 503))
    async def recommend_many(batch: models.batch_request) -> Response:  # type: ignore[name-defined]
        """As for one user, for up to a hundred at once."""
        found = await store.find_many(batch.user_ids)
        return _json(presenter.present_many(batch.user_ids, found, batch.limit or max_items))

    return router


def operation_routes(store: RecommendationStore, pipe: RedisPipe, metrics: Metrics) -> APIRouter:
    """What operations ask: is it alive, is it ready, what has it done."""
    router = APIRouter(tags=["operations"])
    gauges = {
        "api_redis_connected": ("Whether there is a connection to Redis.", lambda: float(pipe.connected)),
        "api_redis_connections": ("Connections to Redis opened since the start.", lambda: float(pipe.connections)),
    }

    @router.get("/health", response_model=Status)
    async def health() -> Response:
        """Whether the process answers; says nothing of Redis, so that nobody restarts the service in vain."""
        return _json({"status": "ok"})

    @router.get("/ready", response_model=Status, responses=errors(503))
    async def ready() -> Response:
        """Whether recommendations can be read."""
        await store.ping()
        return _json({"status": "ready"})

    @router.get("/metrics", response_class=PlainTextResponse)
    async def read_metrics() -> Response:
        """Counts and latencies for Prometheus."""
        return Response(metrics.text(gauges), media_type=CONTENT_TYPE)

    return router

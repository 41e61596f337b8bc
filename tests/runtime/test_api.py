"""The API under uvicorn, with a real Redis that the loader's own code fills."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pyarrow as pa
import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.api.app import create_app
from runtime.api.redis_connection import PipeLimits
from runtime.api.schemas import build_models
from runtime.common.names import FALLBACK_USER
from runtime.common.pseudonyms import pseudonymise
from runtime.common.redis_address import RedisAddress
from runtime.common.tokens import token_keys, tokenise
from runtime.redis_loader.client import RedisLink
from runtime.redis_loader.encode import RowEncoder
from runtime.redis_loader.screen import BATCH_SCHEMA
from tests.api_server import configuration, serving
from tests.redis_server import RedisServer, running_redis

ENCODER = RowEncoder("recommendations:{user_id}", 600, "train-7", "2026-11-22")
QUICK = PipeLimits(reply_seconds=0.4, first_wait_seconds=0.01, longest_wait_seconds=0.1)
USERS = ["u1", "a/b c", "ü%", 'quote"', "x" * 256]


def publish(server: RedisServer, rows: dict[str, tuple[list[str], list[float]]]) -> None:
    """Loads rows as the Lambda does."""
    columns = [list(rows), [items for items, _ in rows.values()], [scores for _, scores in rows.values()]]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, BATCH_SCHEMA, strict=True)]
    link = RedisLink(RedisAddress("127.0.0.1", server.port, password=server.password or ""))
    link.write(ENCODER.encode(pa.record_batch(arrays, schema=BATCH_SCHEMA)), len(rows))
    link.close()


def lists_for(number: int) -> tuple[list[str], list[float]]:
    return [f"v{number}-{rank}" for rank in range(20)], [1 - rank / 32 for rank in range(20)]


def answer(user: str, number: int, limit: int = 20, source: str = "model") -> dict[str, Any]:
    pairs = zip(*lists_for(number), strict=True)
    return {
        "user_id": user,
        "source": source,
        "model_version": "train-7",
        "run_date": "2026-11-22",
        "items": [{"vehicle_id": item, "score": score} for item, score in list(pairs)[:limit]],
    }


@pytest.fixture(scope="module")
def filled() -> Iterator[RedisServer]:
    with running_redis() as server:
        publish(server, {user: lists_for(n) for n, user in enumerate(USERS)} | {FALLBACK_USER: lists_for(99)})
        yield server


@pytest.fixture(scope="module", params=["shortcut", "long way"])
def api(filled: RedisServer, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    with serving(configuration(filled.port), use_shortcuts=request.param == "shortcut") as client:
        yield client


def path_of(user: str) -> str:
    return "/v1/recommendations/" + "".join(f"%{byte:02X}" for byte in user.encode())


@pytest.mark.parametrize("user", USERS)
def test_one_user(api: httpx.Client, user: str) -> None:
    response = api.get(path_of(user))

    assert response.status_code == 200
    assert response.json() == answer(user, USERS.index(user))
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "private, no-store"


@pytest.fixture(scope="module")
def both_ways(filled: RedisServer) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    with serving(configuration(filled.port)) as short, serving(configuration(filled.port), use_shortcuts=False) as long:
        yield short, long


QUERY = st.text("limt=&%;+012 -_.", max_size=12) | st.integers(-1, 22).map(lambda limit: f"limit={limit}")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(method=st.sampled_from(["GET", "GET", "GET", "HEAD", "PUT"]), user=st.binary(max_size=6), query=QUERY)
def test_the_shortcut_answers_as_the_long_way(
    both_ways: tuple[httpx.Client, httpx.Client], method: str, user: bytes, query: str
) -> None:
    path = "/v1/recommendations/" + "".join(f"%{byte:02X}" for byte in user) + "?" + query
    answers = []
    for client in both_ways:
        response = client.request(method, path, headers={"x-request-id": "same"})
        headers = [(name, value) for name, value in response.headers.multi_items() if name != "date"]
        answers.append((response.status_code, response.content, headers))
    assert answers[0] == answers[1]


def test_limit(api: httpx.Client) -> None:
    assert api.get("/v1/recommendations/u1", params={"limit": 3}).json() == answer("u1", 0, limit=3)
    assert api.get("/v1/recommendations/u1?limit=3&limit=2&other=1").json() == answer("u1", 0, limit=2)


@pytest.mark.parametrize(
    ("path", "where", "message"),
    [
        ("u1?limit=0", "query.limit", "Input should be greater than or equal to 1"),
        ("u1?limit=21", "query.limit", "Input should be less than or equal to 20"),
        ("u1?limit=two", "query.limit", "Input should be a valid integer, unable to parse string as an integer"),
        ("u1?limit=", "query.limit", "Input should be a valid integer, unable to parse string as an integer"),
        ("", "path.user_id", "String should have at least 1 character"),
        ("x" * 257, "path.user_id", "String should have at most 256 characters"),
    ],
)
def test_requests_that_are_not_as_described(api: httpx.Client, path: str, where: str, message: str) -> None:
    response = api.get("/v1/recommendations/" + path)

    assert response.status_code == 422
    assert response.json() == {
        "error": {
            "code": "bad_request",
            "message": "the request is not as described in /openapi.json",
            "request_id": response.headers["x-request-id"],
            "details": [{"where": where, "message": message}],
        }
    }


@pytest.mark.parametrize("user", ["nobody", FALLBACK_USER])
def test_unknown_users_get_what_is_popular(api: httpx.Client, user: str) -> None:
    response = api.get(path_of(user), params={"limit": 2})

    assert response.json() == answer(user, 99, limit=2, source="popular")


def test_batch_in_order_with_duplicates(api: httpx.Client) -> None:
    users = ["u1", "nobody", "ü%", "u1"]
    response = api.post("/v1/recommendations", json={"user_ids": users, "limit": 1})

    assert response.status_code == 200
    assert response.json() == {
        "recommendations": [
            answer("u1", 0, 1),
            answer("nobody", 99, 1, "popular"),
            answer("ü%", 2, 1),
            answer("u1", 0, 1),
        ],
        "not_found": [],
    }
    assert len(api.post("/v1/recommendations", json={"user_ids": ["u1"] * 100}).json()["recommendations"]) == 100


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"user_ids": []}', "body.user_ids"),
        (json.dumps({"user_ids": ["u"] * 101}).encode(), "body.user_ids"),
        (b'{"user_ids": [""]}', "body.user_ids.0"),
        (b'{"user_ids": ["\\ud800"]}', "body.user_ids.0"),
        (b'{"user_ids": ["u"], "limit": 21}', "body.limit"),
        (b'{"user_ids": ["u"], "extra": 1}', "body.extra"),
        (b"{", "body.1"),
        (b"", "body"),
    ],
)
def test_batches_that_are_not_as_described(api: httpx.Client, body: bytes, where: str) -> None:
    response = api.post("/v1/recommendations", content=body, headers={"content-type": "application/json"})

    assert response.status_code == 422
    assert [detail["where"] for detail in response.json()["error"]["details"]] == [where]


def test_bodies_beyond_any_valid_request(api: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(10):
            yield b" " * 100_000

    for content in (b" " * 400_001, endless()):
        response = api.post("/v1/recommendations", content=content, headers={"content-type": "application/json"})
        assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")


def test_the_longest_valid_batch_is_accepted(api: httpx.Client) -> None:
    users = ["\U0001f697" * 256] * 100
    response = api.post("/v1/recommendations", json={"user_ids": users})
    assert response.status_code == 200
    escaped = json.dumps({"user_ids": users}).encode()
    response = api.post("/v1/recommendations", content=escaped, headers={"content-type": "application/json"})
    assert response.status_code == 200


def test_other_paths_and_methods(api: httpx.Client) -> None:
    assert api.get("/nothing").json()["error"]["code"] == "not_found"
    response = api.delete("/v1/recommendations/u1")
    assert (response.status_code, response.json()["error"]["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"] == "GET"


def test_request_ids(api: httpx.Client) -> None:
    given = api.get("/v1/recommendations/u1", headers={"x-request-id": "Root-1.2_3"})
    assert given.headers["x-request-id"] == "Root-1.2_3"
    for unfit in ("two words", "x" * 65, 'a"b'):
        assert api.get("/health", headers={"x-request-id": unfit}).headers["x-request-id"] != unfit
    assert len({api.get("/health").headers["x-request-id"] for _ in range(10)}) == 10


def test_health_and_readiness(api: httpx.Client) -> None:
    assert api.get("/health").json() == {"status": "ok"}
    assert api.get("/ready").json() == {"status": "ready"}


def test_metrics_count_by_route_and_never_by_user(filled: RedisServer) -> None:
    with serving(configuration(filled.port)) as client:
        for path in ("u1", "secret-user", "u1?limit=99"):
            client.get("/v1/recommendations/" + path)
        client.post("/v1/recommendations", json={"user_ids": ["u1", "secret-user"]})
        response = client.get("/metrics")

    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = response.text
    assert "secret-user" not in text
    one, many = "/v1/recommendations/{user_id}", "/v1/recommendations"
    lines = text.splitlines()
    assert [line for line in lines if line.startswith("api_requests_total")] == [
        f'api_requests_total{{method="GET",route="{one}",status="200"}} 2',
        f'api_requests_total{{method="GET",route="{one}",status="422"}} 1',
        f'api_requests_total{{method="POST",route="{many}",status="200"}} 1',
    ]
    assert f'api_request_seconds_bucket{{route="{one}",le="+Inf"}} 3' in lines
    assert f'api_request_seconds_count{{route="{one}"}} 3' in lines
    assert [line for line in lines if line.startswith("api_answers_total")] == [
        'api_answers_total{source="model"} 2',
        'api_answers_total{source="popular"} 2',
    ]
    assert "api_redis_connected 1" in lines


def test_nothing_for_anybody(redis_server: RedisServer, database: redis.Redis) -> None:
    publish(redis_server, {"u1": lists_for(1)})
    with serving(configuration(redis_server.port)) as client:
        response = client.get("/v1/recommendations/nobody")
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "unknown_user"
        batch = client.post("/v1/recommendations", json={"user_ids": ["nobody", "u1"], "limit": 1})
        assert batch.json() == {"recommendations": [answer("u1", 1, 1)], "not_found": ["nobody"]}


def test_user_ids_are_looked_up_under_their_tokens(redis_server: RedisServer, database: redis.Redis) -> None:
    keys = token_keys("0123456789abcdef0123456789abcdef")
    publish(redis_server, {tokenise("u1", keys): lists_for(1), FALLBACK_USER: lists_for(99)})
    with serving(configuration(redis_server.port, tokenise_user_ids=True, tokens=keys)) as client:
        assert client.get(path_of("u1")).json()["source"] == "model"
        assert client.get(path_of(tokenise("u1", keys))).json()["source"] == "popular"


def test_user_ids_are_looked_up_under_their_pseudonyms(redis_server: RedisServer, database: redis.Redis) -> None:
    key = b"a key"
    publish(redis_server, {pseudonymise("u1", key): lists_for(1), FALLBACK_USER: lists_for(99)})
    with serving(configuration(redis_server.port, hash_user_ids=True, pseudonym_key=key)) as client:
        assert client.get("/v1/recommendations/u1").json() == answer("u1", 1)
        assert client.get(path_of(pseudonymise("u1", key))).json()["source"] == "popular"
        batch = client.post("/v1/recommendations", json={"user_ids": ["u1", "u2"], "limit": 1}).json()
        assert batch["recommendations"] == [answer("u1", 1, 1), answer("u2", 99, 1, "popular")]


def test_api_key(filled: RedisServer) -> None:
    with serving(configuration(filled.port, api_key=b"the key")) as client:
        for path in ("/health", "/ready", "/metrics", "/openapi.json"):
            assert client.get(path).status_code == 200
        for headers in ({}, {"X-API-Key": "the ke"}, {"X-API-Key": ""}):
            for response in (
                client.get("/v1/recommendations/u1", headers=headers),
                client.post("/v1/recommendations", headers=headers),
            ):
                assert response.status_code == 401
                assert response.json()["error"]["code"] == "bad_api_key"
                assert response.headers["www-authenticate"] == "ApiKey"
        assert client.get("/v1/recommendations/u1", headers={"X-API-Key": "the key"}).status_code == 200


def test_redis_away_and_back(capsys: pytest.CaptureFixture[str]) -> None:
    with running_redis(password="pass") as server:
        publish(server, {"u1": lists_for(1)})
        address = RedisAddress("127.0.0.1", server.port, password="pass")
        with serving(configuration(server.port, redis=address), limits=QUICK) as client:
            assert client.get("/v1/recommendations/u1").status_code == 200
            server.stop()
            for response in (
                client.get("/v1/recommendations/secret-user"),
                client.post("/v1/recommendations", json={"user_ids": ["secret-user"]}),
                client.get("/ready"),
            ):
                assert response.status_code == 503
                assert response.headers["retry-after"] == "1"
                assert response.json()["error"]["code"] == "store_unavailable"
            assert client.get("/health").status_code == 200
            server.start()
            publish(server, {"u1": lists_for(2)})
            for _ in range(200):
                if client.get("/ready").status_code == 200:
                    break
            assert client.get("/v1/recommendations/u1").json() == answer("u1", 2)
    assert "secret-user" not in capsys.readouterr().out


def test_starts_without_redis_and_recovers() -> None:
    with running_redis() as server:
        server.stop()
        with serving(configuration(server.port), limits=QUICK) as client:
            assert client.get("/ready").status_code == 503
            server.start()
            publish(server, {"u1": lists_for(1)})
            for _ in range(200):
                if client.get("/ready").status_code == 200:
                    break
            assert client.get("/v1/recommendations/u1").json() == answer("u1", 1)


@pytest.mark.parametrize(
    "stored",
    [
        {"items": '["a"'},
        {"items": '["a"]'},
        {"items": '["a"]', "scores": "[1,2]", "model_version": "m", "run_date": "2026-11-22"},
    ],
)
def test_stored_values_that_nobody_can_read(
    redis_server: RedisServer, database: redis.Redis, stored: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    database.hset("recommendations:secret-user", mapping=stored)
    with serving(configuration(redis_server.port)) as client:
        response = client.get("/v1/recommendations/secret-user")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"
    output = capsys.readouterr()
    failure = next(entry for entry in map(json.loads, output.out.splitlines()) if entry["event"] == "request failed")
    assert failure["request_id"] == response.headers["x-request-id"]
    assert failure["error"] == "StoredValueError"
    assert "secret-user" not in output.out + output.err


def test_openapi_says_what_is_answered(api: httpx.Client, filled: RedisServer) -> None:
    document = api.get("/openapi.json").json()
    models = build_models("vehicle_id", 20)

    one = document["paths"]["/v1/recommendations/{user_id}"]["get"]
    assert sorted(one["responses"]) == ["200", "401", "404", "422", "503"]
    assert {parameter["name"]: parameter["schema"] for parameter in one["parameters"]} == {
        "user_id": {"type": "string", "minLength": 1, "maxLength": 256, "title": "User Id"},
        "limit": {
            "anyOf": [{"type": "integer", "minimum": 1, "maximum": 20}, {"type": "null"}],
            "description": "At most so many items.",
            "title": "Limit",
        },
    }
    many = document["paths"]["/v1/recommendations"]["post"]
    assert sorted(many["responses"]) == ["200", "401", "413", "422", "503"]
    for operation in (one, many):
        for status, response in operation["responses"].items():
            if status != "200":
                assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
    assert sorted(document["components"]["schemas"]) == [
        "BatchRecommendations",
        "BatchRequest",
        "Error",
        "ErrorBody",
        "ErrorDetail",
        "Recommendations",
        "RecommendedItem",
        "Status",
    ]
    assert "securitySchemes" not in document["components"]

    models.recommendations.model_validate_json(api.get("/v1/recommendations/u1").content)
    models.batch.model_validate_json(api.post("/v1/recommendations", json={"user_ids": ["u1"]}).content)


def test_openapi_names_the_key_where_one_is_needed() -> None:
    document = create_app(configuration(1, api_key=b"k")).openapi()

    assert document["components"]["securitySchemes"] == {
        "APIKeyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    }
    protected = {path for path, item in document["paths"].items() if any("security" in each for each in item.values())}
    assert protected == {"/v1/recommendations", "/v1/recommendations/{user_id}"}

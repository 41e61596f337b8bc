"""The real API under uvicorn, in a thread, for tests."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from runtime.api.app import create_app
from runtime.api.configuration import ApiSettings, Configuration
from runtime.api.redis_connection import PipeLimits
from runtime.common.redis_address import RedisAddress
from runtime.common.tokens import TokenKeys
from tests.redis_server import free_port


def configuration(
    port: int,
    *,
    redis: RedisAddress | None = None,
    hash_user_ids: bool = False,
    tokenise_user_ids: bool = False,
    pseudonym_key: bytes = b"",
    tokens: TokenKeys | None = None,
    api_key: bytes = b"",
) -> Configuration:
    """A configuration for the Redis at `port` of the loopback, or at the address given."""
    settings = ApiSettings(
        title="vehicle-recommendations",
        key="recommendations:{user_id}",
        item_name="vehicle_id",
        hash_user_ids=hash_user_ids,
        tokenise_user_ids=tokenise_user_ids,
        max_items=20,
    )
    return Configuration(settings, redis or RedisAddress("127.0.0.1", port), pseudonym_key, tokens, api_key)


@contextmanager
def serving(
    settings: Configuration, *, limits: PipeLimits | None = None, use_shortcuts: bool = True
) -> Iterator[httpx.Client]:
    """A client of the service, which ends with the context."""
    app = create_app(settings, limits=limits, use_shortcuts=use_shortcuts)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(20)

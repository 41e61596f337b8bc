"""Fixtures of the runtime's tests: real servers on free ports."""

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.redis_server import RedisServer, running_redis


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis for the whole session; tests that stop or reconfigure one start their own."""
    with running_redis() as server:
        yield server


@pytest.fixture
def database(redis_server: RedisServer) -> redis.Redis:
    """A client of the session's Redis, emptied."""
    client = redis_server.client()
    client.flushall()
    return client


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Spark for the whole session, its JVM not in UTC."""
    from pyspark.sql import SparkSession

    from pipelinegen.local.java import find_java
    from runtime.glue.etl import in_utc

    os.environ.setdefault("JAVA_HOME", str(find_java().parent.parent))
    scratch = tmp_path_factory.mktemp("spark")
    java = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Duser.timezone=Europe/Berlin"
    builder = SparkSession.builder.master("local[2]").appName("tests")
    for name, value in {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"{java} -Djava.io.tmpdir={scratch} -Dderby.system.home={scratch}",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.pyspark.python": sys.executable,
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
    }.items():
        builder = builder.config(name, value)
    session = in_utc(builder.getOrCreate())
    yield session
    session.stop()

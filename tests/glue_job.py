"""Starts the ETL runtime in a test's own Spark, with secrets and S3 objects that are there for the test."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from pyspark.sql import SparkSession

from runtime.glue.etl import run


class Aws:
    """Stands for boto3.client: one set of secrets, and the objects that were put."""

    def __init__(self, secrets: Mapping[str, object]) -> None:
        self.secrets = secrets
        self.objects: dict[str, Any] = {}

    def __call__(self, service: str) -> "Aws":
        assert service in ("s3", "secretsmanager")
        return self

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        if SecretId not in self.secrets:
            raise ClientError(
                {"Error": {"Code": "ResourceNotFoundException", "Message": "no such secret"}}, "GetSecretValue"
            )
        return {"SecretString": json.dumps(self.secrets[SecretId])}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803 - boto3's names
        self.objects[f"s3://{Bucket}/{Key}"] = json.loads(Body)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, io.BytesIO]:  # noqa: N803 - boto3's names
        return {"Body": io.BytesIO(json.dumps(self.objects[f"s3://{Bucket}/{Key}"]).encode())}

    def get_paginator(self, operation: str) -> "Aws":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803 - boto3's names
        start = f"s3://{Bucket}/"
        keys = [name.removeprefix(start) for name in self.objects if name.startswith(start + Prefix)]
        return [{"Contents": [{"Key": key} for key in keys]}, {}]


def start(document: dict[str, Any], aws: Aws, spark: SparkSession, folder: Path, *more: str) -> None:
    argv = [
        "--JOB_NAME",
        "j",
        "--run_date",
        "2026-11-22",
        "--output",
        str(folder / "out"),
        "--report",
        "s3://data/r.json",
    ]
    run(document, [*argv, *more], aws, spark)


def failure(document: dict[str, Any], aws: Aws, spark: SparkSession, folder: Path, *more: str) -> str:
    with pytest.raises(SystemExit) as caught:
        start(document, aws, spark, folder, *more)
    return str(caught.value.code)


def rows(folder: Path) -> list[dict[str, Any]]:
    return list(pq.read_table(folder / "out").to_pylist())

"""Puts cleaned chunks together again."""

import boto3


def handler(event: dict, context: object) -> dict:
    """Event: `chunks`, the folder of the cleaned chunks, and in `outputs` the address `rows`."""
    s3 = boto3.client("s3")
    bucket, _, prefix = event["chunks"].removeprefix("s3://").partition("/")
    target, _, folder = event["outputs"]["rows"].removeprefix("s3://").partition("/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = sorted(item["Key"] for page in pages for item in page.get("Contents", []))
    body = b"\n".join(s3.get_object(Bucket=bucket, Key=key)["Body"].read().rstrip(b"\n") for key in keys)
    s3.put_object(Bucket=target, Key=f"{folder}part-0.csv", Body=body)
    return {"chunks": len(keys)}

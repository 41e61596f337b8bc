"""Looks whether predictions have drifted from what is usual."""

import statistics

import boto3

USUAL_MEAN, TOLERANCE = 0.5, 0.2


def handler(event: dict, context: object) -> dict:
    """Event: `predictions`, the folder with one number a line. Gives their mean, and whether it has drifted."""
    s3 = boto3.client("s3")
    bucket, _, prefix = event["predictions"].removeprefix("s3://").partition("/")
    numbers: list[float] = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            text = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode()
            numbers.extend(float(line) for line in text.split())
    mean = statistics.fmean(numbers) if numbers else USUAL_MEAN
    return {"mean": mean, "drifted": abs(mean - USUAL_MEAN) > TOLERANCE}

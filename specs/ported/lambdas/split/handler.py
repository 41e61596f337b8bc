"""Cuts a file of lines into chunks."""

import boto3

LINES = 10_000


def handler(event: dict, context: object) -> dict:
    """Event: `file`, and in `outputs` the address `chunks`. Gives the chunks' addresses and their count."""
    s3 = boto3.client("s3")
    bucket, _, key = event["file"].removeprefix("s3://").partition("/")
    target, _, prefix = event["outputs"]["chunks"].removeprefix("s3://").partition("/")
    chunks: list[dict[str, str]] = []
    lines: list[bytes] = []

    def put() -> None:
        name = f"{prefix}chunk-{len(chunks):05}.csv"
        s3.put_object(Bucket=target, Key=name, Body=b"\n".join(lines))
        chunks.append({"uri": f"s3://{target}/{name}"})
        lines.clear()

    for line in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_lines():
        lines.append(line)
        if len(lines) == LINES:
            put()
    if lines:
        put()
    return {"chunks": chunks, "count": len(chunks)}

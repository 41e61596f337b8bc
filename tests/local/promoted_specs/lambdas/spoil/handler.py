"""Puts a file beside the predictions that should not be there, if told to."""

import io

import boto3


def handler(event, context):
    bucket, _, prefix = event["predictions"][5:].partition("/")
    body = {"garbage": b"these are no predictions", "rows": None}.get(event["how"], b"")
    if body is None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        buffer = io.BytesIO()
        rows = {"user_id": ["u1", None], "item_ids": [["i1"], None], "scores": [[0.5, 0.4], None]}
        pq.write_table(pa.table(rows), buffer)
        body = buffer.getvalue()
    if body:
        boto3.client("s3").put_object(Bucket=bucket, Key=f"{prefix}part-00099.parquet", Body=body)
    return {}

"""Asks the endpoint for one user, and reads what the transform job said of all."""

import json

import boto3


def handler(event, context):
    runtime = boto3.client("sagemaker-runtime")
    items = [{"item_id": f"i{number}", "price": float(number)} for number in range(5)]
    question = json.dumps({"users": ["u1", "nobody"], "items": items, "top_k": 3})
    answer = runtime.invoke_endpoint(EndpointName=event["endpoint"], ContentType="application/json", Body=question)
    rows = json.loads(answer["Body"].read())["recommendations"]
    bucket, _, prefix = event["ranked"][5:].partition("/")
    s3 = boto3.client("s3")
    users = 0
    for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
        users += len(json.loads(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())["recommendations"])
    return {"best": [len(row["item_ids"]) for row in rows], "users": users}

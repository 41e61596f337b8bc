"""Asks an endpoint for one prediction."""

import boto3


def handler(event: dict, context: object) -> dict:
    """Event: `endpoint`, and `features` as one line of CSV. Gives the answer as text."""
    runtime = boto3.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(
        EndpointName=event["endpoint"], ContentType="text/csv", Body=event["features"].encode()
    )
    return {"prediction": answer["Body"].read().decode().strip()}

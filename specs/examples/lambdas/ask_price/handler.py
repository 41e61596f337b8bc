"""Asks the endpoint for the price of one vehicle, as its clients do."""

import json

import boto3


def handler(event: dict, context: object) -> dict:
    """Event: `endpoint`, `year`, `mileage_km`. Gives the price in EUR."""
    vehicle = {"year": event["year"], "mileage_km": event["mileage_km"]}
    answer = boto3.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=event["endpoint"], ContentType="application/json", Body=json.dumps([vehicle]).encode()
    )
    (price,) = json.loads(answer["Body"].read())
    return price

"""Counts the letters of a word, and proves that the secret can be read."""

import json
import os

import boto3


def handler(event, context):
    value = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["PARTNER"])["SecretString"]
    return {"letters": len(event["word"]), "date": event["date"], "secret": sorted(json.loads(value))}

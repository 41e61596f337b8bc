"""Loads a run's predictions from S3 into Redis; runs as a Lambda function."""

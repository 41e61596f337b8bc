"""Inference: the program behind an endpoint and behind a transform job, under SageMaker's serving contract."""

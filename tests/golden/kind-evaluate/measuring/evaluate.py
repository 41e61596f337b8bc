"""Stands for a program that writes /opt/ml/processing/output/metrics/metrics.json."""

"""Failing calls no API; the notification afterwards is the pipeline's own."""

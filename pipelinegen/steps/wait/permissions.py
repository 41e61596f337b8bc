"""Waiting calls no API."""

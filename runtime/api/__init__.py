"""Serves recommendations from Redis over HTTP."""

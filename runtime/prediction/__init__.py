"""Batch scoring: the best items of every known user, written as Parquet."""

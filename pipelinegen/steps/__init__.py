"""Step kinds: one folder each, found by `registry`."""

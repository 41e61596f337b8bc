"""The HTML report of local runs: one file without anything from elsewhere, made from the records alone."""

"""What the user writes: pydantic models of the pipeline's own keys, and the way from a file to them."""

"""What an apply would replace or destroy although it holds something: found by comparing two generated folders."""

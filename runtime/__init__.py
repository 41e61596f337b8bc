"""What runs inside AWS; knows nothing of the compiler."""

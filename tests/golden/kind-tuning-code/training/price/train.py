"""A program of the user's own."""

print("error=0.5")

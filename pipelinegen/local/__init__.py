"""The local cloud: runs the generated files on real engines, without Docker and without an AWS account."""

"""One YAML spec becomes a machine-learning pipeline on AWS, and runs on a laptop first."""

__version__ = "0.1.0"

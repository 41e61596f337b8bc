"""An offline stand-in for hashicorp/aws 6.x: the true schema for the true `terraform`, and no cloud behind it."""

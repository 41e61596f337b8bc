"""An offline stand-in for hashicorp/aws 6.x: the true schema, checked by the true `terraform`, and no cloud behind it."""

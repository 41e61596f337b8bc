"""Static checks of Step Functions state machines: all that can be known before AWS sees them."""

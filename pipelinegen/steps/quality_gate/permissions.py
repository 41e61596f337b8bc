"""A gate calls no API: it decides on numbers the state machine already holds."""

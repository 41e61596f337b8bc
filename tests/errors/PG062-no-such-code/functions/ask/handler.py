"""A function of another name than the handler of the spec."""


def handler(event: dict[str, object], context: object) -> dict[str, object]:
    """What it was given."""
    return event

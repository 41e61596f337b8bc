"""A fault of one value, before anybody knows where the value stands."""


class SpecValueError(ValueError):
    """A fact about a value, and what to do about it; `spec.load` makes a diagnostic of it.

    `path` leads from the value that was checked to the one at fault, where that is a part of it.
    """

    def __init__(self, message: str, help: str, id: str = "PG013", path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.help = help
        self.id = id
        self.path = path

"""The faults of a local run that a reader can do something about; the command line prints them without a traceback."""


class LocalCloudError(Exception):
    """A fault of the local run: `message` is the fact, `help` one action the reader can take."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class PortTakenError(LocalCloudError):
    """The port asked for is in use by another program."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is already in use", "choose another port, or 0 for any free one")
        self.port = port

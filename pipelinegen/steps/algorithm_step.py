"""What a step that trains gives its image, whichever kind it is."""

from typing import Any, Protocol

from pipelinegen.spec.conditions import Scalar
from pipelinegen.steps.algorithms import MetricSpec


def is_known(value: Scalar) -> bool:
    """Whether a value stands in the spec itself."""
    return not (isinstance(value, str) and "${" in value)


class Machines(Protocol):
    """What a step says of its machines."""

    @property
    def type(self) -> str:
        """Instance type."""

    @property
    def count(self) -> int:
        """How many."""


class Searched(Protocol):
    """Where a hyperparameter is looked for: between two numbers, or among values."""

    @property
    def from_(self) -> Any:
        """Least."""

    @property
    def to(self) -> Any:
        """Most."""

    @property
    def values(self) -> list[str] | None:
        """Or these."""


class AlgorithmStep(Protocol):
    """What a step gives its image."""

    @property
    def image(self) -> str | None:
        """The address of the image."""

    @property
    def inputs(self) -> dict[str, str]:
        """References by the name of their channel."""

    @property
    def content_type(self) -> str | None:
        """The type of all files."""

    @property
    def hyperparameters(self) -> dict[str, Scalar]:
        """Those that are set."""

    @property
    def metrics(self) -> dict[str, MetricSpec]:
        """What other steps use."""

    @property
    def instance(self) -> Machines:
        """The machines."""
